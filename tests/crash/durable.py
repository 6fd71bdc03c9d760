"""Servers that keep what they committed when they are killed, and start again where they were."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import MySQLdb
import port_for
import psycopg

from tests import servers

START_SECONDS = 60
POLL_SECONDS = 0.03


class DurableServer:
    """A server over data of its own, always on the same port, for as long as the block runs."""

    # The name in ``ENGINE``.
    engine: str
    kind: servers.Kind
    more: tuple[str, ...] = ()
    # What ends it in order.
    stop_signal: signal.Signals
    # What ``connect`` raises where nobody answers.
    error: type[Exception]
    options: dict[str, str]

    def __enter__(self) -> DurableServer:
        self.folder_of_its_own = tempfile.TemporaryDirectory(prefix=f"causeway-crash-{self.kind.name}-")
        self.folder = Path(self.folder_of_its_own.name)
        self.port = port_for.select_random()
        self.kind.make_data(self.folder)
        self.launch()
        self.await_answer()
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
        self.folder_of_its_own.cleanup()

    def connect(self) -> Any:
        raise NotImplementedError

    def create_database(self, name: str) -> None:
        with closing(self.connect()) as connection:
            connection.cursor().execute(f"CREATE DATABASE {name}")

    def settings(self, name: str) -> dict[str, Any]:
        """An entry of ``DATABASES``."""
        return {
            "ENGINE": f"causeway.backends.{self.engine}",
            "NAME": name,
            "HOST": servers.HOST,
            "PORT": self.port,
            "USER": self.kind.owner,
            "OPTIONS": self.options,
        }

    def launch(self) -> None:
        """Start it; it can be used after ``await_answer``."""
        command = [*self.kind.command(self.folder, self.port), *self.more]
        if setpriv := shutil.which("setpriv"):
            # Even where this process is killed and can stop nothing, the server ends with it.
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with (self.folder / "log").open("ab") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def await_answer(self) -> None:
        """Raises ServerError where it does not answer in time."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return
            except self.error as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / "log").read_text(errors="replace")[-3000:]
                    raise servers.ServerError(f"The server does not answer: {error}\n{log}") from error
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """Kill all its processes, so that none can tell another, or a client, of it."""
        # Stopped, it makes no further one.
        self.process.send_signal(signal.SIGSTOP)
        pids = children(self.process.pid)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        # PostgreSQL does not start while one of them has the memory that they shared.
        while any(map(is_running, pids)):
            time.sleep(POLL_SECONDS)


class MySQLServer(DurableServer):
    engine = "mysql"
    kind = servers.SERVERS["mysql"]
    stop_signal = signal.SIGTERM
    error = MySQLdb.OperationalError
    # What waits for the lock of a transaction that waits to be recovered gives up soon.
    options = {"charset": "utf8mb4", "init_command": "SET innodb_lock_wait_timeout = 1"}
    more = (
        "--innodb-flush-log-at-trx-commit=1",
        "--innodb-buffer-pool-size=32M",
        "--performance-schema=OFF",
        *os.environ.get("CAUSEWAY_CRASH_MYSQL", "").split(),
    )

    def connect(self) -> Any:
        return MySQLdb.connect(host=servers.HOST, port=self.port, user=self.kind.owner)


class MariaDBServer(MySQLServer):
    kind = servers.SERVERS["mariadb"]


class PostgreSQLServer(DurableServer):
    engine = "postgresql"
    kind = servers.SERVERS["postgresql"]
    # Without waiting for those who are connected.
    stop_signal = signal.SIGINT
    error = psycopg.OperationalError
    options = {"options": "-c lock_timeout=1s"}

    def connect(self) -> Any:
        login = {"host": servers.HOST, "port": self.port, "user": self.kind.owner}
        return psycopg.connect(**login, dbname="postgres", autocommit=True)


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


SERVERS = {found.kind.name: found for found in (MySQLServer, MariaDBServer, PostgreSQLServer)}
