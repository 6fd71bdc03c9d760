"""The crash test of one pair of engines: prints a line of JSON for each thing that was tried.

python -m tests.crash.pair LOCAL CORE --seed N [--points N] [--kills N] [--cuts N]
python -m tests.crash.pair LOCAL CORE --seed N --losses N
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import servers
from tests.crash import losses, network, points, project
from tests.crash.durable import SERVERS, DurableServer
from tests.crash.points import Fault, Roles, faults
from tests.crash.processes import Ended, Fork, Hangs, call, fail_once, keep_transferring
from tests.crash.proxy import Proxy

WORKERS = 3
RECOVERY_SECONDS = 20
SIGKILLED = -9

# Victims of random kills, besides the servers.
WORKER = "a worker"
ALL_WORKERS = "all workers"
RECOVERY = "a recovery"


class Pair:
    """The databases and processes of a pair. ``told`` are the tokens that were told to be committed."""

    def __init__(
        self,
        folder: Path,
        stack: ExitStack,
        running: dict[str, DurableServer],
        proxies: dict[str, Proxy],
        chance: random.Random,
    ) -> None:
        self.folder = folder
        # Ends what is started later.
        self.stack = stack
        self.servers = running
        self.proxies = proxies
        self.roles: Roles = (
            points.USUAL if "core" in running and running["core"].prepares else points.REVERSED
        )
        self.chance = chance
        self.killed: list[DurableServer] = []
        self.told: set[str] = set()
        self.outcomes: Counter[str] = Counter()

    def kill(self, victim: str) -> None:
        for alias in self.roles.of(victim):
            if server := self.servers.get(alias):
                server.kill()
                self.killed.append(server)

    def restart(self) -> None:
        for server in self.killed:
            server.launch()
        for server in self.killed:
            server.await_answer()
        self.killed.clear()

    def recover(self) -> list[str]:
        """Recover until all is as it must be; what is not, if it does not come to that."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                found = call(project.recover)
                self.outcomes.update(found)
                violations = call(project.violations, self.told)
                violations += [f"recovery takes it for {outcome}" for outcome in found if outcome == "lost"]
            except Ended:
                return ["recovery failed, see its traceback"]
            except Hangs:
                return ["recovery hangs"]
            # What a killed process has asked for last may still be under way on a server.
            if not violations or time.monotonic() > deadline:
                return violations
            time.sleep(0.1)

    def report(self, violations: list[str], **what: Any) -> None:
        report(**what, violations=violations)
        if violations:
            # The next one is not to blame.
            self.told.clear()
            call(project.start_again)

    # Named points

    def fail_at(self, fault: Fault, number: str) -> list[str]:
        """A transfer that meets a fault, recovery, and a transfer after it; what is not as it must be."""
        tokens = [f"{number}-{which}" for which in ("before", "during", "after")]
        worker = Fork(fail_once, fault, self.roles, tokens, self.chance.random())
        try:
            return self.recover_from(worker, fault, tokens)
        except Hangs:
            return ["the worker hangs"]
        finally:
            self.restart()
            worker.kill()

    def recover_from(self, worker: Fork, fault: Fault, tokens: list[str]) -> list[str]:
        before, during, after = tokens
        if error := worker.receive():
            return [f"the transfer before it failed: {error}"]
        self.told.add(before)
        told, violations = self.await_fault(worker, fault)
        if told == "committed":
            self.told.add(during)
        self.restart()
        violations += self.recover()
        if not violations:
            violations += self.judge(fault, told, during)
            violations += self.transfer_again(worker, after)
        return violations

    def await_fault(self, worker: Fork, fault: Fault) -> tuple[str, list[str]]:
        """What the worker was told of its transfer, "nothing" where it was killed, and what is wrong with that."""
        try:
            while "kill" in (message := worker.receive()):
                self.kill(message["kill"])
                worker.send("killed")
        except Ended:
            by_fault = fault.victim == points.PROCESS and worker.process.exitcode == SIGKILLED
            return "nothing", [] if by_fault else ["the worker raised what is not of django.db"]
        told = message["told"] or "committed"
        return told, [] if message["has_happened"] else [f"its step was not reached: {told}"]

    def judge(self, fault: Fault, told: str, token: str) -> list[str]:
        is_there = call(project.is_there, token)
        if is_there != fault.is_committed():
            return [f"the transfer was {'committed' if is_there else 'rolled back'}; told: {told}"]
        if is_there and told not in {"committed", "nothing"} and not fault.may_be_told_as_error():
            return [f"the transfer was committed, but an error told: {told}"]
        return []

    def transfer_again(self, worker: Fork, token: str) -> list[str]:
        try:
            if worker.process.is_alive():
                worker.send("again")
                error = worker.receive()
            else:
                error = call(project.transfer, token, random.Random(0))
        except Ended:
            error = "an exception that is not of django.db"
        except Hangs:
            error = "it hangs"
        if error is None:
            self.told.add(token)
            return self.recover()
        return [f"the next transfer failed: {error}"]

    # Random kills

    def kill_at_random(self, number: str) -> tuple[str, list[str]]:
        """Transfers during which something is killed: its name, and what is not as it must be."""
        chance = self.chance
        workers, logs, stop = self.start_workers(number)
        time.sleep(chance.uniform(0.03, 0.4))
        victim = self.kill_one(workers)
        time.sleep(chance.choice([0, chance.uniform(0, 0.3)]))
        self.restart()
        violations = self.recover_beside(is_killed=victim == RECOVERY)
        time.sleep(chance.uniform(0, 0.3))
        stop.touch()
        surviving, found = self.await_workers(workers)
        violations += found
        self.read(logs)
        violations += self.recover()
        if not violations:
            violations = self.transfer_again_each(surviving) + self.recover()
        for worker in surviving:
            worker.kill()
        return victim, violations

    def start_workers(self, number: str) -> tuple[list[Fork], list[Path], Path]:
        """Those that make transfers, the logs that they write, and the file on which they stop."""
        stop = self.folder / f"stop-{number}"
        logs = [self.folder / f"log-{number}-{which}" for which in range(WORKERS)]
        workers = [
            Fork(keep_transferring, f"{number}-{which}", self.chance.random(), log, stop)
            for which, log in enumerate(logs)
        ]
        return workers, logs, stop

    def kill_one(self, workers: list[Fork]) -> str:
        decider = [points.DECIDER, points.BOTH] if self.roles.decider in self.servers else []
        victim = self.chance.choice([WORKER, ALL_WORKERS, RECOVERY, points.BRANCH, *decider])
        if self.roles.of(victim):
            self.kill(victim)
        else:
            for worker in workers if victim == ALL_WORKERS else workers[:1]:
                worker.process.kill()
        return victim

    def recover_beside(self, is_killed: bool) -> list[str]:
        """Recover once while transfers go on, in one process or in two; or kill one that does. Another repairs orphans."""
        fixer = Fork(repair_orphans)
        recoveries = [Fork(send_recovery) for _ in range(self.chance.choice([1, 2]))]
        if is_killed:
            time.sleep(self.chance.uniform(0, 0.05))
            recoveries.pop().kill()
        violations = []
        for recovery in recoveries:
            try:
                self.outcomes.update(recovery.receive())
            except Ended:
                violations.append("recovery beside transfers failed, see its traceback")
            except Hangs:
                violations.append("recovery beside transfers hangs")
        try:
            self.outcomes.update([fixer.receive()])
        except (Ended, Hangs) as problem:
            violations.append(f"repairing orphans beside transfers: {type(problem).__name__}")
        return violations

    def await_workers(self, workers: list[Fork]) -> tuple[list[Fork], list[str]]:
        """Those that have stopped, and wait for a message; and what is wrong with the others."""
        surviving, violations = [], []
        for worker in workers:
            try:
                worker.receive()
                surviving.append(worker)
            except Hangs:
                violations.append("a worker hangs")
            except Ended:
                if worker.process.exitcode != SIGKILLED:
                    violations.append("a worker raised what is not of django.db, see its traceback")
        return surviving, violations

    def read(self, logs: list[Path]) -> None:
        for log in logs:
            for line in log.read_text().splitlines() if log.exists() else []:
                token, error = line.split("\t")
                self.outcomes[error.partition(":")[0] or "transfer"] += 1
                if not error:
                    self.told.add(token)

    def transfer_again_each(self, surviving: list[Fork]) -> list[str]:
        violations = []
        for worker in surviving:
            worker.send("again")
            try:
                error = worker.receive()
            except (Ended, Hangs) as problem:
                error = type(problem).__name__
            if error:
                violations.append(f"the next transfer failed: {error}")
        return violations


