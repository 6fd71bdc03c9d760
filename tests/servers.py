"""Throwaway database servers, and the address of one that already runs.

    python -m tests.servers mysql|mariadb|postgresql -- COMMAND …

runs the command while a server stands, with its address in ``CAUSEWAY_TEST_MYSQL``,
``CAUSEWAY_TEST_MARIADB`` or ``CAUSEWAY_TEST_POSTGRESQL``.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import port_for
from mirakuru import TCPExecutor
from mirakuru.base import cleanup_subprocesses
from mirakuru.exceptions import ExecutorError

from tests import unpacked

MYSQL_VARIABLE = "CAUSEWAY_TEST_MYSQL"
MARIADB_VARIABLE = "CAUSEWAY_TEST_MARIADB"
POSTGRESQL_VARIABLE = "CAUSEWAY_TEST_POSTGRESQL"
VERSIONS_VARIABLE = "CAUSEWAY_TEST_VERSIONS"
VERSIONS = ("installed", "newest")
HOST = "127.0.0.1"
# Debian keeps server programs where an ordinary user's PATH does not look.
PROGRAM_PATH = os.pathsep.join(
    [
        os.environ.get("PATH", os.defpath),
        *("/usr/sbin", "/usr/local/sbin"),
        *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)),
    ]
)

# At the end of a process, mirakuru kills each server in whose mark that process's number can be read, and a mark is
# forty characters of digits and letters: that strikes servers of others. Those of this process end with it by themselves.
atexit.unregister(cleanup_subprocesses)

# Debian's package makes this user; a session that runs as root has the server run as it.
POSTGRESQL_USER = "postgres"


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


class Kind(ABC):
    """The servers of one product: how one is made, and the variable that names a running one."""

    name: str
    title: str
    variable: str
    # Where the program of that name may be another product's, what tells it apart.
    packages: str
    owner: str
    # The data is thrown away: nothing has to survive a crash.
    not_durable: tuple[str, ...]

    @abstractmethod
    def make_data(self, folder: Path) -> None:
        """Make a data directory in ``folder``. Raises ServerError."""

    @abstractmethod
    def command(self, folder: Path, port: int) -> list[str]:
        """What runs a server over the data in ``folder``, as durable as it is by itself. Raises ServerError."""

    @abstractmethod
    def refusal(self, server: Server) -> str | None:
        """Why the server cannot be used; None where it can."""

    @contextmanager
    def stands(self) -> Iterator[Server]:
        """The running server that the variable names, else a throwaway one. Raises ServerError."""
        if address := os.environ.get(self.variable):
            server = Server.parse(address, self.variable)
            if refusal := self.refusal(server):
                raise ServerError(f"Cannot use the server that {self.variable} names: {refusal}")
            yield server
            return
        with self.throwaway() as server:
            yield server

    @contextmanager
    def throwaway(self) -> Iterator[Server]:
        """A server over new data, for as long as the block runs. Raises ServerError."""
        with tempfile.TemporaryDirectory(prefix=f"causeway-{self.name}-") as name, terminable():
            folder, port = Path(name), port_for.select_random()
            self.make_data(folder)
            with listening([*self.command(folder, port), *self.not_durable], port, folder / "log"):
                yield Server(HOST, port, self.owner, "")

    def program(self, name: str) -> str:
        """The path of one of its programs. Raises ServerError."""
        newest = shutil.which(name, path=str(unpacked.programs_of(self.name)))
        found = newest if versions() == "newest" else self.installed(name) or newest
        if not found:
            raise ServerError(self.missing(name))
        return found

    def installed(self, name: str) -> str | None:
        return shutil.which(name, path=PROGRAM_PATH)

    def missing(self, name: str) -> str:
        newest = "the newest version of " if versions() == "newest" else ""
        return (
            f"The program {name!r} of {newest}{self.title} is not on this machine. {self.remedy()}, or name a "
            f"running server: {self.variable}=host:port:user:password."
        )

    def remedy(self) -> str:
        if versions() == "newest" or not self.packages:
            return f"Unpack it (as root, on Debian with the package debootstrap: python -m tests.unpacked {self.name})"
        return f"Install {self.title} (Debian: apt-get install {self.packages})"

    def run(self, command: list[str]) -> None:
        """Raises ServerError where the command fails."""
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode:
            raise ServerError(f"{command[0]} ended with status {done.returncode}:\n{done.stdout}")


class MySQLKind(Kind):
    """What MySQL and MariaDB share."""

    owner = "root"
    not_durable = (
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=OFF",
        "--skip-log-bin",
        "--performance-schema=OFF",
    )

    def options(self, folder: Path) -> list[str]:
        """What the one that makes the data and the server itself are told. Raises ServerError."""
        # A server that starts removes what it finds of temporary tables there, also another server's.
        return [f"--user={user()}", f"--datadir={folder / 'data'}", f"--tmpdir={folder}"]

    def listens(self, folder: Path, port: int) -> list[str]:
        return [
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            f"--bind-address={HOST}",
            f"--port={port}",
            "--character-set-server=utf8mb4",
            # What waits for a table longer than this waits for something that is never going to end.
            "--lock-wait-timeout=100",
        ]

    def refusal(self, server: Server) -> str | None:
        import MySQLdb  # the tests on other engines do without it

        login = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
        try:
            MySQLdb.connect(**login).close()
        except MySQLdb.Error as error:
            return str(error.args[-1])
        return None


class MySQL(MySQLKind):
    name = "mysql"
    title = "MySQL"
    variable = MYSQL_VARIABLE
    packages = ""

    def make_data(self, folder: Path) -> None:
        self.run([*self.server(folder), "--initialize-insecure", *self.not_durable])

    def command(self, folder: Path, port: int) -> list[str]:
        return [*self.server(folder), *self.listens(folder, port), "--mysqlx=OFF"]

    def server(self, folder: Path) -> list[str]:
        program = self.program("mysqld")
        return [program, "--no-defaults", *self.beside(program), *self.options(folder)]

    def beside(self, program: str) -> list[str]:
        """Where an unpacked server finds what came with it."""
        if Path(program).parent != unpacked.programs_of(self.name):
            return []
        usr = unpacked.folder() / self.name / "usr"
        return [
            f"--basedir={usr}",
            f"--plugin-dir={usr / 'lib/mysql/plugin'}",
            f"--lc-messages-dir={usr / 'share/mysql'}",
            f"--character-sets-dir={usr / 'share/mysql/charsets'}",
            "--secure-file-priv=NULL",
        ]

    def installed(self, name: str) -> str | None:
        # MariaDB gives its server this name as well.
        found = super().installed(name)
        return None if found and "mariadb" in Path(found).resolve().name else found


class MariaDB(MySQLKind):
    name = "mariadb"
    title = "MariaDB"
    variable = MARIADB_VARIABLE
    packages = "mariadb-server-core mariadb-client-core"

    def make_data(self, folder: Path) -> None:
        program = self.program("mariadb-install-db")
        beside = self.beside(self.program("mariadbd"))
        more = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        self.run([program, "--no-defaults", *beside, *self.options(folder), *more, *self.not_durable])

    def command(self, folder: Path, port: int) -> list[str]:
        program = self.program("mariadbd")
        beside = self.beside(program)
        return [program, "--no-defaults", *beside, *self.options(folder), *self.listens(folder, port)]

    def beside(self, program: str) -> list[str]:
        """Where an unpacked server finds what came with it."""
        is_unpacked = Path(program).parent == unpacked.programs_of(self.name)
        return [f"--basedir={unpacked.folder() / self.name / 'usr'}"] if is_unpacked else []


class PostgreSQL(Kind):
    name = "postgresql"
    title = "PostgreSQL"
    variable = POSTGRESQL_VARIABLE
    packages = "postgresql"
    owner = "postgres"
    not_durable = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")

    def make_data(self, folder: Path) -> None:
        another = as_another_user()
        if another:
            shutil.chown(folder, POSTGRESQL_USER)
        self.run(
            [
                *another,
                self.program("initdb"),
                *("--pgdata", str(folder / "data")),
                *("--username", "postgres", "--auth", "trust"),
                *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
            ]
        )

    def command(self, folder: Path, port: int) -> list[str]:
        return [
            *as_another_user(),
            *(self.program("postgres"), "-D", str(folder / "data"), "-p", str(port)),
            *("-c", f"listen_addresses={HOST}", "-c", "unix_socket_directories="),
            *("-c", "max_connections=200", "-c", "max_prepared_transactions=50"),
        ]

    def refusal(self, server: Server) -> str | None:
        import psycopg  # the tests on other engines do without it

        login = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
        try:
            psycopg.connect(**login, dbname="postgres").close()
        except psycopg.Error as error:
            return str(error)
        return None


# Engines that have servers, by their names in the tests.
SERVERS: dict[str, Kind] = {kind.name: kind for kind in (MySQL(), MariaDB(), PostgreSQL())}


@contextmanager
def pooler(server: Server, connections: int, first: str) -> Iterator[Server]:
    """PgBouncer before a PostgreSQL server: each transaction goes to one of a few connections.

    ``first`` is the SQL that each of these begins with. Raises ServerError.
    """
    program = shutil.which("pgbouncer", path=PROGRAM_PATH)
    if not program:
        raise ServerError(
            "The program 'pgbouncer' is not on this machine. Install it (Debian: apt-get install pgbouncer)."
        )
    with tempfile.TemporaryDirectory(prefix="causeway-pgbouncer-") as name, terminable():
        folder, port, another = Path(name), port_for.select_random(), as_another_user()
        if another:
            shutil.chown(folder, POSTGRESQL_USER)
        address = f"host={server.host} port={server.port} user={server.user} connect_query='{first}'"
        if server.password:
            address += f" password={server.password}"
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = {address}\n[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {port}\n"
            f"unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {connections}\n"
            "ignore_startup_parameters = options\n"
        )
        with listening([*another, program, str(settings)], port, folder / "log"):
            yield Server(HOST, port, server.user, "")


def versions() -> str:
    """Which of the versions that may be on the machine are started. Raises ServerError for another word."""
    said = os.environ.get(VERSIONS_VARIABLE) or VERSIONS[0]
    if said not in VERSIONS:
        raise ServerError(f"{VERSIONS_VARIABLE} is {said!r}. It must be one of: {', '.join(VERSIONS)}.")
    return said


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
            if not executor.running():
                print(f"The server ended by itself: {command}\n{log.read_text()}", file=sys.stderr)
            executor.stop()


def as_another_user() -> list[str]:
    """What a command begins with where it must not run as root: PostgreSQL refuses to. Raises ServerError."""
    if os.getuid() != 0:
        return []
    if not (setpriv := shutil.which("setpriv")):
        raise ServerError(
            "The program 'setpriv' is not on this machine. Install util-linux, or do not run as root."
        )
    user = POSTGRESQL_USER
    return [setpriv, "--reuid", user, "--regid", user, "--clear-groups"]


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
    if len(arguments) < 3 or arguments[0] not in SERVERS or arguments[1] != "--":
        print(f"usage: python -m tests.servers {{{'|'.join(SERVERS)}}} -- COMMAND …", file=sys.stderr)
        return 2
    kind = SERVERS[arguments[0]]
    try:
        with kind.stands() as server:
            return subprocess.run(
                arguments[2:], check=False, env={**os.environ, kind.variable: str(server)}
            ).returncode
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
