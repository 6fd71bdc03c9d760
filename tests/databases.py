"""The databases that tests make for themselves, on the engines that the session runs on.

They are made, read and dropped over the engine's own driver, without Django: what a test
finds here does not depend on what it tests.
"""

from __future__ import annotations

import os
import re
import sqlite3
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.servers import SERVERS, Server

ENGINE_VARIABLE = "CAUSEWAY_TEST_ENGINE"
FOLDER_VARIABLE = "CAUSEWAY_TEST_FOLDER"
RUN_VARIABLE = "CAUSEWAY_TEST_RUN"
ENGINES = ("sqlite3", "mysql", "postgresql")
# MySQL and MariaDB are served by one backend, and have one name in `ENGINE`.
PRODUCTS = ("sqlite3", "mysql", "mariadb", "postgresql")
PLACEMENT_VARIABLE = "CAUSEWAY_TEST_PLACEMENT"
PLACEMENTS = ("linked", "staged")
CORE_ENGINE_VARIABLE = "CAUSEWAY_TEST_CORE_ENGINE"


class Databases(ABC):
    """Databases of one engine, each known by a short name."""

    # The name in ``ENGINE``.
    engine: str
    # Which of those that have this name.
    product: str

    @abstractmethod
    def name(self, short: str) -> str:
        """What ``NAME`` says of the database."""

    @abstractmethod
    def connect(self, short: str) -> Any:
        """A connection of the engine's driver."""

    @abstractmethod
    def create(self, short: str) -> None:
        """Make an empty database."""

    @abstractmethod
    def drop(self, short: str) -> None:
        """Drop the database, and the test databases made in its name."""

    @abstractmethod
    def schema(self, short: str) -> dict[str, str]:
        """The statement that would make each table, by the table's name."""

    @abstractmethod
    def dump(self, short: str) -> str:
        """Everything in the database, schema and rows, as text to compare."""

    def settings(self, short: str) -> dict[str, Any]:
        """An entry of ``DATABASES``, with our backend."""
        return {"ENGINE": f"causeway.backends.{self.engine}", "NAME": self.name(short)}

    def core_entry(self, short: str) -> dict[str, Any]:
        """What an entry of ``CAUSEWAY`` must say of the database beside its ``MODELS``."""
        return {} if placement() == "linked" else {"PLACEMENT": placement()}

    def lines_for_core(self, short: str) -> str:
        """Lines for the end of a child's ``settings.py``: its core is this database."""
        return f"DATABASES['core']['NAME'] = {self.name(short)!r}"

    def lines_for_staged_core(self, short: str) -> str:
        """Lines for the end of a child's ``settings.py``: its core, this database, is staged."""
        return "CAUSEWAY['core']['PLACEMENT'] = 'staged'"

    def full_name(self, short: str) -> str:
        """What messages call the database."""
        return self.name(short)

    def rows(self, short: str, sql: str) -> list[tuple]:
        """What a statement finds; what it writes is committed."""
        with closing(self.connect(short)) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            rows = list(cursor.fetchall()) if cursor.description else []
            connection.commit()
            return rows


