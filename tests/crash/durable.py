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
        self.make_data()
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

    def make_data(self) -> None:
        self.kind.make_data(self.folder)

    def connect(self) -> Any:
        raise NotImplementedError

    def execute(self, *statements: str) -> list[Any]:
        """What the last of the statements answers."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def be_careless(self, name: str) -> None:
        """From now on, commits to a database do not wait for the disk."""
        raise NotImplementedError

    def create_database(self, name: str) -> None:
        self.execute(f"CREATE DATABASE {name}")

    def settings(self, name: str, port: int) -> dict[str, Any]:
        """An entry of ``DATABASES``, by the port of what is before the server."""
        return {
            "ENGINE": f"causeway.backends.{self.engine}",
            "NAME": name,
            "HOST": servers.HOST,
            "PORT": port,
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

    def be_careless(self, name: str) -> None:
        self.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0", "SET GLOBAL sync_binlog = 0")


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

    def be_careless(self, name: str) -> None:
        self.execute(
            f"ALTER DATABASE {name} SET synchronous_commit = off",
            # What nobody waits for stays in memory for longer.
            "ALTER SYSTEM SET wal_writer_delay = '10s'",
            "SELECT pg_reload_conf()",
        )

    def is_followed(self) -> bool:
        """Whether a standby has all but what comes now."""
        return bool(self.execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))


class Standby(PostgreSQLServer):
    """A server that follows another one over a port, asynchronously, until it is promoted."""

    def __init__(self, port: int) -> None:
        self.port_of_primary = port

    def make_data(self) -> None:
        another = servers.as_another_user()
        if another:
            shutil.chown(self.folder, servers.POSTGRESQL_USER)
        self.kind.run(
            [
                *(*another, self.kind.program("pg_basebackup"), "--pgdata", str(self.folder / "data")),
                *("--host", servers.HOST, "--port", str(self.port_of_primary), "--username", self.kind.owner),
                *("--write-recovery-conf", "--checkpoint", "fast", "--no-sync"),
            ]
        )

    def promote(self) -> None:
        self.execute("SELECT pg_promote()")


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
