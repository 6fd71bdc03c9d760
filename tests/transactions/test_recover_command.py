"""``manage.py causeway recover`` as a process: until it is stopped, and with a core that is away."""

import signal
import time
from contextlib import closing, contextmanager

import pytest

from causeway.backends.mysql.branches import FORMAT_ID
from tests import databases
from tests.projects import TIMEOUT

pytestmark = [
    pytest.mark.staged("nothing is prepared where core is linked"),
    pytest.mark.skipif(databases.core_engine() == "sqlite3", reason="SQLite prepares nothing"),
]

RENAME = "UPDATE articles_author SET name = 'renamed'"
XID = f"'{{gid}}','core',{FORMAT_ID}"
# By engine: how a transaction comes to be prepared, and what lists those that are.
PREPARE = {
    "mysql": [f"XA START {XID}", RENAME, f"XA END {XID}", f"XA PREPARE {XID}"],
    "postgresql": [RENAME, "PREPARE TRANSACTION '{gid}.core'"],
}
PREPARED = {"mysql": "XA RECOVER", "postgresql": "SELECT gid FROM pg_prepared_xacts"}


@pytest.fixture(scope="module")
def projects(migrated_projects):
    core, child = migrated_projects
    core.rows("INSERT INTO articles_author (name) VALUES ('Ada')")
    return core, child


@pytest.fixture
def gids(projects):
    """Names of this installation; what is prepared under them ends with the test."""
    core, child = projects
    names = child.shell("""
        from causeway.transactions import decisions, installation

        print(decisions.new_gid(), decisions.new_gid())
    """).split()
    yield names
    for gid in names:
        if is_prepared(core, gid):
            child.shell(f"from django.db import connections; connections['core'].rollback_prepared({gid!r})")


def prepare(core, gid):
    """Leave what a worker leaves that dies before its child's commit: a core transaction, and no decision."""
    with closing(core.databases.connect(core.database)) as connection:
        cursor = connection.cursor()
        for statement in PREPARE[core.databases.engine]:
            cursor.execute(statement.format(gid=gid))


def decide(child, gid):
    """Leave what a worker leaves that dies after its child's commit."""
    child.rows(
        f"INSERT INTO causeway_decision (gid, is_abort, made_at, branches) VALUES ('{gid}', 1 = 0, '2026-01-01', '')"
    )


def is_prepared(core, gid):
    return any(gid in str(row) for row in core.rows(PREPARED[core.databases.engine]))


def wait_until_it_is_ended(core, gid, process):
    deadline = time.monotonic() + TIMEOUT
    while is_prepared(core, gid):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{gid} is still prepared"
        time.sleep(0.1)


@contextmanager
def hearing_ctrl_c():
    """Meanwhile, a process that is started hears Ctrl-C, also where this one runs in the background and does not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_it_recovers_until_it_is_stopped(projects, gids, number):
    core, child = projects
    before, meanwhile = gids
    prepare(core, before)
    decide(child, before)
    assert is_prepared(core, before)
    with (
        hearing_ctrl_c(),
        child.running("manage.py", "causeway", "recover", "--watch", "--interval", "0.1") as process,
    ):
        wait_until_it_is_ended(core, before, process)
        # It is told at once, not when there is more to tell.
        line = next(line for line in process.stdout if before in line)
        assert line.startswith(f"core {before} (")
        assert line.endswith(" s old): committed\n")
        decide(child, meanwhile)
        prepare(core, meanwhile)
        wait_until_it_is_ended(core, meanwhile, process)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0
    assert core.rows("SELECT name FROM articles_author") == [("renamed",)]
    assert stderr.splitlines() == ["Stopped. What is still prepared is ended when it runs again."]


def test_a_core_that_is_away_keeps_no_other_from_being_recovered(projects, gids):
    core, child = projects
    gid, _ = gids
    prepare(core, gid)
    decide(child, gid)
    with child.changed_settings("""
        DATABASES["away"] = {**DATABASES["core"], "HOST": "127.0.0.1", "PORT": "1"}
        CAUSEWAY["away"] = {**CAUSEWAY["core"], "MODELS": []}
        # A CoreManager of one core database does not say which of two it is of.
        SILENCED_SYSTEM_CHECKS = ["causeway.E010"]
    """):
        done = child.manage("causeway", "recover", status=1)
    # MySQL and MariaDB list also what others have prepared on their server.
    (line,) = (line for line in done.stdout.splitlines() if gid in line)
    assert line.startswith(f"core {gid} (")
    assert line.endswith(" s old): committed")
    assert "Cannot recover: " in done.stderr
    assert not is_prepared(core, gid)


def test_what_is_prepared_is_known_after_a_flush(projects):
    """A worker that runs has names of its installation, which flush leaves as it is."""
    _, child = projects
    worker = """
        import subprocess, sys
        from causeway.transactions import decisions, installation

        gid = decisions.new_gid()
        subprocess.run([sys.executable, "manage.py", "flush", "--noinput"], check=True, capture_output=True)
        installation.forget_key()
        print(gid.startswith(installation.prefix()))
    """
    assert child.shell(worker) == "True"


def test_a_worker_ends_itself_what_it_has_left(projects):
    """It goes on, whether it has a further transaction to make or not."""
    core, child = projects
    said = child.shell("""
        import time
        from unittest.mock import patch

        import causeway
        from django.db import OperationalError, connections

        core = connections["core"]
        with patch.object(core, "commit_prepared", side_effect=OperationalError("away")), causeway.atomic():
            Author.objects.create(name="Grace")
            Content.objects.create(title="Dams", slug="dams")
        left = len(core.prepared())
        deadline = time.monotonic() + 60
        while core.prepared() and time.monotonic() < deadline:
            time.sleep(0.1)
        print(left, len(core.prepared()))
    """)
    assert said.split()[-2:] == ["1", "0"]
    assert ("Grace",) in core.rows("SELECT name FROM articles_author")
