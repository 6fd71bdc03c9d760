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

    def work(self) -> float:
        """Seconds that processors have spent on this process and on its connections' threads."""
        nanoseconds = sum(int(thread.read_text().split()[0]) for thread in self.threads)
        return process_time() + nanoseconds / 1e9


def server_thread(connection: BaseDatabaseWrapper) -> Path | None:
    """The file in which Linux counts the work of a connection's thread in a MariaDB server on this machine."""
    if connection.vendor != "mysql" or not connection.mysql_is_mariadb:
        return None
    if connection.settings_dict["HOST"] not in LOOPBACK:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT tid FROM information_schema.processlist WHERE id = CONNECTION_ID()")
        thread = Path("/proc") / str(cursor.fetchone()[0])
    try:
        # A server in a container has numbers of its own.
        found = (thread / "comm").read_text().strip() in {"mariadbd", "mysqld"}
    except OSError:
        return None
    return thread / "schedstat" if found else None
