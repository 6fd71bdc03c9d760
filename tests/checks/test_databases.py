"""What the checks say of the databases: from the settings alone, and under ``check --database``."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.checks.messages import hint_of, said_by

UNREACHABLE = (
    "{'ENGINE': 'causeway.backends.mysql', 'HOST': '127.0.0.1', 'PORT': 1, 'NAME': 'wire', 'USER': 'x'}"
)


@pytest.fixture
def child(migrated_projects):
    return migrated_projects[1]


# From the settings alone ------------------------------------------------------------------------


@pytest.mark.parametrize("alias", ["default", "core"])
def test_a_database_is_not_on_a_backend_of_ours(child, alias):
    engine = child.databases.engine
    said = said_by(child, f"DATABASES[{alias!r}]['ENGINE'] = 'django.db.backends.{engine}'")
    assert f"DATABASES[{alias!r}] has the ENGINE 'django.db.backends.{engine}', which is not one of" in said
    assert hint_of(said, "causeway.E006") == f"Use 'causeway.backends.{engine}'."


def test_a_core_database_has_no_settings(child):
    said = said_by(child, "DATABASES['core'] = {}")
    assert "'causeway.backends.mysql' or 'causeway.backends.postgresql' or" in hint_of(said, "causeway.E006")


@pytest.mark.mysql
@pytest.mark.parametrize(
    "change",
    [
        "DATABASES['core']['HOST'] = 'db.example.org'",
        "DATABASES['core']['PORT'] = 1",
        "DATABASES['core']['OPTIONS'] = {'host': 'db.example.org'}",
        "DATABASES['core'].update(HOST='/run/one.sock')",
        "DATABASES['default'].update(HOST='', OPTIONS={'unix_socket': '/run/one.sock'})",
    ],
)
def test_databases_of_two_servers_cannot_be_linked(child, change):
    said = said_by(child, change)
    assert "The core database 'core' cannot be linked to 'default': the two are on different servers" in said
    hint = hint_of(said, "causeway.E007")
    assert "causeway.sibling()" in hint
    assert "write 'staged' for PLACEMENT in CAUSEWAY" in hint


@pytest.mark.mysql
@pytest.mark.parametrize(
    "change",
    [
        "DATABASES['core']['USER'] = DATABASES['core']['PASSWORD'] = 'other'",
        "DATABASES['core']['PORT'] = str(DATABASES['core']['PORT'])",
        "DATABASES['core']['OPTIONS'] = {'host': DATABASES['core']['HOST']}",
        "for entry in DATABASES.values(): entry.update(HOST='/run/one.sock')",
    ],
)
def test_databases_of_one_server_can_be_linked(child, change):
    assert "no issues" in said_by(child, change, status=0)


@pytest.mark.sqlite3
def test_databases_of_two_engines_cannot_be_linked(child):
    """And no server is asked: nothing listens there."""
    said = said_by(child, f"DATABASES['core'] = {UNREACHABLE}")
    assert "The core database 'core' cannot be linked to 'default': " in said
    assert "'default' is on SQLite, 'core' on MySQL" in said
    assert "write 'staged' for PLACEMENT in CAUSEWAY" in hint_of(said, "causeway.E007")


@pytest.mark.mysql
def test_databases_of_two_engines_cannot_be_linked_either_way(child):
    said = said_by(
        child, "DATABASES['core'] = {'ENGINE': 'causeway.backends.sqlite3', 'NAME': 'wire.sqlite3'}"
    )
    assert "The core database 'core' cannot be linked to 'default': " in said
    assert "'core' on SQLite" in said


@pytest.mark.sqlite3
def test_a_private_database_in_memory_cannot_be_linked(child):
    said = said_by(child, "DATABASES['core']['NAME'] = ':memory:'")
    assert "'core' is a private in-memory database" in said


@pytest.mark.sqlite3
def test_sqlite_attaches_at_most_ten_files(child):
    more = """
        for number in range({number}):
            DATABASES[f"core{{number}}"] = sibling(DATABASES["default"], NAME=f"core{{number}}.sqlite3")
            CAUSEWAY[f"core{{number}}"] = {{}}
        SILENCED_SYSTEM_CHECKS = ["causeway.E010"]  # which of the cores ``contents`` means
    """
    said = said_by(child, more.format(number=10))
    assert "CAUSEWAY links 11 core databases, but SQLite attaches at most 10 files." in said
    assert hint_of(said, "causeway.E012")
    assert "causeway.E012" not in said_by(child, more.format(number=9), status=0)


@pytest.mark.mysql
def test_a_server_links_any_number_of_core_databases(child):
    more = """
        for number in range(10):
            DATABASES[f"core{number}"] = sibling(DATABASES["default"], NAME=f"core{number}")
            CAUSEWAY[f"core{number}"] = {}
        SILENCED_SYSTEM_CHECKS = ["causeway.E010"]
    """
    assert "causeway" not in said_by(child, more, status=0)


@pytest.mark.sqlite3
@pytest.mark.parametrize("command", ["PRAGMA journal_mode=wal;", "pragma journal_mode = 'WAL'"])
def test_wal_mode_is_warned_of(child, command):
    said = said_by(child, f"DATABASES['default']['OPTIONS'] = {{'init_command': {command!r}}}", status=0)
    assert "A transaction over 'default' and the core database 'core' is not atomic if the power goes" in said
    assert "PRAGMA journal_mode = DELETE" in hint_of(said, "causeway.W002")


@pytest.mark.mysql
def test_check_without_a_database_asks_none(child):
    """A server that is away does not matter, nor a core database that is not there."""
    away = "for entry in DATABASES.values(): entry.update(HOST='127.0.0.1', PORT=1)"
    assert "no issues" in said_by(child, away, status=0)
    assert "no issues" in said_by(child, "DATABASES['core']['NAME'] = 'nowhere'", status=0)


@pytest.mark.sqlite3
def test_check_without_a_database_opens_no_file(child):
    assert "no issues" in said_by(child, "DATABASES['core']['NAME'] = '/nowhere/core.sqlite3'", status=0)
    assert "no issues" in said_by(child, "DATABASES['default']['NAME'] = '/nowhere/child.sqlite3'", status=0)


# Under check --database -------------------------------------------------------------------------


def test_a_core_database_that_is_right_is_passed(child):
    assert "no issues" in said_by(child, "", "--database", "default", status=0)
    assert "no issues" in said_by(child, "", "--database", "default", "--database", "core", status=0)


def test_a_core_database_is_missing(child):
    nowhere = child.databases.full_name("nowhere")
    said = said_by(child, child.databases.lines_for_core("nowhere"), "--database", "default")
    assert f"The core database 'core' ({nowhere!r}) cannot be reached from 'default'" in said
    assert "migrate in the core project" in hint_of(said, "causeway.E020")
    assert not Path(nowhere).exists()


def test_migrate_tells_of_a_missing_core_database_first(child):
    with child.changed_settings(child.databases.lines_for_core("nowhere")):
        before = child.dump()
        done = child.manage("migrate", "comments", "zero", status=1)
    assert "causeway.E020" in done.stderr
    assert "Traceback" not in done.stderr
    assert child.dump() == before


def test_a_core_database_without_its_tables_is_warned_of(child):
    child.databases.create("empty")
    try:
        said = said_by(
            child,
            child.databases.lines_for_core("empty"),
            "--database",
            "default",
            status=0,
        )
    finally:
        child.databases.drop("empty")
    assert (
        "The core database 'core' lacks 2 of the core tables: 'articles_article', 'articles_author'." in said
    )
    assert hint_of(said, "causeway.W003") == "Run migrate in the core project first."


def test_causeway_is_not_installed(child):
    said = said_by(child, "INSTALLED_APPS.remove('causeway')", "--database", "default")
    assert "CAUSEWAY is set, but INSTALLED_APPS lacks 'causeway'" in said
    assert hint_of(said, "causeway.E013") == "Add 'causeway' to INSTALLED_APPS."


@pytest.mark.sqlite3
def test_a_core_file_is_no_database(child):
    file = child.write("core.txt", "Nothing but text. " * 100)
    said = said_by(child, f"DATABASES['core']['NAME'] = {str(file)!r}", "--database", "default")
    assert "cannot be reached from 'default': file is not a database" in said
    assert "causeway.E020" in said


@pytest.mark.sqlite3
def test_a_core_file_in_wal_mode_is_warned_of(migrated_projects):
    core, child = migrated_projects
    core.rows("PRAGMA journal_mode = wal")
    try:
        said = said_by(child, "", "--database", "default", status=0)
    finally:
        core.rows("PRAGMA journal_mode = delete")
    assert "the file of 'core' is in WAL mode" in said
    assert "causeway.W002" in said


def without_privileges(child):
    """``check --database default``, run by a user to whom the rights of files apply."""
    command = [sys.executable, "manage.py", "check", "--database", "default"]
    if os.geteuid() != 0:
        return command[1:]
    # For root they apply once it cannot override them.
    setpriv = shutil.which("setpriv")
    assert setpriv, "setpriv, of util-linux, is needed where root runs the tests"
    dropped = "-dac_override,-dac_read_search,-fowner"
    code = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
    return ["-c", code, setpriv, f"--bounding-set={dropped}", f"--inh-caps={dropped}", *command]


@pytest.mark.sqlite3
def test_a_core_file_that_cannot_be_written(migrated_projects):
    core, child = migrated_projects
    file = Path(core.databases.name(core.database))
    file.chmod(0o444)
    try:
        done = child.python(*without_privileges(child), status=1)
        assert f"the file {str(file)!r} cannot be written" in done.stderr
        assert "declare READ_ONLY" in hint_of(done.stderr, "causeway.E021")
        with child.changed_settings("CAUSEWAY['core']['READ_ONLY'] = True"):
            assert "no issues" in child.python(*without_privileges(child)).stdout
    finally:
        file.chmod(0o644)