def send_recovery(channel: Any) -> None:
    channel.send(project.recover())


def repair_orphans(channel: Any) -> None:
    channel.send(project.repair_orphans())


def report(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("local")
    parser.add_argument("core")
    parser.add_argument("--seed", required=True)
    parser.add_argument("--points", type=int, help="how many of the named points; all where it is not given")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--cuts", type=int, default=0, help="how many messages meet a fault of the network")
    parser.add_argument("--losses", type=int, default=0, help="how many times a server loses transactions")
    parser.add_argument("--only", help="of the named points, those that have this in their name")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        stack.enter_context(servers.terminable())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="causeway-crash-")))
        engines = {"default": options.local, "core": options.core}
        running = {
            alias: stack.enter_context(SERVERS[engine](is_followed=bool(options.losses)))
            for alias, engine in engines.items()
            if engine in SERVERS
        }
        proxies = {alias: proxy_before(server, stack) for alias, server in running.items()}
        settings = {
            alias: running[alias].settings("bank", proxies[alias].port)
            if alias in running
            else file(alias, folder)
            for alias in engines
        }
        project.set_up(settings, folder, decisions_kept=600 if options.losses else 0)
        call(project.make_tables)
        chance = random.Random(f"{options.seed} {options.local} {options.core}")
        run(Pair(folder, stack, running, proxies, chance), options)
    return 0


def proxy_before(server: DurableServer, stack: ExitStack) -> Proxy:
    server.create_database("bank")
    proxy = Proxy(server.port)
    stack.callback(proxy.close)
    return proxy


def file(alias: str, folder: Path) -> dict[str, Any]:
    """An entry of ``DATABASES``: a file of SQLite."""
    return {
        "ENGINE": "causeway.backends.sqlite3",
        "NAME": folder / f"{alias}.sqlite3",
        "OPTIONS": {"timeout": 3},
    }


def run(pair: Pair, options: argparse.Namespace) -> None:
    if options.losses:
        losses.run(pair, options.losses)
        return
    named = faults(decider_has_server=pair.roles.decider in pair.servers)
    if options.points is not None:
        named = sorted(pair.chance.sample(named, options.points))
    if options.only:
        named = [fault for fault in named if options.only in str(fault)]
    for number, fault in enumerate(named):
        pair.report(pair.fail_at(fault, f"named-{number}"), fault=fault)
    network.run(pair, options.cuts)
    for number in range(options.kills):
        victim, violations = pair.kill_at_random(f"random-{number}")
        pair.report(violations, killed=victim)
    report(outcomes=pair.outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
