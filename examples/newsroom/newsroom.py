"""The three projects as a whole: their databases, their commands, what they start with.

``demo.py`` and ``serve.py`` use it. Each step runs in a process of its own: these are three
Django projects, and no process can be more than one of them.
"""

import argparse
import importlib
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from databases import (
    ENGINES,
    PROJECTS,
    DatabasesError,
    Files,
    MySQL,
    PostgreSQL,
    kept_password,
)
from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
DRIVERS = {"mysql": "MySQLdb", "mariadb": "MySQLdb", "postgresql": "psycopg"}
EDITOR = "editor"

FEATURES = {
    "places": ["the-road-with-a-timetable", "how-to-make-an-island-again", "where-the-bridge-dives"],
    "engineering": ["the-dike-that-ended-a-sea", "a-lake-of-two-colours", "the-railroad-that-went-to-sea"],
    "history": ["three-roads-into-a-city-on-a-lake", "concrete-blocks-against-submarines"],
}


class NewsroomError(Exception):
    """A step failed; the message is a sentence for the terminal."""


class Newsroom:
    """The projects on one engine: ``server`` says where that of ``engine`` is, where it has one."""

    def __init__(self, engine="sqlite3", server=None):
        self.var = Path(os.environ.get("NEWSROOM_VAR") or HERE / "var").absolute()
        try:
            self.var.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NewsroomError(f"The folder {self.var} cannot be made: {error.strerror}.") from error
        # Another name lets a second newsroom stand on the same server.
        name = os.environ.get("NEWSROOM_NAME", "causeway_newsroom")
        if engine == "sqlite3":
            self.databases = Files(self.var)
        elif engine == "postgresql":
            self.databases = PostgreSQL(server, name, self.var / "role-password")
        else:
            self.databases = MySQL(server, name)
        others = {"DJANGO_SETTINGS_MODULE", "NEWSROOM_MYSQL", "NEWSROOM_POSTGRESQL"}
        kept = {name: value for name, value in os.environ.items() if name not in others}
        self.environment = {**kept, "NEWSROOM_VAR": str(self.var), **self.databases.environment}

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
        return kept_password(self.password_file)

    @property
    def password_file(self):
        return self.var / "editor-password"

    def is_set_up(self):
        """Whether the last step was taken: the weekly has its editor."""
        try:
            return bool(self.databases.rows("weekly", "SELECT 1 FROM auth_user"))
        except DatabasesError:
            return False

    def create_databases(self):
        """Empty databases; those of an earlier run are dropped."""
        try:
            self.databases.create()
        except DatabasesError as error:
            raise NewsroomError(str(error)) from error

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


@contextmanager
def newsroom(engine):
    """The newsroom on SQLite, or on a server: the running one that a variable names, else a throwaway."""
    if engine == "sqlite3":
        yield Newsroom()
        return
    sys.path.append(str(REPOSITORY))
    try:
        # Django needs it; better missed here than in the middle.
        importlib.import_module(DRIVERS[engine])
        from tests.servers import SERVERS, ServerError
    except ImportError as error:
        raise NewsroomError(
            f"The engine {engine!r} needs a package that is not installed: {error.name}. Run it through make, "
            f"which installs it."
        ) from error
    try:
        with SERVERS[engine].stands() as server:
            yield Newsroom(engine, server)
    except ServerError as error:
        raise NewsroomError(str(error)) from error


def engine_asked_for(description):
    """What ``--db`` says on the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--db", choices=ENGINES, default="sqlite3", help="the engine of the databases")
    return parser.parse_args().db
