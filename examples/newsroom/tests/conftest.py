"""A newsroom of the tests' own, with databases that go away, and its three sites.

It is on the engine that ``CAUSEWAY_TEST_ENGINE`` names, on SQLite without that variable.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

NEWSROOM = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(NEWSROOM), str(NEWSROOM / "tests")]
sys.path.append(str(NEWSROOM.parent.parent))

from browser import Browser  # noqa: E402
from databases import PROJECTS  # noqa: E402
from newsroom import EDITOR, Newsroom  # noqa: E402
from serve import free_ports, site, wait_until_up  # noqa: E402

from tests.databases import product  # noqa: E402
from tests.servers import SERVERS  # noqa: E402


class Room(Newsroom):
    """A newsroom that a test can ask what its commands said and what its databases hold."""

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
        return self.databases.rows(project, sql, *parameters)

    def value(self, project, sql, *parameters):
        return self.rows(project, sql, *parameters)[0][0]


@pytest.fixture(scope="session")
def server():
    """The server of the engine, where it has one; programs that a test starts find it too."""
    if product() not in SERVERS:
        yield None
        return
    kind = SERVERS[product()]
    with kind.stands() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(kind.variable, str(server))
        yield server


@pytest.fixture(scope="session")
def make_room(server, tmp_path_factory):
    """Makes a newsroom whose folder and databases no other has: ``make_room("stage")``."""
    with ExitStack() as stack:

        def make(name):
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("NEWSROOM_VAR", str(tmp_path_factory.mktemp(name)))
                patch.setenv("NEWSROOM_NAME", f"newsroom_{name}_{os.getpid()}")
                room = Room(product(), server)
            stack.callback(room.databases.drop)
            return room

        yield make


@pytest.fixture(scope="session")
def room(make_room):
    """The newsroom as the demo sets it up."""
    room = make_room("room")
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
