"""The databases of the three projects, made and looked into over the engine's own driver."""

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

PROJECTS = ("wire", "daily", "weekly")
ENGINES = ("sqlite3", "mysql", "mariadb", "postgresql")


# By what a database, a role or a folder of files is known to be the newsroom's.
MARK = "newsroom_mark"


class DatabasesError(Exception):
    """The engine refused something; the message is a sentence for the terminal."""


def not_ours(what, variable):
    return DatabasesError(
        f"{what} is not marked as the newsroom's, so it is not dropped: somebody else may have made it. Give the newsroom "
        f"another place, by the variable {variable}, or remove it yourself."
    )


class Files:
    """SQLite files in a folder."""

    title = "Three databases"

    def __init__(self, folder):
        self.folder = folder
        self.environment = {}

    def create(self):
        """Three empty databases; those of an earlier run are removed."""
        self.drop()
        self.mark.touch()
        for project in PROJECTS:
            self.file(project).touch()

    def drop(self):
        """Remove the files. Raises DatabasesError where somebody else made one."""
        for project in PROJECTS:
            if self.file(project).exists() and not self.mark.exists():
                raise not_ours(f"The file {self.file(project)}", "NEWSROOM_VAR")
        for project in PROJECTS:
            for suffix in ("", "-journal", "-wal", "-shm"):
                Path(f"{self.file(project)}{suffix}").unlink(missing_ok=True)

    def file(self, project):
        return self.folder / f"{project}.sqlite3"

    @property
    def mark(self):
        return self.folder / MARK

    def rows(self, project, sql, *parameters):
        """What a statement finds, sent as the project sends its own; ``?`` stands for a parameter."""
        try:
            with closing(sqlite3.connect(f"{self.file(project).as_uri()}?mode=rw", uri=True)) as connection:
                rows = connection.execute(sql, parameters).fetchall()
                connection.commit()
                return rows
        except sqlite3.Error as error:
            raise DatabasesError(f"The file {self.file(project)} refused `{sql}`: {error}") from error


class Server:
    """The databases of a server. What is made there has ``name`` for its name, or begins with it.

    ``owner`` says where the server is, and who may do everything there.
    """

    def __init__(self, owner, name):
        self.owner = owner
        self.name = name

    def rows(self, project, sql, *parameters):
        """What a statement finds, sent as the project sends its own; ``?`` stands for a parameter."""
        return self.execute(self.login(project), sql.replace("?", "%s"), parameters)

    def execute(self, login, sql, parameters=()):
        address = {"host": self.owner.host, "port": self.owner.port}
        try:
            with closing(self.driver.connect(**address, **login, autocommit=True)) as connection:
                cursor = connection.cursor()
                cursor.execute(sql, parameters or None)
                return list(cursor.fetchall()) if cursor.description else []
        except self.driver.Error as error:
            where = f"{self.owner.host}:{self.owner.port}"
            raise DatabasesError(f"The server at {where} refused `{sql}`: {error}") from error


class MySQL(Server):
    """Three databases of a MySQL or MariaDB server, and one user for all."""

    title = "Three databases"

    @property
    def driver(self):
        import MySQLdb

        return MySQLdb

    @property
    def environment(self):
        owner = self.owner
        address = f"{owner.host}:{owner.port}:{self.name}:{owner.user}:{owner.password}"
        return {"NEWSROOM_MYSQL": address}

    def create(self):
        """Three empty databases; those of an earlier run are dropped."""
        self.drop()
        for project in PROJECTS:
            self.as_owner(f"CREATE DATABASE {self.name}_{project} CHARACTER SET utf8mb4")
            self.as_owner(f"CREATE TABLE {self.name}_{project}.{MARK} (id integer PRIMARY KEY)")

    def drop(self):
        """Drop the databases. Raises DatabasesError where somebody else made one."""
        sql = (
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name = %s AND NOT EXISTS "
            "(SELECT 1 FROM information_schema.tables WHERE table_schema = schema_name AND table_name = %s)"
        )
        for project in PROJECTS:
            for (name,) in self.as_owner(sql, (f"{self.name}_{project}", MARK)):
                raise not_ours(f"The database {name!r}", "NEWSROOM_NAME")
        # The children first: their constraints hold on to the tables in core.
        for project in reversed(PROJECTS):
            self.as_owner(f"DROP DATABASE IF EXISTS {self.name}_{project}")

    def as_owner(self, sql, parameters=()):
        return self.execute({"user": self.owner.user, "password": self.owner.password}, sql, parameters)

    def login(self, project):
        return {
            "user": self.owner.user,
            "password": self.owner.password,
            "database": f"{self.name}_{project}",
            "charset": "utf8mb4",
        }


