"""The stress of one pair of engines: prints a line of JSON.

python -m tests.feed.pair CORE CHILD --seed N [--seconds N] [--kills N] [--fault NAME]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import servers
from tests.crash.durable import SERVERS, DurableServer
from tests.crash.processes import Ended, Fork, Hangs, call
from tests.feed import project

FORK = multiprocessing.get_context("fork")
START_AGAIN_SECONDS = 60


class Stress:
    """The processes of one run."""

    def __init__(self, options: Any, running: dict[str, DurableServer]) -> None:
        self.options = options
        self.servers = running
        self.chance = random.Random(options.seed)
        self.stop_writers, self.stop_syncers, self.stop_checkers = (FORK.Event() for _ in range(3))
        self.kills: dict[str, int] = {}
        self.syncers: list[Fork] = []

    def start_syncer(self) -> None:
        from tests.feed.syncing import keep_syncing

        self.syncers.append(Fork(keep_syncing, self.options.chunk, self.options.fault, self.stop_syncers))

    def run(self) -> dict[str, Any]:
        from tests.feed.checking import differences, keep_checking
        from tests.feed.writing import keep_writing

        options = self.options
        writers = [
            Fork(keep_writing, number, options.seed, self.stop_writers) for number in range(options.writers)
        ]
        checkers = [Fork(keep_checking, options.extra, self.stop_checkers) for _ in range(options.checkers)]
        for _ in range(options.syncers):
            self.start_syncer()
        self.disturb()
        self.stop_writers.set()
        committed = sum(self.received(writer, 0) for writer in writers)
        # What waits for the log of a transaction that a killed server left is there after it.
        time.sleep(1)
        self.stop_checkers.set()
        looks = [self.received(checker, ({}, ["a checker hangs"])) for checker in checkers]
        self.stop_syncers.set()
        hanging = [syncer for syncer in self.syncers if self.received(syncer, None) is None]
        try:
            differing = call(differences)
        except (Ended, Hangs):
            differing = ["the comparison failed, see its traceback"]
        return {
            "committed": committed,
            "checks": sum(counts.get("checks", 0) for counts, _ in looks),
            "not whole": sum(counts.get("not whole", 0) for counts, _ in looks),
            "violations": sum(counts.get("violations", 0) for counts, _ in looks),
            "found": [each for _, found in looks for each in found][:10],
            "differing": differing + ["a syncer hangs"] * len(hanging),
            "kills": self.kills,
        }

    @staticmethod
    def received(fork: Fork, otherwise: Any) -> Any:
        try:
            return fork.receive()
        except (Ended, Hangs):
            return otherwise

    def disturb(self) -> None:
        """Kill, now and then, for as long as it lasts."""
        ends = time.monotonic() + self.options.seconds
        pause = self.options.seconds / (self.options.kills + 1)
        while (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, pause * self.chance.uniform(0.6, 1.2)))
            if time.monotonic() < ends and sum(self.kills.values()) < self.options.kills:
                self.kill()

    def kill(self) -> None:
        victims = ["syncer"] * 4 + [alias for alias in ("core", "default") if alias in self.servers]
        victim = self.chance.choice(victims)
        self.kills[victim] = self.kills.get(victim, 0) + 1
        if victim == "syncer":
            syncer = self.syncers.pop(self.chance.randrange(len(self.syncers)))
            syncer.kill()
            self.start_syncer()
            return
        server = self.servers[victim]
        server.kill()
        server.launch()
        server.await_answer()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("core")
    parser.add_argument("child")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--syncers", type=int, default=2)
    parser.add_argument("--checkers", type=int, default=1)
    parser.add_argument("--extra", type=int, default=0, help="further accounts, for the first copy")
    parser.add_argument("--chunk", type=int, default=100)
    parser.add_argument("--fault")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        stack.enter_context(servers.terminable())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="causeway-feed-")))
        running: dict[str, DurableServer] = {}
        databases = {}
        for alias, engine in (("default", options.child), ("core", options.core)):
            if engine == "sqlite3":
                databases[alias] = {
                    "ENGINE": "causeway.backends.sqlite3",
                    "NAME": str(folder / f"{alias}.sqlite3"),
                    "OPTIONS": {"timeout": 20},
                }
                continue
            running[alias] = stack.enter_context(SERVERS[engine]())
            running[alias].create_database("ledger")
            databases[alias] = running[alias].settings("ledger")
        project.set_up(databases)
        call(make, options.extra)
        sys.stdout.write(json.dumps(Stress(options, running).run()) + "\n")
    return 0


def make(extra: int) -> None:
    project.make_tables()
    project.make_rows(extra)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
