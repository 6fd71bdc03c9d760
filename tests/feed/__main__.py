"""python -m tests.feed [--sample] [--seed N] [--seconds N] [--kills N] [--pair CORE/CHILD …]

Prints a line for each pair of engines; ends with status 1 where a committed state of a child was wrong, or
where a way of reading that loses rows was not found out. ``--sample`` is for each change.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from typing import Any

ENGINES = ("sqlite3", "mariadb", "postgresql")
PAIRS = (
    *(f"{core}/{child}" for core in ENGINES for child in ENGINES),
    *("mysql/sqlite3", "mysql/postgresql", "mysql/mysql", "postgresql/mysql"),
)
SAMPLE = ("postgresql/sqlite3", "mariadb/postgresql", "mysql/sqlite3")
SAMPLE_SECONDS, SAMPLE_KILLS = 12, 3
FAULT_SECONDS = 15
# By engine of the core, ways to read that lose rows: see ``syncing``.
FAULTS = {
    "postgresql": ("postgresql last id", "postgresql horizon"),
    "mariadb": ("mariadb last id", "mariadb start"),
}
# Of a faulty reader: how often it is tried before the harness counts as blind.
TRIES = 3


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(core: str, child: str, *options: str) -> dict[str, Any]:
    """What a run came to. Raises RuntimeError where it did not end."""
    command = [sys.executable, "-m", "tests.feed.pair", core, child, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{core}/{child} ended with status {done.returncode}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def catches(fault: str, seed: int) -> bool:
    """Whether the harness finds out a way of reading that loses rows."""
    engine = fault.split()[0]
    for number in range(TRIES):
        options = (
            "--seed",
            str(seed + number),
            "--seconds",
            str(FAULT_SECONDS),
            "--kills",
            "0",
            "--fault",
            fault,
        )
        found = run(engine, "sqlite3", *options)
        wrong = found["violations"] + len(found["differing"])
        say(
            f"{fault:<24} {found['checks']:>8,} checks, {found['violations']:,} wrong, {len(found['differing'])} tables differ"
        )
        if wrong:
            return True
    return False


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--seconds", type=float, default=90, help="of each pair")
    parser.add_argument("--kills", type=int, default=24, help="of each pair")
    parser.add_argument("--pair", action="append", choices=PAIRS)
    parser.add_argument(
        "--no-faults", action="store_true", help="take for granted that the harness sees them"
    )
    options = parser.parse_args(arguments)
    is_sample = options.sample or bool(os.environ.get("CAUSEWAY_FEED_SAMPLE"))
    seconds, kills = (SAMPLE_SECONDS, SAMPLE_KILLS) if is_sample else (options.seconds, options.kills)
    pairs = options.pair or (SAMPLE if is_sample else PAIRS)
    say(f"seed {options.seed}")
    failures = []
    if not (is_sample or options.no_faults):
        failures += [
            f"a reader by {fault!r} was not found out"
            for faults in FAULTS.values()
            for fault in faults
            if not catches(fault, options.seed)
        ]
    began, total, killed = time.monotonic(), 0, 0
    for pair in pairs:
        passed = ["--seed", str(options.seed), "--seconds", str(seconds), "--kills", str(kills)]
        found = run(*pair.split("/"), *passed)
        total += found["checks"]
        killed += sum(found["kills"].values())
        say(
            f"{pair:<24} {found['committed']:>8,} commits, {found['checks']:>8,} checks of whole copies, "
            f"{found['violations']} wrong, {found['not whole']:,} not whole, kills {found['kills']}"
        )
        failures += [f"{pair}: {each}" for each in [*found["found"], *found["differing"]]]
    for failure in failures:
        say(f"VIOLATION: {failure}")
    say(f"{total:,} checks, {killed} kills, {len(failures)} violations, {time.monotonic() - began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
