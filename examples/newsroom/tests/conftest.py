"""A newsroom of the tests' own: three databases in a folder that goes away, and its three sites."""

import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

NEWSROOM = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(NEWSROOM), str(NEWSROOM / "tests")]

from browser import Browser  # noqa: E402
from newsroom import EDITOR, PROJECTS, Newsroom  # noqa: E402
from serve import free_ports, site, wait_until_up  # noqa: E402


class Room(Newsroom):
    """A newsroom on SQLite that a test can ask what its commands said and what its databases hold."""

    def run_command(self, project, *arguments):
        """The finished process of a command, with what it said."""
        return subprocess.run(
            self.command(project, *arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def rows(self, project, sql, *parameters):
        with closing(sqlite3.connect(self.file(project))) as connection:
            return connection.execute(sql, parameters).fetchall()

    def value(self, project, sql, *parameters):
        return self.rows(project, sql, *parameters)[0][0]


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The newsroom as the demo sets it up."""
    before = os.environ.get("NEWSROOM_VAR")
    os.environ["NEWSROOM_VAR"] = str(tmp_path_factory.mktemp("newsroom"))
    try:
        room = Room()
    finally:
        if before is None:
            del os.environ["NEWSROOM_VAR"]
        else:
            os.environ["NEWSROOM_VAR"] = before
    room.create_databases()
    room.migrate()
    room.fill()
    return room


@pytest.fixture(scope="session")
def addresses(room):
    """The address of each project's site, which is up."""
    ports = dict(zip(PROJECTS, free_ports(len(PROJECTS)), strict=True))
    with ExitStack() as stack:
        for project, port in ports.items():
            process = stack.enter_context(site(room, project, port))
            assert wait_until_up(process, port), (room.var / f"{project}.log").read_text()
        yield {project: f"http://127.0.0.1:{port}" for project, port in ports.items()}


@pytest.fixture
def reader(addresses):
    """Makes a browser of somebody who has not logged in: ``reader("daily")``."""
    return lambda project: Browser(addresses[project])


@pytest.fixture
def editor(reader, room):
    """Makes a browser in which the editor is logged in: ``editor("daily")``."""

    def log_in(project):
        browser = reader(project)
        page = browser.submit("/login/", username=EDITOR, password=room.password)
        assert f"Log out {EDITOR}" in page.text
        return browser

    return log_in
