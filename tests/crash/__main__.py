"""python -m tests.crash [--sample] [--seed N] [--kills N] [--pair LOCAL/CORE …]

Prints a table of what was tried at named points and at random instants; ends with status 1 where
anything was not as it must be. ``--sample`` is for each change: some points and kills, drawn by the seed.
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
)
# Those of a sample, and what is tried of each.
SAMPLE_PAIRS = ("postgresql/postgresql", "mysql/mysql", "sqlite3/mysql", "postgresql/mariadb")
SAMPLE_POINTS = 4
SAMPLE_KILLS = 3
PARALLEL = 2


class Tally:
    """What was tried of a pair, and what came of it."""

    def __init__(self) -> None:
        # By victim and step, how many were tried and how many of them failed; of random kills, by victim.
        self.named: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self.random: dict[str, Counter[str]] = defaultdict(Counter)
        self.outcomes: dict[str, int] = {}
        self.failures: list[str] = []

    def add(self, found: dict[str, Any]) -> None:
        if "outcomes" in found:
            self.outcomes = found["outcomes"]
            return
        if "fault" in found:
            victim, step, moment = found["fault"]
            counter, name = self.named[victim][step], f"{victim}, {step}, {moment}"
        else:
            counter, name = self.random[found["killed"]], f"a random kill of {found['killed']}"
        counter["tried"] += 1
        if found["violations"]:
            counter["failed"] += 1
            self.failures.append(f"{name}: {'; '.join(found['violations'])}")

    def kills(self) -> int:
        return sum(counter["tried"] for counter in self.random.values())


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(pair: str, options: list[str]) -> Tally:
    tally = Tally()
    command = [sys.executable, "-m", "tests.crash.pair", *pair.split("/"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tally.add(json.loads(line))
    if process.returncode:
        tally.failures.append(f"the run ended with status {process.returncode}")
    return tally


def cell(counter: Counter[str]) -> str:
    if not counter["tried"]:
        return "-"
    return f"{counter['tried'] - counter['failed']}/{counter['tried']}"


def show(pair: str, tally: Tally) -> None:
    say(f"\n{pair:<24}" + "".join(f"{step:>14}" for step in STEPS))
    for victim, by_step in tally.named.items():
        say(f"  {victim:<22}" + "".join(f"{cell(by_step[step]):>14}" for step in STEPS))
    at_random = ", ".join(f"{victim} {cell(counter)}" for victim, counter in sorted(tally.random.items()))
    say(f"  random kills: {at_random or 'none'}")
    say(f"  seen: {', '.join(f'{what} {number:,}' for what, number in sorted(tally.outcomes.items()))}")
    for failure in tally.failures:
        say(f"  VIOLATION: {failure}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--kills", type=int, default=200, help="at random instants, of all pairs together")
    parser.add_argument("--pair", action="append", choices=PAIRS)
    options = parser.parse_args(arguments)
    is_sample = options.sample or bool(os.environ.get("CAUSEWAY_CRASH_SAMPLE"))
    pairs = options.pair or (SAMPLE_PAIRS if is_sample else PAIRS)
    kills = SAMPLE_KILLS if is_sample else -(-options.kills // len(pairs))
    passed = ["--seed", str(options.seed), "--kills", str(kills)]
    if is_sample:
        passed += ["--points", str(SAMPLE_POINTS)]
    say(f"seed {options.seed}: as many as held of as many as were tried")
    began = time.monotonic()
    with ThreadPoolExecutor(PARALLEL) as pool:
        tallies = list(pool.map(lambda pair: run(pair, passed), pairs))
    for pair, tally in zip(pairs, tallies, strict=True):
        show(pair, tally)
    failures = sum(len(tally.failures) for tally in tallies)
    kills = sum(tally.kills() for tally in tallies)
    named = sum(
        counter["tried"] for tally in tallies for steps in tally.named.values() for counter in steps.values()
    )
    say(
        f"\n{named} named points, {kills} random kills, {failures} violations, {time.monotonic() - began:.0f} s"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
