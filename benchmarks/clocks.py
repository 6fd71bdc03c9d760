"""Two clocks: the one on the wall, and the processors' work for a project, in its process and in its server.

The first says how long somebody waits; other work on the machine disturbs it. The second says
what was done, and is disturbed little.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from projects import Unfit

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Sample(NamedTuple):
    """Seconds for one call; ``work`` is None where the server does not tell what it did."""

    wall: float
    work: float | None


class Clock:
    """Measures calls that use the connections of this process, which must be open."""

    def __init__(self) -> None:
        wrappers = connections.all()
        self.threads = [found for wrapper in wrappers if (found := server_thread(wrapper))]
        self.complete = all(wrapper.vendor == "sqlite" for wrapper in wrappers) or len(self.threads) == len(
            wrappers
        )

    def measure(self, calls: list[Callable[[], Any]]) -> Sample:
        gc.collect()
        work, wall = self.work(), perf_counter()
        for call in calls:
            call()
        wall, work = perf_counter() - wall, self.work() - work
        return Sample(wall / len(calls), work / len(calls) if self.complete else None)

    def measure_in_turn(self, calls: list[Callable[[], Any]], number: int) -> list[Sample]:
        """A sample of each call, ``number`` times one after the other: what disturbs one disturbs all.

        Each is called once before, for the first finds what another process left in the caches.
        """
        gc.collect()
        for call in calls:
            call()
        walls = [0.0] * len(calls)
        for _ in range(number):
            for position, call in enumerate(calls):
                began = perf_counter()
                call()
                walls[position] += perf_counter() - began
        return [Sample(wall / number, None) for wall in walls]

    def work(self) -> float:
        """Seconds that processors have spent on this process and on its connections' threads."""
        try:
            nanoseconds = sum(int(thread.read_text().split()[0]) for thread in self.threads)
        except OSError as error:
            raise Unfit("The server ended a connection that was measured, or ended itself.") from error
        return process_time() + nanoseconds / 1e9


# By the name of the server's program: a statement whose answer is the thread of a connection, for Linux.
THREADS = {
    "mariadbd": "SELECT tid FROM information_schema.processlist WHERE id = CONNECTION_ID()",
    "postgres": "SELECT pg_backend_pid()",
}


def server_thread(connection: BaseDatabaseWrapper) -> Path | None:
    """The file in which Linux counts the work for a connection in a server on this machine.

    MariaDB has a thread for it, PostgreSQL a process.
    """
    program = program_of(connection)
    if program is None or connection.settings_dict["HOST"] not in LOOPBACK:
        return None
    with connection.cursor() as cursor:
        cursor.execute(THREADS[program])
        thread = Path("/proc") / str(cursor.fetchone()[0])
    try:
        # A server in a container has numbers of its own.
        found = (thread / "comm").read_text().strip() in {program, "mysqld"}
    except OSError:
        return None
    return thread / "schedstat" if found else None


def program_of(connection: BaseDatabaseWrapper) -> str | None:
    if connection.vendor == "mysql":
        return "mariadbd" if connection.mysql_is_mariadb else None
    return {"postgresql": "postgres"}.get(connection.vendor)
