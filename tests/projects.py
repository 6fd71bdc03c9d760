"""Projects of their own, for tests that run commands: files in ``tmp_path``, a process each.

The core project owns the app ``articles``, which stands in a folder both projects import
from. The child project has the local app ``comments``. Neither has migrations yet, and
their databases are empty: a test says what happens, in order, and may write its own models.

    def test_child_adds_nothing(core_project, child_project):
        core_project.migrate()
        before = core_project.schema()
        child_project.migrate()
        assert core_project.schema() == before
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from pprint import pformat
from textwrap import dedent
from typing import Any

import pytest

from tests.databases import (
    Databases,
    PostgreSQLDatabases,
    SQLiteDatabases,
    placement,
    session_core_databases,
    session_databases,
)

APPS = ["django.contrib.contenttypes", "django.contrib.auth"]

MANAGE = """
    import os
    import sys

    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    execute_from_command_line(sys.argv)
"""

ARTICLES = """
    from django.db import models

    from causeway.models import CoreManager


    class Author(models.Model):
        name = models.CharField(max_length=100)


    class Article(models.Model):
        title = models.CharField(max_length=255)
        slug = models.SlugField(max_length=255, unique=True)
        author = models.ForeignKey(Author, models.CASCADE, null=True)


    class CoreContent(models.Model):
        title = models.CharField(max_length=255)
        slug = models.SlugField(max_length=255, unique=True)
        objects = models.Manager()
        contents = CoreManager()

        class Meta:
            abstract = True
            db_table = "content"
"""

# What the core project itself makes of the abstract model; children write their own.
CORE_CONTENT = """
    from articles.models import CoreContent


    class Content(CoreContent):
        pass
"""

COMMENTS = """
    from django.db import models

    from articles.models import Article, CoreContent


    class Comment(models.Model):
        article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
        text = models.TextField()


    class Content(CoreContent):
        pass
