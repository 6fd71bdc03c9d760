"""Throwaway database servers, and the address of one that already runs.

    python -m tests.servers mysql -- COMMAND …
    python -m tests.servers postgresql -- COMMAND …

runs the command while a server stands, with its address in ``CAUSEWAY_TEST_MYSQL`` or
``CAUSEWAY_TEST_POSTGRESQL``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import port_for
from mirakuru import TCPExecutor
from mirakuru.exceptions import ExecutorError

MYSQL_VARIABLE = "CAUSEWAY_TEST_MYSQL"
POSTGRESQL_VARIABLE = "CAUSEWAY_TEST_POSTGRESQL"
HOST = "127.0.0.1"
# Debian keeps server programs where an ordinary user's PATH does not look.
PROGRAM_PATH = os.pathsep.join(
    [
        os.environ.get("PATH", os.defpath),
        *("/usr/sbin", "/usr/local/sbin"),
        *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)),
    ]
)

# Debian's package makes this user; a session that runs as root has the server run as it.
POSTGRESQL_USER = "postgres"

# The data is thrown away: nothing has to survive a crash.
POSTGRESQL_NOT_DURABLE = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
NOT_DURABLE = [
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=OFF",
    "--skip-log-bin",
    "--performance-schema=OFF",
]


class ServerError(Exception):
    """A server that is asked for is not there; the message says what to do."""


@dataclass(frozen=True)
class Server:
    """Where a server listens, and who may do everything on it."""

    host: str
    port: int
    user: str
    password: str

    @classmethod
    def parse(cls, address: str, variable: str = MYSQL_VARIABLE) -> Server:
        """The server of ``host:port:user:password``, the value of a variable. Raises ServerError."""
        parts = address.split(":", 3)
        if len(parts) != 4 or not parts[1].isdecimal():
            raise ServerError(
                f"{variable} is {address!r}. It must be host:port:user:password, for "
                f"example 127.0.0.1:3306:root: with an empty password."
            )
        host, port, user, password = parts
        return cls(host, int(port), user, password)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}:{self.user}:{self.password}"


@contextmanager
def mysql() -> Iterator[Server]:
    """The running server that ``CAUSEWAY_TEST_MYSQL`` names, else a throwaway MariaDB server.

    Raises ServerError where there is neither.
    """
    if address := os.environ.get(MYSQL_VARIABLE):
        server = Server.parse(address)
        require_answer(server)
        yield server
        return
    with tempfile.TemporaryDirectory(prefix="causeway-mariadb-") as name, terminable():
        folder = Path(name)
        make_mariadb_data(folder)
        with mariadb(folder) as server:
            yield server


def require_answer(server: Server) -> None:
    """Raises ServerError where the server cannot be used."""
    import MySQLdb  # the tests on SQLite do without it

    try:
        MySQLdb.connect(
            host=server.host, port=server.port, user=server.user, password=server.password
        ).close()
    except MySQLdb.Error as error:
        raise ServerError(f"Cannot use the server that {MYSQL_VARIABLE} names: {error.args[-1]}") from error


@contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    """A MariaDB server over the data in ``folder``, for as long as the block runs."""
    port = port_for.select_random()
    command = [*mariadb_command(folder, port), *NOT_DURABLE]
    with listening(command, port, folder / "log"):
        yield Server(HOST, port, "root", "")


def mariadb_command(folder: Path, port: int) -> list[str]:
    """What runs a server over the data in ``folder``, as durable as MariaDB is."""
    return [
        program("mariadbd"),
        "--no-defaults",
        f"--user={user()}",
        f"--datadir={folder / 'data'}",
        f"--tmpdir={folder}",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'pid'}",
        f"--bind-address={HOST}",
        f"--port={port}",
        "--character-set-server=utf8mb4",
    ]


@contextmanager
def listening(command: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a server, from when it listens until the block ends. Raises ServerError."""
    if setpriv := shutil.which("setpriv"):
        # Even where this process is killed and can stop nothing, the server ends with it.
        command = [setpriv, "--pdeathsig", "KILL", *command]
    with log.open("w") as output:
        executor = TCPExecutor(
            command,
            host=HOST,
            port=port,
            timeout=60,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # An orderly shutdown would write pages that are removed a moment later.
            stop_signal=signal.SIGKILL,
        )
        try:
            executor.start()
        except ExecutorError as error:
            raise ServerError(f"The server did not start: {error}\n{log.read_text()}") from error
        try:
            yield
        finally:
            executor.stop()


