"""Compares a project that uses causeway with projects that do without. Prints ratios."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import catalog
import constraints
import databases
import linked
import roundtrips
import staged
import transactions
from measure import Failed
from peers import Shores
from projects import Server, Unfit

# tests.servers stands at the root of the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

ENGINES = ["sqlite3", "mysql", "mariadb", "postgresql"]
# By the engine of the local database: that of core, unless the options name another.
APART = {name: "postgresql" if name == "sqlite3" else name for name in ENGINES}
CONSTRAINTS = "constraints"
APART_GROUPS = ["staged", "round-trips", "catalog", "transactions"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--engine", choices=ENGINES, help="measure on this engine only")
    add("--core-engine", choices=ENGINES, help=f"core's engine in the groups {', '.join(APART_GROUPS)}")
    add("--only", choices=[*linked.GROUPS, CONSTRAINTS, *APART_GROUPS], help="measure this group only")
    add("--rows", type=positive, default=100_000, metavar="N", help="core rows (default %(default)s)")
    add(
        "--local-rows", type=positive, default=1_000_000, metavar="N", help="local rows (default %(default)s)"
    )
    add("--rounds", type=positive, default=3, metavar="N", help="fresh processes (default %(default)s times)")
    add(
        "--repeat",
        type=positive,
        default=5,
        metavar="N",
        help="least samples a round of each project (default %(default)s)",
    )
    add("--control", action="store_true", help="compare the stock project with itself: what the machine adds")
    add("--traceback", action="store_true", help="print the traceback where a project fails")
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

    kind = SERVERS[engine]
    try:
        with kind.stands() as found:
            yield Server(backend(engine), **vars(found), throwaway=kind.variable not in os.environ)
    except ServerError as error:
        raise Unfit(str(error)) from error


def backend(engine: str) -> str:
    """The module of the backends that serves an engine."""
    return "mysql" if engine == "mariadb" else engine


@contextmanager
def another(engine: str) -> Iterator[Server]:
    """A throwaway server beside the one that has the local database. Raises Unfit."""
    from tests.servers import SERVERS, ServerError

    try:
        with SERVERS[engine].throwaway() as found:
            yield Server(backend(engine), **vars(found), throwaway=True)
    except ServerError as error:
        raise Unfit(str(error)) from error


@contextmanager
def shores(engine: str, options: argparse.Namespace) -> Iterator[Shores]:
    """A local and a core database that no link joins. Raises Unfit."""
    core_engine = options.core_engine or APART[engine]
    with server(engine, options) as local:
        if core_engine == engine and backend(engine) != "mysql":
            yield Shores(local, local)
            return
        # On one server of these, databases are linked.
        with another(engine) if core_engine == engine else server(core_engine, options) as core:
            yield Shores(local, core)


def run_linked(engine: str, groups: list[str], options: argparse.Namespace) -> None:
    with server(engine, options) as running:
        databases.make_linked(running)
        linked.prepare(running, options.rows, options.local_rows)
        projects = linked.compared(running, options.control)
        for group in groups:
            if group == CONSTRAINTS:
                constraints.report(constraints.measure(running))
                continue
            figures = linked.measure(projects, group, options.rounds, options.repeat)
            linked.report(projects, group, figures)


def run_apart(engine: str, groups: list[str], options: argparse.Namespace) -> None:
    with shores(engine, options) as found:
        staged.prepare(found, options.rows, options.local_rows)
        for group in groups:
            if group == "catalog":
                catalog.report(catalog.measure(found))
                continue
            if group == "transactions":
                transactions.report(*transactions.measure(found, options.rounds, options.repeat))
                continue
            measured = staged if group == "staged" else roundtrips
            results = measured.measure(found, options.rounds, options.repeat, options.traceback)
            measured.report(found, results)


def apart_groups(engine: str, options: argparse.Namespace) -> list[str]:
    """The groups that are asked for and mean something. Raises Unfit where one is named that does not."""
    core_engine = options.core_engine or APART[engine]
    senseless = {
        "round-trips": "there is no network to SQLite" if core_engine == "sqlite3" else "",
        "catalog": "it is PostgreSQL's" if engine != "postgresql" else "",
        "transactions": "SQLite prepares nothing" if core_engine == "sqlite3" else "",
    }
    if options.only and (reason := senseless.get(options.only)):
        if options.engine:
            raise Unfit(f"The group {options.only!r} cannot be measured on {engine!r}: {reason}.")
        return []
    return [group for group in APART_GROUPS if options.only in (None, group) and not senseless.get(group)]


def linked_groups(engine: str, options: argparse.Namespace) -> list[str]:
    groups = [*linked.GROUPS, *([CONSTRAINTS] if engine != "sqlite3" and not options.control else [])]
    return [group for group in groups if options.only in (None, group)]


def run_all(options: argparse.Namespace) -> None:
    if options.control and options.only in APART_GROUPS:
        raise Unfit(f"--control is for the groups with a stock project: {', '.join(linked.GROUPS)}.")
    for engine in [options.engine] if options.engine else ENGINES:
        if groups := linked_groups(engine, options):
            run_linked(engine, groups, options)
        if not options.control and (groups := apart_groups(engine, options)):
            run_apart(engine, groups, options)


def main() -> int:
    options = arguments()
    try:
        run_all(options)
    except Unfit as error:
        if options.traceback and isinstance(error, Failed):
            print(error.traceback, file=sys.stderr)
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