class SQLiteDatabases(Databases):
    """Files of one folder."""

    engine = product = "sqlite3"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def name(self, short: str) -> str:
        return str(self.folder / f"{short}.sqlite3")

    def connect(self, short: str) -> sqlite3.Connection:
        return sqlite3.connect(self.name(short))

    def create(self, short: str) -> None:
        # An empty file is an empty database.
        Path(self.name(short)).touch()

    def drop(self, short: str) -> None:
        for file in self.folder.glob(f"*{short}*.sqlite3*"):
            file.unlink()

    def schema(self, short: str) -> dict[str, str]:
        return dict(
            self.rows(
                short, "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            )
        )

    def dump(self, short: str) -> str:
        with closing(self.connect(short)) as connection:
            return "\n".join(connection.iterdump())


class ServerDatabases(Databases):
    """Databases of a server, told apart from those of other runs by a prefix."""

    server: Server

    def __init__(self, server: Server, run: str) -> None:
        self.server = server
        self.prefix = f"causeway_{run}"

    def settings(self, short: str) -> dict[str, Any]:
        return {
            **super().settings(short),
            "HOST": self.server.host,
            "PORT": self.server.port,
            "USER": self.server.user,
            "PASSWORD": self.server.password,
        }


class MySQLDatabases(ServerDatabases):
    """Databases of one server."""

    engine = product = "mysql"

    def name(self, short: str) -> str:
        return f"{self.prefix}_{short}"

    def settings(self, short: str) -> dict[str, Any]:
        return {
            **super().settings(short),
            "OPTIONS": {"charset": "utf8mb4"},
            "TEST": {"CHARSET": "utf8mb4"},
        }

    def connect(self, short: str | None) -> Any:
        import MySQLdb  # only where this engine is tested

        return MySQLdb.connect(
            host=self.server.host,
            port=self.server.port,
            user=self.server.user,
            password=self.server.password,
            charset="utf8mb4",
            **({"database": self.name(short)} if short else {}),
        )

    def create(self, short: str) -> None:
        self.on_server(f"CREATE DATABASE `{self.name(short)}` CHARACTER SET utf8mb4")

    def drop(self, short: str) -> None:
        name = self.name(short)
        own = re.compile(rf"(test_)?{re.escape(name)}(_\w+)?")
        for (found,) in self.on_server("SHOW DATABASES"):
            if own.fullmatch(found):
                self.on_server(f"DROP DATABASE `{found}`")

    def schema(self, short: str) -> dict[str, str]:
        tables = [name for (name,) in self.rows(short, "SHOW TABLES")]
        statements = {name: self.rows(short, f"SHOW CREATE TABLE `{name}`")[0][1] for name in tables}
        # The counter moves with the rows; it is no part of the schema.
        return {name: re.sub(r" AUTO_INCREMENT=\d+", "", sql) for name, sql in statements.items()}

    def dump(self, short: str) -> str:
        lines = []
        for table, sql in sorted(self.schema(short).items()):
            lines += [sql, *sorted(map(str, self.rows(short, f"SELECT * FROM `{table}`")))]
        return "\n".join(lines)

    def on_server(self, sql: str) -> list[tuple]:
        with closing(self.connect(None)) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall())


class MariaDBDatabases(MySQLDatabases):
    product = "mariadb"


class PostgreSQLDatabases(ServerDatabases):
    """Schemas of one database, each the whole search path of a project's connection."""

    engine = product = "postgresql"

    @property
    def database(self) -> str:
        return self.prefix

    def name(self, short: str) -> str:
        return self.database

    def settings(self, short: str) -> dict[str, Any]:
        return {
            **super().settings(short),
            "OPTIONS": {"options": f"-c search_path={short}"},
        }

    def core_entry(self, short: str) -> dict[str, Any]:
        return {"SCHEMA": short}

    def lines_for_core(self, short: str) -> str:
        return f"CAUSEWAY['core']['SCHEMA'] = {short!r}"

    def lines_for_staged_core(self, short: str) -> str:
        own = {"ENGINE": self.settings(short)["ENGINE"], "OPTIONS": self.settings(short)["OPTIONS"]}
        return f"""CAUSEWAY['core'].pop('SCHEMA')
DATABASES['core'].update({own!r})
{super().lines_for_staged_core(short)}"""

    def full_name(self, short: str) -> str:
        return f"{self.database}.{short}"

    def connect(self, short: str | None, database: str | None = None) -> Any:
        import psycopg  # only where this engine is tested

        return psycopg.connect(
            host=self.server.host,
            port=self.server.port,
            user=self.server.user,
            password=self.server.password,
            dbname=database or self.database,
            options=f"-c search_path={short}" if short else "",
        )

    def create(self, short: str) -> None:
        if not self.on_server(f"SELECT 1 FROM pg_database WHERE datname = '{self.database}'"):
            self.on_server(f'CREATE DATABASE "{self.database}"')
        self.rows(short, f'CREATE SCHEMA "{short}"')

    def drop(self, short: str) -> None:
        self.rows(short, f'DROP SCHEMA IF EXISTS "{short}" CASCADE')
        schemas = "SELECT 1 FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)'"
        if self.rows(short, schemas):
            return
        own = re.compile(rf"(test_)?{re.escape(self.database)}(_\w+)?")
        for (found,) in self.on_server("SELECT datname FROM pg_database"):
            if own.fullmatch(found):
                self.on_server(f'DROP DATABASE "{found}" WITH (FORCE)')

    def schema(self, short: str) -> dict[str, str]:
        return dict(self.rows(short, TABLES))

    def dump(self, short: str) -> str:
        lines = []
        for table, description in sorted(self.schema(short).items()):
            lines += [table, description, *sorted(map(str, self.rows(short, f'SELECT * FROM "{table}"')))]
        return "\n".join(lines)

    def on_server(self, sql: str) -> list[tuple]:
        with closing(self.connect(None, "postgres")) as connection:
            connection.autocommit = True
            cursor = connection.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []


