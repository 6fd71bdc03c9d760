"""python -m tests.crash [--sample] [--seed N] [--kills N] [--cuts N] [--losses N] [--pair LOCAL/CORE …]

Prints a table of what was tried at named points, by faults of the network, at random instants, and by servers that
lost what they had answered for; ends with status 1 where anything was not as it must be. ``--sample`` is for each
change: some of each, drawn by the seed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.crash.points import STEPS

PAIRS = (
    *("postgresql/postgresql", "sqlite3/postgresql"),
    *("mariadb/mariadb", "postgresql/mariadb"),
    *("mysql/mysql", "sqlite3/mysql", "postgresql/mysql"),
    # Core cannot be prepared there, and decides.
    *("postgresql/sqlite3", "mariadb/sqlite3", "mysql/sqlite3", "postgresql/galera", "mysql/galera"),
    # A node of a cluster decides for its child.
    "galera/postgresql",
)
# Those where a server that decides or is prepared can lose something, as that is tried.
LOSING = {
    *("postgresql/postgresql", "sqlite3/postgresql", "postgresql/mariadb", "postgresql/mysql"),
    *("mariadb/mariadb", "mysql/mysql", "postgresql/sqlite3"),
}
# Those of a sample, and what is tried of each.
SAMPLE_PAIRS = ("postgresql/postgresql", "mysql/mysql", "sqlite3/mysql", "postgresql/mariadb")
SAMPLE = {"points": 3, "kills": 2, "cuts": 3}
SAMPLE_LOSING = {"postgresql/postgresql"}
PARALLEL = 2


class Tally:
    """What was tried of a pair, and what came of it."""

    def __init__(self) -> None:
        # By victim and step, how many were tried and how many of them failed; of random kills, by victim.
        self.named: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self.random: dict[str, Counter[str]] = defaultdict(Counter)
        # By alias and what becomes of a message.
        self.cuts: dict[str, Counter[str]] = defaultdict(Counter)
        # By what was done to whom.
        self.losses: dict[str, Counter[str]] = defaultdict(Counter)
        self.outcomes: dict[str, int] = {}
        self.failures: list[str] = []

    def add(self, found: dict[str, Any]) -> None:
        if "outcomes" in found:
            self.outcomes = found["outcomes"]
            return
        if "fault" in found:
            victim, step, moment = found["fault"]
            counter, name = self.named[victim][step], f"{victim}, {step}, {moment}"
        elif "cut" in found:
            alias, message, kind = found["cut"]
            counter, name = self.cuts[f"{alias}, {kind}"], f"message {message} to {alias}, {kind}"
        elif "loss" in found:
            name = " of ".join(found["loss"])
            counter = self.losses[name]
            counter.update({what: found.get(what, 0) for what in ("told", "lost", "mistaken")})
        else:
            counter, name = self.random[found["killed"]], f"a random kill of {found['killed']}"
        counter["tried"] += 1
        if found["violations"]:
            counter["failed"] += 1
            self.failures.append(f"{name}: {'; '.join(found['violations'])}")

    def tried(self) -> list[int]:
        """How many named points, faults of the network, random kills and losses."""
        named = [counter for steps in self.named.values() for counter in steps.values()]
        counters = (named, self.cuts.values(), self.random.values(), self.losses.values())
        return [sum(counter["tried"] for counter in each) for each in counters]


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(pair: str, options: list[str], tally: Tally) -> None:
    command = [sys.executable, "-m", "tests.crash.pair", *pair.split("/"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tally.add(json.loads(line))
    if process.returncode:
        tally.failures.append(f"the run ended with status {process.returncode}")


def cell(counter: Counter[str]) -> str:
    if not counter["tried"]:
        return "-"
    return f"{counter['tried'] - counter['failed']}/{counter['tried']}"


def show(pair: str, tally: Tally) -> None:
    say(f"\n{pair:<24}" + "".join(f"{step:>14}" for step in STEPS))
    for victim, by_step in tally.named.items():
        say(f"  {victim:<22}" + "".join(f"{cell(by_step[step]):>14}" for step in STEPS))
    for name, counter in sorted(tally.cuts.items()):
        say(f"  {name}: {cell(counter)}")
    at_random = ", ".join(f"{victim} {cell(counter)}" for victim, counter in sorted(tally.random.items()))
    say(f"  random kills: {at_random or 'none'}")
    for name, counter in sorted(tally.losses.items()):
        numbers = f"{counter['lost']} of {counter['told']} lost and all told, {counter['mistaken']} mistaken"
        say(f"  {name}: {cell(counter)}, {numbers}")
    say(f"  seen: {', '.join(f'{what} {number:,}' for what, number in sorted(tally.outcomes.items()))}")
    for failure in tally.failures:
        say(f"  VIOLATION: {failure}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--kills", type=int, default=200, help="at random instants, of all pairs together")
    parser.add_argument("--cuts", type=int, default=40, help="faults of the network, of each pair")
    parser.add_argument("--losses", type=int, default=3, help="of each pair that can lose something")
    parser.add_argument("--pair", action="append", choices=PAIRS)
    options = parser.parse_args(arguments)
    is_sample = options.sample or bool(os.environ.get("CAUSEWAY_CRASH_SAMPLE"))
    pairs = options.pair or (SAMPLE_PAIRS if is_sample else PAIRS)
    tried = SAMPLE if is_sample else {"kills": -(-options.kills // len(pairs)), "cuts": options.cuts}
    losing = SAMPLE_LOSING if is_sample else LOSING
    losses = 2 if is_sample else options.losses
    seed = ["--seed", str(options.seed)]
    say(f"seed {options.seed}: as many as held of as many as were tried")
    began = time.monotonic()
    tallies = {pair: Tally() for pair in pairs}
    runs = [(pair, [*seed, *(f"--{what}={number}" for what, number in tried.items())]) for pair in pairs]
    runs += [(pair, [*seed, f"--losses={losses}"]) for pair in pairs if pair in losing and losses]
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda pair, passed: run(pair, passed, tallies[pair]), *zip(*runs, strict=True)))
    for pair, tally in tallies.items():
        show(pair, tally)
    failures = sum(len(tally.failures) for tally in tallies.values())
    named, cuts, kills, losses = map(sum, zip(*(tally.tried() for tally in tallies.values()), strict=True))
    say(
        f"\n{named} named points, {cuts} faults of the network, {kills} random kills, {losses} losses, {failures} "
        f"violations, {time.monotonic() - began:.0f} s"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
