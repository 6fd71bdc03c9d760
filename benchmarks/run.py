"""Compares a project that uses causeway with the same project on Django alone. Prints ratios."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import databases
import django
import worker
from django.db.utils import DatabaseError
from measure import Figure, ask, pair
from projects import CAUSEWAY, STOCK, Server, Unfit

# tests.servers stands at the root of the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

ENGINES = ["sqlite3", "mysql", "postgresql"]
GROUPS = {
    "manager": ("Content.contents against stock Content.objects.using('core')", worker.run),
    "spanning": ("A spanning query against the same query with all tables in one database", worker.run),
    "compile-local": ("Compiling statements on local models", worker.compile_sql),
    "compile-core": ("Compiling statements that name core models", worker.compile_sql),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--engine", choices=ENGINES, help="measure on this engine only")
    add("--only", choices=GROUPS, help="measure this group only")
    add("--rows", type=positive, default=100_000, metavar="N", help="core rows (default %(default)s)")
    add(
        "--local-rows", type=positive, default=1_000_000, metavar="N", help="local rows (default %(default)s)"
    )
    add(
        "--rounds",
        type=positive,
        default=3,
        metavar="N",
        help="fresh pairs of processes (default %(default)s)",
    )
    add(
        "--repeat",
        type=positive,
        default=5,
        metavar="N",
        help="least pairs of samples a round (default %(default)s)",
    )
    add("--control", action="store_true", help="compare the stock project with itself: what the machine adds")
    return parser.parse_args()


def positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of one or more")
    return number


@contextmanager
def server(engine: str, options: argparse.Namespace) -> Iterator[Server]:
    """Where the databases of the engine are. Raises Unfit where a server is missing."""
    if engine == "sqlite3":
        rows = f"{options.rows}-{options.local_rows}"
        yield Server(engine, folder=str(Path(tempfile.gettempdir()) / f"causeway-bench-{rows}"))
        return
    from tests.servers import SERVERS, ServerError

    variable, stands = SERVERS[engine]
    throwaway = variable not in os.environ
    try:
        with stands() as found:
            running = Server(
                engine, host=found.host, port=found.port, user=found.user, password=found.password
            )
            databases.make(running, throwaway)
            yield running
    except ServerError as error:
        raise Unfit(str(error)) from error


def prepare(running: Server, options: argparse.Namespace) -> None:
    for side in (CAUSEWAY, STOCK):
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            said = ask(process, databases.fill, side, running, options.rows, options.local_rows)
    print(f"\n# {said}: {options.rows:,} core rows, {options.local_rows:,} local rows\n")
    print(f"Python {platform.python_version()}, Django {django.__version__}, {os.cpu_count()} processors")


def measure(running: Server, group: str, options: argparse.Namespace) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    _, task = GROUPS[group]
    for seed in range(options.rounds):
        with pair(STOCK if options.control else CAUSEWAY, running, seed) as projects:
            for name in ask(projects.ours, worker.names, group):
                if task is worker.run:
                    projects.check(group, name)
                projects.sample(figures.setdefault(name, Figure()), task, group, name, options.repeat)
    return figures


def report(group: str, figures: dict[str, Figure], control: bool) -> None:
    title, task = GROUPS[group]
    print(f"\n## {title}\n")
    print(
        f"| | {'stock' if control else 'causeway'} ms | stock ms | ratio | middle half of the pairs | processor time |"
    )
    print("|---|---:|---:|---:|---|---:|")
    for name, figure in figures.items():
        low, high = figure.spread
        row(name, figure.wall, f"{low:.3f} – {high:.3f}", figure.work)
    if task is worker.compile_sql:
        row(
            "all together",
            total(f.wall for f in figures.values()),
            "",
            total(f.work for f in figures.values()),
        )


def total(medians: Iterable[tuple[float, float] | None]) -> tuple[float, float] | None:
    known = [pair for pair in medians if pair]
    return (sum(ours for ours, _ in known), sum(theirs for _, theirs in known)) if known else None


def row(name: str, wall: tuple[float, float], spread: str, work: tuple[float, float] | None) -> None:
    ours, theirs = wall
    processors = f"{work[0] / work[1]:.3f}" if work else "not known"
    print(
        f"| {name} | {ours * 1000:.4g} | {theirs * 1000:.4g} | {ours / theirs:.3f} | {spread} | {processors} |",
        flush=True,
    )


def main() -> int:
    options = arguments()
    try:
        for engine in [options.engine] if options.engine else ENGINES:
            with server(engine, options) as running:
                prepare(running, options)
                for group in [options.only] if options.only else GROUPS:
                    report(group, measure(running, group, options), options.control)
    except Unfit as error:
        print(error, file=sys.stderr)
        return 1
    except DatabaseError as error:
        print(f"A statement failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