class SeparatePostgreSQLDatabases(PostgreSQLDatabases):
    """Databases of their own, none of which reaches another."""

    def name(self, short: str) -> str:
        return f"{self.database}_{short}"

    def settings(self, short: str) -> dict[str, Any]:
        return {**super().settings(short), "OPTIONS": {}}

    def core_entry(self, short: str) -> dict[str, Any]:
        return ServerDatabases.core_entry(self, short)

    def lines_for_core(self, short: str) -> str:
        return ServerDatabases.lines_for_core(self, short)

    def full_name(self, short: str) -> str:
        return self.name(short)

    def connect(self, short: str | None, database: str | None = None) -> Any:
        return super().connect(None, database or (self.name(short) if short else None))

    def create(self, short: str) -> None:
        self.on_server(f'CREATE DATABASE "{self.name(short)}"')

    def drop(self, short: str) -> None:
        own = re.compile(rf"(test_)?{re.escape(self.name(short))}(_\w+)?")
        for (found,) in self.on_server("SELECT datname FROM pg_database"):
            if own.fullmatch(found):
                self.on_server(f'DROP DATABASE "{found}" WITH (FORCE)')


# The tables of the current schema, each with its columns, constraints and indexes.
TABLES = """
    SELECT c.relname, concat_ws(E'\n',
        (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)), E'\n' ORDER BY a.attnum)
         FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        (SELECT string_agg(conname || ' ' || pg_get_constraintdef(oid), E'\n' ORDER BY conname)
         FROM pg_constraint WHERE conrelid = c.oid),
        (SELECT string_agg(pg_get_indexdef(indexrelid), E'\n' ORDER BY indexrelid)
         FROM pg_index WHERE indrelid = c.oid))
    FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
"""


def product() -> str:
    """What the child's database is on. Raises ValueError for an unknown one."""
    return chosen(ENGINE_VARIABLE, PRODUCTS)


def engine() -> str:
    """The engine of the child's database, as ``ENGINE`` has it. Raises ValueError for an unknown one."""
    return engine_of(product())


def engine_of(product: str) -> str:
    return "mysql" if product == "mariadb" else product


def placement() -> str:
    """The placement of the core tables. Raises ValueError for an unknown one."""
    return chosen(PLACEMENT_VARIABLE, PLACEMENTS)


def core_product() -> str:
    """What the core database is on, the same as the child's if none is named.

    Raises ValueError for an unknown one, and for another than the child's where it would have to be linked.
    """
    name = chosen(CORE_ENGINE_VARIABLE, (product(), *PRODUCTS))
    if placement() == "linked" and name != product():
        raise ValueError(
            f"{CORE_ENGINE_VARIABLE} is {name!r}, and the child's engine is {product()!r}. Databases of two engines "
            f"cannot be linked: set {PLACEMENT_VARIABLE}=staged."
        )
    return name


def core_engine() -> str:
    """The engine of the core database, as ``ENGINE`` has it. Raises ValueError as ``core_product()`` does."""
    return engine_of(core_product())


def chosen(variable: str, names: tuple[str, ...]) -> str:
    """The value of a variable, the first of the names where it is not set. Raises ValueError for another."""
    name = os.environ.get(variable) or names[0]
    if name not in names:
        raise ValueError(f"{variable} is {name!r}. It must be one of: {', '.join(dict.fromkeys(names))}.")
    return name


def session_databases() -> Databases:
    """The child's databases in this session, by the variables that it has set."""
    return databases_of(product())


def session_core_databases() -> Databases:
    """The core databases of this session; the same as the child's unless they are staged."""
    return databases_of(core_product())


def databases_of(product: str) -> Databases:
    run = os.environ[RUN_VARIABLE]
    if product == "sqlite3":
        return SQLiteDatabases(Path(os.environ[FOLDER_VARIABLE]))
    variable = SERVERS[product].variable
    kind = SERVER_DATABASES[product]
    if product == "postgresql" and placement() != "linked":
        kind = SeparatePostgreSQLDatabases
    return kind(Server.parse(os.environ[variable], variable), run)


# By product, those of a server; of PostgreSQL, as linked projects have them.
SERVER_DATABASES: dict[str, type[ServerDatabases]] = {
    found.product: found for found in (MySQLDatabases, MariaDBDatabases, PostgreSQLDatabases)
}
