"""``demo.py`` and ``serve.py`` as they are started from the shell, and the wire on its own."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from databases import MARK, PROJECTS, DatabasesError

from tests.databases import product

NEWSROOM = Path(__file__).resolve().parent.parent


def start(program, environment, **streams):
    return subprocess.Popen(
        [sys.executable, str(NEWSROOM / program), "--db", product()],
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        text=True,
        **streams,
    )


def played(environment):
    with start("demo.py", environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        return process.communicate()[0], process.returncode


@pytest.fixture(scope="module")
def stage(make_room):
    """The newsroom of a demo that was played over the databases of an earlier one, and what it said."""
    room = make_room("stage")
    room.create_databases()
    for project in PROJECTS:
        room.rows(project, "CREATE TABLE django_migrations (left_over text)")
    text, status = played(room.environment)
    assert status == 0, text
    return room, text


def test_the_demo_tells_its_story_to_the_end(stage):
    _, text = stage
    assert text.count("Skipping wire: its tables live in the core database 'core'") == 2
    assert re.search(r"wire │ “The road with a timetable, and back”", text)
    assert re.search(r"weekly │ “The road with a timetable, and back”", text)
    assert re.search(r"""["`](core|newsroom_\w+_wire)["`]\.["`]wire_article["`] ["`]wire_article["`]""", text)
    assert "wire.Article_tags │ core     │ 3" in text
    assert "daily.Rating      │ its own  │ 4" in text
    assert "make serve" in text


@pytest.mark.parametrize("project", ["daily", "weekly"])
def test_the_children_have_no_core_tables(stage, project):
    room, _ = stage
    with pytest.raises(DatabasesError, match="wire_article"):
        room.rows(project, "SELECT 1 FROM wire_article")


@pytest.mark.parametrize("project", ["daily", "weekly"])
def test_the_system_checks_find_nothing_to_say(stage, project):
    room, _ = stage
    done = room.run_command(project, "check", "--database", "default", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr


def test_a_demo_that_cannot_be_set_up_ends_with_a_sentence(server, tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")
    text, status = played({**os.environ, "NEWSROOM_VAR": str(tmp_path / "var")})
    assert status == 1
    assert "cannot be made" in text
    assert "Traceback" not in text


def test_a_database_that_somebody_else_made_is_not_dropped(make_room):
    room = make_room("others")
    room.create_databases()
    for project in PROJECTS:
        room.rows(project, "CREATE TABLE kept (id integer)")
    unmark(room.databases)
    try:
        text, status = played(room.environment)
        assert status == 1
        assert "is not marked as the newsroom's, so it is not dropped" in text
        assert "Traceback" not in text
        for project in PROJECTS:
            assert room.rows(project, "SELECT * FROM kept") == []
    finally:
        mark(room.databases)


def unmark(databases):
    """Take the mark of what was made last."""
    match product():
        case "sqlite3":
            databases.mark.unlink()
        case "postgresql":
            databases.as_owner(f"COMMENT ON ROLE {databases.name}_weekly IS NULL")
        case _:
            databases.as_owner(f"DROP TABLE {databases.name}_weekly.{MARK}")


def mark(databases):
    match product():
        case "sqlite3":
            databases.mark.touch()
        case "postgresql":
            databases.as_owner(f"COMMENT ON ROLE {databases.name}_weekly IS '{MARK}'")
        case _:
            databases.as_owner(f"CREATE TABLE {databases.name}_weekly.{MARK} (id integer PRIMARY KEY)")


def test_serve_ends_its_sites_with_it(stage):
    room, _ = stage
    with start("serve.py", room.environment, stdout=subprocess.PIPE) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        ports = [int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)/ ", "".join(lines))]
        assert len(ports) == 3
        for port in ports:
            with urlopen(f"http://127.0.0.1:{port}/", timeout=30) as response:
                assert response.status == 200
        process.send_signal(signal.SIGINT)
        assert process.stdout.read().strip() == "The sites have ended."
    assert process.returncode == 0
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


def test_the_wire_works_where_causeway_is_not_installed(tmp_path):
    code = """
import sys
sys.modules["causeway"] = None  # importing it fails
import django
from django.conf import settings
from django.core.management import call_command
settings.configure(
    INSTALLED_APPS=["wire"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
call_command("migrate", verbosity=0)
call_command("import_articles", sys.argv[1])
from wire.models import Article
print(Article.objects.count())
"""
    (tmp_path / "one.md").write_text("# One\n\nText.\n")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=NEWSROOM / "wire",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "1"
