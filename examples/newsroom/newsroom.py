"""The three projects as a whole: their databases, their commands, what they start with.

``demo.py`` and ``serve.py`` use it. Each step runs in a process of its own: these are three
Django projects, and no process can be more than one of them.
"""

import argparse
import os
import secrets
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
PROJECTS = ("wire", "daily", "weekly")
EDITOR = "editor"

FEATURES = {
    "places": ["the-road-with-a-timetable", "how-to-make-an-island-again", "where-the-bridge-dives"],
    "engineering": ["the-dike-that-ended-a-sea", "a-lake-of-two-colours", "the-railroad-that-went-to-sea"],
    "history": ["three-roads-into-a-city-on-a-lake", "concrete-blocks-against-submarines"],
}


class NewsroomError(Exception):
    """A step failed; the message is a sentence for the terminal."""


class Newsroom:
    """The projects on one engine: SQLite files in ``var/``, or the databases of a MariaDB server."""

    def __init__(self, server=None):
        self.server = server
        self.var = Path(os.environ.get("NEWSROOM_VAR") or HERE / "var").absolute()
        try:
            self.var.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NewsroomError(f"The folder {self.var} cannot be made: {error.strerror}.") from error
        self.environment = {**os.environ, "NEWSROOM_VAR": str(self.var)}
        self.environment.pop("DJANGO_SETTINGS_MODULE", None)
        self.environment.pop("NEWSROOM_MYSQL", None)
        if server:
            self.environment["NEWSROOM_MYSQL"] = str(server)

    def command(self, project, *arguments):
        """The command line of a project's manage.py."""
        return [sys.executable, str(HERE / project / "manage.py"), *map(str, arguments)]

    def manage(self, project, *arguments, **environment):
        """Run a command of a project. Raises NewsroomError where it fails."""
        self.run(project, arguments, environment)

    def run(self, project, arguments, environment, **streams):
        step = f"{project}/manage.py {' '.join(map(str, arguments))}"
        console.print(f"$ {step}", style="dim", markup=False)
        done = subprocess.run(
            self.command(project, *arguments),
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            text=True,
            **streams,
        )
        if done.returncode:
            raise NewsroomError(f"The step `{step}` ended with status {done.returncode}.")
        return done.stdout

    @property
    def password(self):
        """The editor's password, made once and kept beside the databases."""
        if not self.password_file.exists():
            self.password_file.touch(mode=0o600)
            self.password_file.write_text(secrets.token_urlsafe(9))
        return self.password_file.read_text()

    @property
    def password_file(self):
        return self.var / "editor-password"

    def is_set_up(self):
        """Whether the last step was taken: the weekly has its editor."""
        try:
            if self.server:
                return bool(self.mysql(f"SELECT 1 FROM {database('weekly')}.auth_user"))
            with closing(sqlite3.connect(f"{self.file('weekly').as_uri()}?mode=ro", uri=True)) as connection:
                return bool(connection.execute("SELECT 1 FROM auth_user").fetchall())
        except (NewsroomError, sqlite3.Error):
            return False

    def create_databases(self):
        """Three empty databases; those of an earlier run are dropped."""
        if self.server:
            # The children first: their constraints hold on to the tables in core.
            for project in reversed(PROJECTS):
                self.mysql(f"DROP DATABASE IF EXISTS {database(project)}")
            for project in PROJECTS:
                self.mysql(f"CREATE DATABASE {database(project)} CHARACTER SET utf8mb4")
        else:
            for project in PROJECTS:
                for suffix in ("", "-journal", "-wal", "-shm"):
                    Path(f"{self.file(project)}{suffix}").unlink(missing_ok=True)

    def file(self, project):
        return self.var / f"{project}.sqlite3"

    def mysql(self, sql):
        """The first column of a statement's result."""
        import MySQLdb

        server = self.server
        connection = MySQLdb.connect(
            host=server.host, port=server.port, user=server.user, password=server.password
        )
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return [row[0] for row in cursor.fetchall() or ()]
        except MySQLdb.Error as error:
            raise NewsroomError(
                f"The server at {server.host}:{server.port} refused `{sql}`: {error}"
            ) from error
        finally:
            connection.close()

    def migrate(self):
        """The core project migrates its tables, the children theirs."""
        for project in PROJECTS:
            lines = self.run(project, ["migrate"], {}, stdout=subprocess.PIPE).splitlines()
            applied = [line for line in lines if line.endswith("... OK")]
            said = [line for line in lines if line.startswith("  Skipping")]
            console.print(*said, f"  {len(applied)} migrations applied.", sep="\n", markup=False)

    def fill(self):
        """The real input, and what desk, readers and editors made before the curtain rises."""
        self.manage("wire", "import_places")
        self.manage("wire", "import_articles")
        self.manage("wire", "import_articles", os.path.relpath(HERE / "articles"))
        self.manage("wire", "loaddata", "stories")
        self.manage("daily", "loaddata", "readers")
        for section, slugs in FEATURES.items():
            self.manage("weekly", "take_up", section, *slugs)
        self.manage("weekly", "loaddata", "letters", "stories")
        self.make_editors()

    def make_editors(self):
        """One account in each project: each has users of its own."""
        for project in PROJECTS:
            self.manage(project, "make_editor", EDITOR, EDITOR_PASSWORD=self.password)


def database(project):
    return f"newsroom_{project}"


@contextmanager
def newsroom(engine):
    """The newsroom on SQLite, or on MariaDB: the running server that CAUSEWAY_TEST_MYSQL names, else a throwaway."""
    if engine == "sqlite3":
        yield Newsroom()
        return
    sys.path.append(str(REPOSITORY))
    try:
        import MySQLdb  # noqa: F401  Django needs it; better missed here than in the middle

        from tests.servers import ServerError, mysql
    except ImportError as error:
        raise NewsroomError(
            f"MariaDB needs a package that is not installed: {error.name}. Run it through make, which installs it."
        ) from error
    try:
        with mysql() as server:
            yield Newsroom(server)
    except ServerError as error:
        raise NewsroomError(str(error)) from error


def engine_asked_for(description):
    """What ``--db`` says on the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--db", choices=["sqlite3", "mysql"], default="sqlite3", help="the engine of the databases"
    )
    return parser.parse_args().db
