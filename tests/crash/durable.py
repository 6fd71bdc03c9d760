"""Servers that keep what they committed when they are killed, and start again where they were."""

from __future__ import annotations

import os
import re
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
GALERA = [
    Path(folder) / "libgalera_smm.so"
    for folder in ("/usr/lib/galera", "/usr/lib64/galera-4", "/usr/lib64/galera")
]


class DurableServer:
    """A server over data of its own, always on the same port, for as long as the block runs."""

    # The name in ``ENGINE``.
    engine: str
    kind: servers.Kind
    more: tuple[str, ...] = ()
    # What it takes to be followed by a standby.
    to_be_followed: tuple[str, ...] = ()
    # Whether transactions can be prepared there.
    prepares = True
    # What ends it in order.
    stop_signal: signal.Signals
    # What ``connect`` raises where nobody answers.
    error: type[Exception]
    options: dict[str, str]

    def __init__(self, is_followed: bool = False) -> None:
        if is_followed:
            self.more = (*self.more, *self.to_be_followed)

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

    def standby(self, port: int) -> Standby:
        """A server that follows this one over a port, asynchronously, until it is promoted."""
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

    def command(self) -> list[str]:
        return [*self.kind.command(self.folder, self.port), *self.more]

    def launch(self) -> None:
        """Start it; it can be used after ``await_answer``."""
        command = self.command()
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
    to_be_followed = ("--log-bin", "--server-id=1", "--gtid-mode=ON", "--enforce-gtid-consistency=ON")
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

    def standby(self, port: int) -> Standby:
        return MySQLStandby(port)


class MariaDBServer(MySQLServer):
    kind = servers.SERVERS["mariadb"]
    to_be_followed = ("--log-bin", "--server-id=1", "--binlog-format=ROW", "--sync-binlog=1")

    def standby(self, port: int) -> Standby:
        return MariaDBStandby(port)


class GaleraServer(MariaDBServer):
    """The one node of a cluster, where nothing can be prepared."""

    prepares = False

    def __enter__(self) -> DurableServer:
        self.more = (
            *self.more,
            "--wsrep-on=ON",
            f"--wsrep-provider={galera()}",
            "--wsrep-cluster-address=gcomm://",
            f"--wsrep-node-address={servers.HOST}:{port_for.select_random()}",
            f"--wsrep-provider-options=base_host={servers.HOST};gmcast.listen_addr=tcp://{servers.HOST}:{port_for.select_random()}",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
        )
        return super().__enter__()

    def command(self) -> list[str]:
        """Starts the cluster, after a crash where it was, as its operator does of the node that was the last."""
        plain, state = super().command(), self.folder / "data" / "grastate.dat"
        if not state.exists():
            return plain
        state.write_text(state.read_text().replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"))
        return [*plain, f"--wsrep-start-position={self.recovered_position(plain)}"]

    def recovered_position(self, command: list[str]) -> str:
        done = subprocess.run(
            [*command, "--wsrep-recover"], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        found = re.findall(r"Recovered position: (\S+)", done.stdout + done.stderr)
        if not found:
            raise servers.ServerError(f"The node does not tell where it was:\n{done.stderr[-3000:]}")
        return str(found[-1])


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

    def standby(self, port: int) -> Standby:
        return PostgreSQLStandby(port)


class Standby(DurableServer):
    """A server that follows another one over a port, asynchronously, until it is promoted."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port_of_primary = port

    def has_all_of(self, primary: DurableServer) -> bool:
        """Whether it follows, and has all but what comes now."""
        raise NotImplementedError

    def promote(self) -> None:
        raise NotImplementedError


class PostgreSQLStandby(Standby, PostgreSQLServer):
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

    def has_all_of(self, primary: DurableServer) -> bool:
        return bool(primary.execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))

    def promote(self) -> None:
        self.execute("SELECT pg_promote()")


class MySQLStandby(Standby, MySQLServer):
    """One that carries out the binary log of the other from its beginning."""

    more = (*MySQLServer.more, *MySQLServer.to_be_followed, "--server-id=2")
    follow = "CHANGE REPLICATION SOURCE TO SOURCE_HOST='{host}', SOURCE_PORT={port}, SOURCE_USER='{user}', SOURCE_AUTO_POSITION=1"

    def __enter__(self) -> DurableServer:
        super().__enter__()
        said = {"host": servers.HOST, "port": self.port_of_primary, "user": self.kind.owner}
        self.execute("SET GLOBAL read_only = ON", self.follow.format(**said), "START REPLICA")
        return self

    def has_all_of(self, primary: DurableServer) -> bool:
        ((position,),) = primary.execute("SELECT @@GLOBAL.gtid_executed")
        ((has,),) = self.execute(f"SELECT GTID_SUBSET('{position}', @@GLOBAL.gtid_executed)")
        return bool(has)

    def promote(self) -> None:
        self.execute("STOP REPLICA", "RESET REPLICA ALL", "SET GLOBAL read_only = OFF")


class MariaDBStandby(MySQLStandby, MariaDBServer):
    more = (*MariaDBServer.more, *MariaDBServer.to_be_followed, "--server-id=2")
    follow = "CHANGE MASTER TO MASTER_HOST='{host}', MASTER_PORT={port}, MASTER_USER='{user}', MASTER_USE_GTID=slave_pos"

    def has_all_of(self, primary: DurableServer) -> bool:
        positions = [server.execute("SELECT @@gtid_current_pos") for server in (primary, self)]
        return positions[0] == positions[1]


def galera() -> str:
    """The library that makes a node of MariaDB. Raises ServerError."""
    found = next((path for path in GALERA if path.exists()), None)
    if found is None:
        raise servers.ServerError(
            "Galera is not on this machine. Install it (Debian: apt-get install galera-4 rsync)."
        )
    return str(found)


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


SERVERS: dict[str, type[DurableServer]] = {
    "mysql": MySQLServer,
    "mariadb": MariaDBServer,
    "galera": GaleraServer,
    "postgresql": PostgreSQLServer,
}