def make_mariadb_data(folder: Path) -> None:
    """Make a MariaDB data directory in ``folder``. Raises ServerError."""
    command = [
        program("mariadb-install-db"),
        "--no-defaults",
        f"--user={user()}",
        f"--datadir={folder / 'data'}",
        # A server that starts removes what it finds of temporary tables there, also another server's.
        f"--tmpdir={folder}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        *NOT_DURABLE,
    ]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise ServerError(f"mariadb-install-db ended with status {done.returncode}:\n{done.stdout}")


@contextmanager
def postgresql() -> Iterator[Server]:
    """The running server that ``CAUSEWAY_TEST_POSTGRESQL`` names, else a throwaway PostgreSQL server.

    Raises ServerError where there is neither.
    """
    if address := os.environ.get(POSTGRESQL_VARIABLE):
        server = Server.parse(address, POSTGRESQL_VARIABLE)
        require_postgresql_answer(server)
        yield server
        return
    with tempfile.TemporaryDirectory(prefix="causeway-postgresql-") as name, terminable():
        folder = Path(name)
        make_postgresql_data(folder)
        port = port_for.select_random()
        command = [*postgresql_command(folder, port), *POSTGRESQL_NOT_DURABLE]
        with listening(command, port, folder / "log"):
            yield Server(HOST, port, "postgres", "")


def postgresql_command(folder: Path, port: int) -> list[str]:
    """What runs a server over the data in ``folder``, as durable as PostgreSQL is."""
    return [
        *as_another_user(),
        *(program("postgres"), "-D", str(folder / "data"), "-p", str(port)),
        *("-c", f"listen_addresses={HOST}", "-c", "unix_socket_directories="),
        *("-c", "max_connections=200", "-c", "max_prepared_transactions=50"),
    ]


def require_postgresql_answer(server: Server) -> None:
    """Raises ServerError where the server cannot be used."""
    import psycopg  # the tests on other engines do without it

    try:
        psycopg.connect(
            host=server.host, port=server.port, user=server.user, password=server.password, dbname="postgres"
        ).close()
    except psycopg.Error as error:
        raise ServerError(f"Cannot use the server that {POSTGRESQL_VARIABLE} names: {error}") from error


def make_postgresql_data(folder: Path) -> None:
    """Make a PostgreSQL data directory in ``folder``. Raises ServerError."""
    another = as_another_user()
    if another:
        shutil.chown(folder, POSTGRESQL_USER)
    command = [
        *another,
        program("initdb"),
        *("--pgdata", str(folder / "data")),
        *("--username", "postgres", "--auth", "trust"),
        *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
    ]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise ServerError(f"initdb ended with status {done.returncode}:\n{done.stdout}")


def as_another_user() -> list[str]:
    """What a command begins with where it must not run as root: PostgreSQL refuses to."""
    if os.getuid() != 0:
        return []
    user = POSTGRESQL_USER
    return [program("setpriv"), "--reuid", user, "--regid", user, "--clear-groups"]


def program(name: str) -> str:
    """The path of a program of a database server. Raises ServerError."""
    if path := shutil.which(name, path=PROGRAM_PATH):
        return path
    server, packages, variable = (
        ("MariaDB", "mariadb-server-core mariadb-client-core", MYSQL_VARIABLE)
        if name.startswith("mariadb")
        else ("PostgreSQL", "postgresql", POSTGRESQL_VARIABLE)
    )
    raise ServerError(
        f"The program {name!r} is not on this machine. Install {server} (Debian: apt-get install {packages}), or "
        f"name a running server: {variable}=host:port:user:password."
    )


def user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the process the way Ctrl-C does, so that what it started is stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


# By engine: the variable that names a running server, and what gives one.
SERVERS = {"mysql": (MYSQL_VARIABLE, mysql), "postgresql": (POSTGRESQL_VARIABLE, postgresql)}


def main(arguments: list[str]) -> int:
    """Run a command while a server stands; return its exit status."""
    if len(arguments) < 3 or arguments[0] not in SERVERS or arguments[1] != "--":
        print(f"usage: python -m tests.servers {{{'|'.join(SERVERS)}}} -- COMMAND …", file=sys.stderr)
        return 2
    variable, stands = SERVERS[arguments[0]]
    try:
        with stands() as server:
            return subprocess.run(
                arguments[2:], check=False, env={**os.environ, variable: str(server)}
            ).returncode
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
