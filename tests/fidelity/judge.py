"""Judges a fidelity run: Django's own test suite, with its models split over two databases.

    python -m tests.fidelity.judge --engine mysql [--closed] [--seed SEED]

Runs the program that measures (by default the one in ``../shared/fidelity`` beside the
checkout) and fails where the percentage is below the engine's limit, or where a lost test
is not in ``known_losses.toml``.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.databases import ENGINES
from tests.servers import ServerError, mysql

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT.parent / "shared" / "fidelity" / "fidelity.py"
KNOWN_LOSSES = Path(__file__).with_name("known_losses.toml")

# Per cent of the tests that pass in one database.
LIMITS = {"sqlite3": 99.8, "mysql": 99.5}
# Fewer mean that a part of the suite did not run, and then the percentage says little.
LEAST_TESTS = 5000


class Unreadable(Exception):
    """The list of known losses does not say what it must."""


@dataclass(frozen=True)
class Loss:
    """A test, or the beginning of several tests' ids, that is known to be lost."""

    test: str
    engines: frozenset[str]
    reason: str

    def covers(self, test: str, engine: str) -> bool:
        if engine not in self.engines:
            return False
        if self.test.endswith("*"):
            return test.startswith(self.test[:-1])
        return test == self.test


def known_losses(path: Path) -> list[Loss]:
    """The entries of the file. Raises Unreadable."""
    try:
        entries = tomllib.loads(path.read_text()).get("loss", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Unreadable(f"{path}: {error}") from error
    return [read_loss(entry, f"{path}, loss {number}") for number, entry in enumerate(entries, start=1)]


def read_loss(entry: dict[str, Any], place: str) -> Loss:
    if entry.keys() != {"test", "engines", "reason"}:
        raise Unreadable(f"{place}: has {', '.join(sorted(entry))}; it must have test, engines and reason.")
    if not entry["engines"] or not set(entry["engines"]) <= set(ENGINES):
        raise Unreadable(f"{place}: engines must be some of: {', '.join(ENGINES)}.")
    if not entry["test"].strip("*") or not entry["reason"].strip():
        raise Unreadable(f"{place}: test and reason must not be empty.")
    return Loss(entry["test"], frozenset(entry["engines"]), entry["reason"])


def verdict(figures: dict[str, Any], engine: str, known: list[Loss]) -> list[str]:
    """What speaks against the run, a sentence each; nothing where it is good."""
    objections = []
    if figures["passed_whole"] < LEAST_TESTS:
        objections.append(
            f"only {figures['passed_whole']} passed in one database, fewer than {LEAST_TESTS}: a part did not run"
        )
    if figures["percent"] < LIMITS[engine]:
        objections.append(f"{figures['percent']:.2f} % is below the limit of {LIMITS[engine]} %")
    objections += [
        f"not in {KNOWN_LOSSES.name}: {test} ({reason[:120]})"
        for test, reason in figures["lost"]
        if not any(loss.covers(test, engine) for loss in known)
    ]
    return objections


def measure(options: argparse.Namespace) -> dict[str, Any] | None:
    """The figures of one run; None where the program gave none."""
    server = mysql() if options.engine == "mysql" else nullcontext()
    with server as address, result_file() as result:
        command = [
            *(sys.executable, options.program, "--json", result, "--show", "0"),
            *("--engine", options.engine, "--placement", "linked", "--seed", options.seed),
            *(["--closed"] if options.closed else []),
            *(["--server", str(address)] if address else []),
        ]
        subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
        text = result.read_text()
    return json.loads(text) if text else None


@contextmanager
def result_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="causeway-fidelity-") as folder:
        path = Path(folder, "figures.json")
        path.touch()
        yield path


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fidelity.judge", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    parser.add_argument("--closed", action="store_true", help="core models never refer to local ones")
    parser.add_argument("--seed", default=str(random.randrange(1_000_000)), help="default: a fresh one")
    parser.add_argument("--program", type=Path, default=PROGRAM, help="default: %(default)s")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if not options.program.exists():
        print(f"Fidelity is not measured: there is no {options.program}.")
        return 0
    print(
        f"fidelity on {options.engine}{', closed' if options.closed else ''}, seed {options.seed}", flush=True
    )
    try:
        known = known_losses(KNOWN_LOSSES)
        figures = measure(options)
    except (Unreadable, ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    if figures is None:
        print(f"{options.program} gave no figures.", file=sys.stderr)
        return 1
    objections = verdict(figures, options.engine, known)
    for objection in objections:
        print(f"  {objection}", file=sys.stderr)
    print(f"{'fails' if objections else 'good'}: {len(figures['lost'])} lost")
    return 1 if objections else 0


if __name__ == "__main__":
    sys.exit(main())