class PostgreSQL(Server):
    """One database of a PostgreSQL server, where each project has a schema and a role of its own."""

    title = "One database with three schemas"
    schemas = {"wire": "core", "daily": "daily", "weekly": "weekly"}

    def __init__(self, owner, name, password_file):
        super().__init__(owner, name)
        self.password_file = password_file

    @property
    def driver(self):
        import psycopg

        return psycopg

    @property
    def environment(self):
        address = f"{self.owner.host}:{self.owner.port}:{self.name}:{self.password}"
        return {"NEWSROOM_POSTGRESQL": address}

    @property
    def password(self):
        """The roles' password."""
        return kept_password(self.password_file)

    def create(self):
        """An empty database with three schemas and their roles; that of an earlier run is dropped."""
        self.drop()
        for project in PROJECTS:
            self.as_owner(f"CREATE ROLE {self.name}_{project} LOGIN PASSWORD '{self.password}'")
            self.as_owner(f"COMMENT ON ROLE {self.name}_{project} IS '{MARK}'")
        self.as_owner(f"CREATE DATABASE {self.name} TEMPLATE template0 ENCODING 'UTF8'")
        self.as_owner(f"COMMENT ON DATABASE {self.name} IS '{MARK}'")
        for project, schema in self.schemas.items():
            role = f"{self.name}_{project}"
            self.as_owner(f"CREATE SCHEMA {schema} AUTHORIZATION {role}", self.name)
            self.as_owner(f"ALTER ROLE {role} SET search_path = {schema}")
        self.let_children_use_core()

    def drop(self):
        """Drop the database and the roles. Raises DatabasesError where somebody else made one."""
        sql = """
            SELECT 'The database ' || datname FROM pg_database
            WHERE datname = %s AND shobj_description(oid, 'pg_database') IS DISTINCT FROM %s
            UNION ALL SELECT 'The role ' || rolname FROM pg_roles
            WHERE rolname = ANY(%s) AND shobj_description(oid, 'pg_authid') IS DISTINCT FROM %s
        """
        roles = [f"{self.name}_{project}" for project in PROJECTS]
        for (what,) in self.as_owner(sql, parameters=(self.name, MARK, roles, MARK)):
            raise not_ours(what, "NEWSROOM_NAME")
        self.as_owner(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        for project in PROJECTS:
            self.as_owner(f"DROP ROLE IF EXISTS {self.name}_{project}")

    def let_children_use_core(self):
        """The rights that the system checks ask for, on the tables that the wire is going to make."""
        children = f"{self.name}_daily, {self.name}_weekly"
        from_now_on = f"ALTER DEFAULT PRIVILEGES FOR ROLE {self.name}_wire IN SCHEMA core GRANT"
        for statement in (
            f"GRANT USAGE ON SCHEMA core TO {children}",
            f"{from_now_on} SELECT, INSERT, UPDATE, DELETE, REFERENCES ON TABLES TO {children}",
            f"{from_now_on} USAGE, SELECT, UPDATE ON SEQUENCES TO {children}",
        ):
            self.as_owner(statement, self.name)

    def as_owner(self, sql, database="postgres", parameters=()):
        login = {"user": self.owner.user, "password": self.owner.password, "dbname": database}
        return self.execute(login, sql, parameters)

    def login(self, project):
        return {"user": f"{self.name}_{project}", "password": self.password, "dbname": self.name}


def kept_password(file):
    """A password that is made once and kept in a file."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(9))
    return file.read_text()
