"""Runs the test suites of third-party packages with their models split over two databases.

    python -m tests.packages.judge [--packages django-guardian] [--engines sqlite3] [--splits half] [--seed 7]

Every test that passes with all models in one database, on Django's own backend, has to pass split. Linked, it fails on
a lost test that ``known_losses.toml`` does not list; staged, where less than 99 per cent pass.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import django

from tests import servers
from tests.databases import PLACEMENTS, PRODUCTS
from tests.fidelity.databases import databases_of
from tests.fidelity.losses import UNKNOWN, Loss, Run, Unreadable, known_losses, reasons
from tests.fidelity.source import SourceError
from tests.fidelity.suite import Figures
from tests.packages.catalog import packages
from tests.packages.splits import SPLITS
from tests.packages.suites import PackageSuite, SuiteError

KNOWN_LOSSES = Path(__file__).with_name("known_losses.toml")
ENGINES = ("sqlite3", "mariadb", "postgresql")
STAGED_LIMIT = 99.0


def verdict(package: str, figures: Figures, run: Run, known: list[Loss]) -> list[str]:
    """What speaks against a run, a sentence each; nothing where it is good."""
    if not figures.passed_whole:
        return ["no test passed in one database: the suite did not run"]
    if run.placement == "staged" and figures.percent >= STAGED_LIMIT:
        return []
    lost = {f"{package}::{test}": outcome for test, outcome in figures.lost.items()}
    found = reasons(lost, known, run)
    return [f"not listed: {test} ({lost[test][:200]})" for test, why in found.items() if why == UNKNOWN]


def run_of(placement: str, engine: str, core_engine: str) -> Run:
    return Run(placement, engine, core_engine, "{}.{}".format(*django.VERSION))


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.packages.judge", description=(__doc__ or "").split("\n")[0]
    )
    add = parser.add_argument
    add("--packages", nargs="+", choices=list(packages()), default=list(packages()), metavar="PACKAGE")
    add("--engines", nargs="+", choices=PRODUCTS, default=ENGINES)
    add("--core-engine", choices=PRODUCTS, help="of the core database; default: the same")
    add("--placements", nargs="+", choices=PLACEMENTS, default=PLACEMENTS)
    add("--splits", nargs="+", choices=list(SPLITS), default=list(SPLITS))
    add("--seed", default=str(random.randrange(1_000_000)), help="of the split 'half'; default: a fresh one")
    add("--logs", type=Path, help="a folder to keep the logs of the tests in")
    add("--show", action="store_true", help="list the lost tests that are known, too")
    return parser.parse_args(words)


def judge_package(suite: PackageSuite, options: argparse.Namespace, known: list[Loss]) -> bool:
    """Judge one package on one engine in all ways that are asked for; says whether all are good."""
    engine = suite.local.product
    if engine not in suite.package.engines:
        print(
            f"not run: {suite.package.name}, whose suite does not run on {engine} in one database", flush=True
        )
        return True
    good = True
    for placement, split in product(options.placements, options.splits):
        what = f"{suite.package.name} {suite.package.version}, {placement} on {suite.local.product}, {split}"
        try:
            figures = suite.measure(split, placement, options.seed)
        except (SuiteError, SourceError) as error:
            print(f"{what}: {error}", file=sys.stderr, flush=True)
            good = False
            continue
        run = run_of(placement, suite.local.product, suite.core.product)
        objections = verdict(suite.package.name, figures, run, known)
        good = good and not objections
        report(what, figures, objections, options.show)
    return good


def report(what: str, figures: Figures, objections: list[str], show: bool) -> None:
    lines = [f"  {objection}" for objection in objections]
    if show:
        lines = [f"  lost: {test} ({outcome[:300]})" for test, outcome in figures.lost.items()]
    lines.append(
        f"{'fails' if objections else 'good'}: {what}: {figures.passed_both} of {figures.passed_whole}, "
        f"{figures.percent:.2f} %"
    )
    print("\n".join(lines), flush=True)


def judge(options: argparse.Namespace) -> int:
    known = known_losses(KNOWN_LOSSES)
    chosen = [packages()[name] for name in options.packages]
    good = True
    options.logs.mkdir(parents=True, exist_ok=True)
    for engine in options.engines:
        with ExitStack() as stack:
            stack.enter_context(servers.terminable())
            local = core = stack.enter_context(databases_of(engine))
            if options.core_engine not in {None, engine}:
                core = stack.enter_context(databases_of(options.core_engine))
            for package in chosen:
                good &= judge_package(PackageSuite(package, local, core, options.logs), options, known)
    return 0 if good else 1


def main() -> int:
    options = arguments()
    print(f"packages on Django {django.get_version()}, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="causeway-packages-logs-") as folder:
        options.logs = options.logs or Path(folder)
        try:
            return judge(options)
        except (Unreadable, servers.ServerError) as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