"""


class Project:
    """A Django project on disk and its database, on the engine of the session.

    ``folder`` holds ``manage.py``, ``settings.py`` and the project's own apps, ``shared``
    the apps that it shares with others. What it runs is a process of its own, in which
    warnings are errors.
    """

    def __init__(self, name: str, folder: Path, databases: Databases, short: str) -> None:
        self.name = name
        self.folder = folder / name
        self.shared = folder / "shared"
        self.databases = databases
        self.database = short
        self.shared.mkdir(parents=True, exist_ok=True)
        self.write("manage.py", MANAGE)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the project; the text's common indentation is taken off."""
        return write(self.folder / path, text)

    @contextmanager
    def changed(self, path: Path, text: str) -> Iterator[None]:
        """Meanwhile, a file of this project or of the shared apps holds another text."""
        before = path.read_text()
        write(path, text)
        try:
            yield
        finally:
            path.write_text(before)

    @contextmanager
    def changed_settings(self, text: str) -> Iterator[None]:
        """Meanwhile, ``settings.py`` ends with these lines."""
        file = self.folder / "settings.py"
        with self.changed(file, file.read_text() + dedent(text) + "\n"):
            yield

    def write_app(self, name: str, models: str, folder: Path | None = None) -> None:
        """Write an app with these models into the project, or into another folder."""
        write((folder or self.folder) / name / "__init__.py", "")
        write((folder or self.folder) / name / "models.py", models)

    def write_settings(self, **settings: Any) -> None:
        """Write ``settings.py`` anew."""
        lines = [f"{name} = {pformat(value)}" for name, value in settings.items()]
        write(self.folder / "settings.py", "\n".join(lines) + "\n")

    def add_settings(self, text: str) -> None:
        """Add lines of Python to ``settings.py``: ``CAUSEWAY["core"]["READ_ONLY"] = True``."""
        with (self.folder / "settings.py").open("a") as file:
            file.write(dedent(text) + "\n")

    def manage(self, *arguments: str, status: int = 0, input: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``manage.py``; fails unless it ends with the status. Has ``stdout`` and ``stderr``."""
        return self.python("manage.py", *arguments, status=status, input=input)

    def python(self, *arguments: str, status: int = 0, input: str = "") -> subprocess.CompletedProcess[str]:
        """Run Python in the project's folder: ``python("-m", "pytest", "--ds=settings")``."""
        with self.running(*arguments) as process:
            output = process.communicate(input, timeout=TIMEOUT)
        done = subprocess.CompletedProcess(process.args, process.returncode, *output)
        assert done.returncode == status, (
            f"{self.name}: {' '.join(arguments)} ended with status {done.returncode}, not {status}\n"
            f"{done.stdout}{done.stderr}"
        )
        return done

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Meanwhile, Python runs in the project's folder. It is waited for, and killed where the block raises."""
        with subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            except BaseException:
                # With the workers of a test runner, which would hold their databases for ever.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise

    def shell(self, code: str) -> str:
        """What the code prints, run after Django is set up and every model is imported."""
        return self.manage("shell", "--verbosity=0", "--command", dedent(code)).stdout.strip()

    def migrate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Write the migrations that the models ask for, then migrate."""
        self.manage("makemigrations", *self.own_apps())
        return self.manage("migrate", *arguments)

    def own_apps(self) -> list[str]:
        """The apps in the project's folder; a core project's are the shared ones too."""
        folders = [self.folder] if self.name != "core" else [self.folder, self.shared]
        return sorted(file.parent.name for folder in folders for file in folder.glob("*/models.py"))

    def rows(self, sql: str) -> list[tuple]:
        """What a statement finds in the project's own database, asked without Django."""
        return self.databases.rows(self.database, sql)

    def schema(self) -> dict[str, str]:
        """The tables of the project's own database: each with the statement that would make it."""
        return self.databases.schema(self.database)

    def dump(self) -> str:
        """Everything in the project's own database, as text to compare."""
        return self.databases.dump(self.database)

    def create_database(self) -> None:
        self.databases.create(self.database)

    def drop_database(self) -> None:
        self.databases.drop(self.database)

    def environment(self) -> dict[str, str]:
        """Without what this session set for itself."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CAUSEWAY_", "PYTEST_", "DJANGO_"))
        }
        return {
            **kept,
            "PYTHONPATH": str(self.shared),
            "PYTHONWARNINGS": "error",
            # A test that writes a module twice within a second must not run the first.
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text).lstrip("\n"))
    return path


numbers = count(1)

# Seconds after which a process of a project is given up.
TIMEOUT = 120


def databases_in(folder: Path, found: Databases) -> Databases:
    """Where the projects in a folder have their databases, of those of the session."""
    if found.engine == "sqlite3":
        return SQLiteDatabases(folder)
    if isinstance(found, PostgreSQLDatabases):
        return type(found)(found.server, f"{found.database}_{unique('projects')}")
    return found


@contextmanager
def core_project_in(folder: Path) -> Iterator[Project]:
    """A project that owns the app ``articles``; on Django's own backend, without causeway installed."""
    databases = databases_in(folder, session_core_databases())
    project = Project("core", folder, databases, unique("core"))
    project.write_app("articles", ARTICLES, project.shared)
    project.write_app("pages", CORE_CONTENT)
    entry = databases.settings(project.database)
    entry["ENGINE"] = entry["ENGINE"].replace("causeway", "django.db")
    project.write_settings(
        SECRET_KEY="core",
        INSTALLED_APPS=[*APPS, "articles", "pages"],
        DATABASES={"default": entry},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    project.create_database()
    try:
        yield project
    finally:
        project.drop_database()


@contextmanager
def child_project_of(core_project: Project, name: str) -> Iterator[Project]:
    """A child of the core project, beside it, with the local app ``comments``."""
    core_databases = databases = core_project.databases
    folder = core_project.folder.parent
    if placement() == "staged":
        databases = databases_in(folder, session_databases())
    project = Project(name, folder, databases, unique(name))
    project.write_app("comments", COMMENTS)
    project.write_settings(
        SECRET_KEY=name,
        INSTALLED_APPS=[*APPS, "causeway", "articles", "comments"],
        DATABASES={"default": databases.settings(project.database)},
        DATABASE_ROUTERS=["causeway.routers.CoreRouter"],
        CAUSEWAY={"core": {"MODELS": ["articles"], **core_databases.core_entry(core_project.database)}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    if placement() == "staged":
        project.add_settings(f"DATABASES['core'] = {core_databases.settings(core_project.database)!r}")
    else:
        project.add_settings(f"""
            from causeway import sibling
            DATABASES["core"] = sibling(DATABASES["default"], NAME={databases.name(core_project.database)!r})
        """)
    project.create_database()
    try:
        yield project
    finally:
        project.drop_database()


@pytest.fixture
def core_project(tmp_path: Path) -> Iterator[Project]:
    with core_project_in(tmp_path) as project:
        yield project


@pytest.fixture
def make_child_project(core_project: Project) -> Iterator[Callable[[str], Project]]:
    """Makes a child of ``core_project`` by its name."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(child_project_of(core_project, name))


@pytest.fixture
def child_project(make_child_project: Callable[[str], Project]) -> Project:
    return make_child_project("child")


@pytest.fixture(scope="module")
def module_projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Project]]:
    """A core project and its child for all tests of a module: each finds what those before it left."""
    with (
        core_project_in(tmp_path_factory.mktemp("projects")) as core,
        child_project_of(core, "child") as child,
    ):
        yield core, child


@pytest.fixture(scope="module")
def migrated_projects(module_projects: tuple[Project, Project]) -> tuple[Project, Project]:
    """``module_projects``, both migrated."""
    for project in module_projects:
        project.migrate()
    return module_projects


def unique(name: str) -> str:
    """The short name of a database that no other test has."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return f"{worker}_{next(numbers)}_{name}"
