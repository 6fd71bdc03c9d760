"""Throwaway database servers, and the address of one that already runs.

    python -m tests.servers mysql -- COMMAND …

runs the command while a server stands, with its address in ``CAUSEWAY_TEST_MYSQL``.
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
HOST = "127.0.0.1"
# Debian keeps server programs where an ordinary user's PATH does not look.
PROGRAM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])

# The data is thrown away: nothing has to survive a crash.
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
    def parse(cls, address: str) -> Server:
        """The server of ``host:port:user:password``. Raises ServerError."""
        parts = address.split(":", 3)
        if len(parts) != 4 or not parts[1].isdecimal():
            raise ServerError(
                f"{MYSQL_VARIABLE} is {address!r}. It must be host:port:user:password, for "
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
    command = [
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
        *NOT_DURABLE,
    ]
    if setpriv := shutil.which("setpriv"):
        # Even where this process is killed and can stop nothing, the server ends with it.
        command = [setpriv, "--pdeathsig", "KILL", *command]
    log = folder / "log"
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
            raise ServerError(f"MariaDB did not start: {error}\n{log.read_text()}") from error
        try:
            yield Server(HOST, port, "root", "")
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


def program(name: str) -> str:
    """The path of a program of the MariaDB server. Raises ServerError."""
    if path := shutil.which(name, path=PROGRAM_PATH):
        return path
    raise ServerError(
        f"The program {name!r} is not on this machine. Install MariaDB (Debian: apt-get install "
        f"mariadb-server-core mariadb-client-core), or name a running server: "
        f"{MYSQL_VARIABLE}=host:port:user:password."
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


def main(arguments: list[str]) -> int:
    """Run a command while a server stands; return its exit status."""
    if len(arguments) < 3 or arguments[:2] != ["mysql", "--"]:
        print("usage: python -m tests.servers mysql -- COMMAND …", file=sys.stderr)
        return 2
    try:
        with mysql() as server:
            return subprocess.run(
                arguments[2:], check=False, env={**os.environ, MYSQL_VARIABLE: str(server)}
            ).returncode
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
