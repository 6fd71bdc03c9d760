"""What core's change feed costs its writers, and how fast a child follows.

    python benchmarks/feed.py [--pair CORE/CHILD …] [--rows N]

Prints for each pair the processor time that a one-row INSERT and UPDATE takes without and with the triggers (of the
server's process, or of this one on SQLite), the least time of a look that finds nothing, and rows a second of a first
copy, of a round that takes over many changes, and of a comparison row by row: by the clock, and by the processor time
of the process that does it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

# tests.feed stands at the root of the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

PAIRS = ("sqlite3/sqlite3", "postgresql/postgresql", "mariadb/mariadb", "postgresql/sqlite3", "mysql/mysql")
TICKS = os.sysconf("SC_CLK_TCK")
WRITES = 3_000


def cpu_of(pids: list[int]) -> float:
    """Seconds of processor time that processes have used."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


class Costs:
    """What writing costs the process that executes it."""

    def __init__(self, session: Any, server: Any) -> None:
        self.session = session
        self.pids: list[int] = []
        if session.vendor == "postgresql":
            self.pids = [session.one("SELECT pg_backend_pid()")[0]]
        elif session.vendor == "mysql":
            self.pids = [server.process.pid]

    def used(self) -> float:
        return cpu_of(self.pids) if self.pids else process_time()

    def each(self, work: Callable[[int], None]) -> float:
        """Microseconds of a call."""
        self.session.begin()
        began = self.used()
        for number in range(WRITES):
            work(number)
        used = self.used() - began
        self.session.rollback()
        return used / WRITES * 1e6


def writing(session: Any, server: Any) -> dict[str, float]:
    costs = Costs(session, server)
    table = session.name("ledger_account")
    insert = f"INSERT INTO {table} (balance, slug) VALUES (1, %s)"
    update = f"UPDATE {table} SET balance = balance + 1 WHERE id = %s"
    return {
        "insert": min(costs.each(lambda n: session.execute(insert, [f"w-{n}"])) for _ in range(3)),
        "update": min(costs.each(lambda n: session.execute(update, [n + 1])) for _ in range(3)),
    }


def rate(rows: int, work: Callable[[], Any]) -> tuple[int, int]:
    """Rows a second by the clock, and by this process's processor time."""
    began, used = perf_counter(), process_time()
    work()
    return round(rows / (perf_counter() - began)), round(rows / max(process_time() - used, 1e-3))


def measure(rows: int, server: Any) -> dict[str, Any]:
    from django.db import connections

    from causeway.feed.install import install, own_tables, remove
    from causeway.feed.session import Session
    from causeway.mirror.state import WHOLE
    from causeway.mirror.sync import CHUNK, Syncer, following
    from causeway.transactions.connections import opened
    from tests.feed import project

    project.make_rows(rows)
    tables = own_tables()
    found: dict[str, Any] = {}
    with opened("core") as connection:
        found["with triggers"] = writing(Session(connection), server)
        remove(connections["core"], [table.name for table in tables])
        found["without"] = writing(Session(connection), server)
        install("core", tables)
    with following("core") as follower, opened("core") as connection:
        syncer = Syncer(follower)

        def copy() -> None:
            while syncer.round(CHUNK).is_copying:
                pass

        found["first copy"] = rate(rows, copy)
        assert all(each.state == WHOLE for each in follower.state.tables().values())
        looks = []
        for _ in range(300):
            began = perf_counter()
            if follower.round().is_look:
                looks.append(perf_counter() - began)
        found["idle look, ms"] = round(min(looks) * 1e3, 3)
        Session(connection).execute("UPDATE ledger_account SET balance = balance + 1 WHERE id <= 20000")
        found["apply"] = rate(min(rows, 20_000), lambda: follower.round(force=True))

        def verify() -> None:
            follower.state.start_verifying("ledger_account")
            while True:
                follower.round(verify=20_000, table="ledger_account")
                if not follower.state.tables()["ledger_account"].verified:
                    return

        found["verify"] = rate(rows, verify)
    return found


def run(core: str, child: str, rows: int) -> dict[str, Any]:
    from tests import servers
    from tests.crash.durable import SERVERS
    from tests.feed import project

    with ExitStack() as stack:
        stack.enter_context(servers.terminable())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="causeway-bench-"))
        databases, running = {}, {}
        for alias, engine in (("default", child), ("core", core)):
            if engine == "sqlite3":
                name = str(Path(folder) / f"{alias}.sqlite3")
                databases[alias] = {"ENGINE": "causeway.backends.sqlite3", "NAME": name}
            else:
                running[alias] = stack.enter_context(SERVERS[engine]())
                running[alias].create_database("ledger")
                databases[alias] = running[alias].settings("ledger")
        project.set_up(databases)
        project.make_tables()
        return measure(rows, running.get("core"))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pair", action="append")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--one", action="store_true", help="in this process")
    options = parser.parse_args(arguments)
    for pair in options.pair or PAIRS:
        if options.one:
            print(json.dumps(run(*pair.split("/"), options.rows)))
            continue
        command = [sys.executable, __file__, "--one", "--pair", pair, "--rows", str(options.rows)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        show(pair, json.loads(done.stdout.splitlines()[-1]))
    return 0


def show(pair: str, found: dict[str, Any]) -> None:
    print(pair)
    for what in ("insert", "update"):
        before, after = found["without"][what], found["with triggers"][what]
        print(f"  one-row {what}: {before:.1f} us, with triggers {after:.1f} us: {after - before:+.1f} us")
    print(f"  a look that finds nothing: {found['idle look, ms']} ms")
    for what in ("first copy", "apply", "verify"):
        wall, cpu = found[what]
        print(f"  {what}: {wall:,} rows/s, {cpu:,} by the processor")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
