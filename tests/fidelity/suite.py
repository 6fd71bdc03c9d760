"""Runs Django's tests twice, in one database and split over two, and compares."""

from __future__ import annotations

import asyncio
import hashlib
import json
import platform
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.databases import Databases
from tests.fidelity import modules
from tests.fidelity.layout import ALIASES, one_database, two_databases
from tests.fidelity.processes import Processes
from tests.fidelity.source import cache_folder
from tests.fidelity.split import ModelFacts, draw

PASSED = "passed"
Outcomes = Mapping[str, str]


@dataclass(frozen=True)
class Split:
    """How the models are split, and the placement of the core ones."""

    seed: str
    closed: bool
    core_apps: tuple[str, ...]
    placement: str


@dataclass(frozen=True)
class Figures:
    """What a run gave: ``lost`` has what became of each test that passed in one database only."""

    passed_whole: int
    lost: dict[str, str]

    @property
    def passed_both(self) -> int:
        return self.passed_whole - len(self.lost)

    @property
    def percent(self) -> float:
        return 100 * self.passed_both / self.passed_whole if self.passed_whole else 0.0


class Suite:
    def __init__(self, processes: Processes, local: Databases, core: Databases, split: Split) -> None:
        self.processes = processes
        self.local = local
        self.core = core
        self.split = split

    async def measure(self, groups: Iterable[tuple[str, ...]]) -> Figures:
        """The figures of all groups of modules. Raises ProcessError."""
        halves = await asyncio.gather(
            *(self.both_halves(group, number) for number, group in enumerate(groups))
        )
        whole = {test: outcome for half, _ in halves for test, outcome in half.items()}
        split = {test: outcome for _, half in halves for test, outcome in half.items()}
        return compare(whole, split)

    async def both_halves(self, group: tuple[str, ...], number: int) -> tuple[Outcomes, Outcomes]:
        # On a server the name is no test database's: it need not exist to be tested on, but to be asked.
        name = f"facts{number}"
        self.local.create(f"{name}_default")
        try:
            layout = one_database(self.local, name)
            facts = await self.processes.run("models", group, layout, name)
        finally:
            self.drop(name)
        models = [ModelFacts(**model) for model in facts["models"]]
        whole, split = await asyncio.gather(
            self.whole(group, number, facts["database"]), self.halved(group, number, models)
        )
        return whole, split

    async def whole(self, group: tuple[str, ...], number: int, database_version: list[int]) -> Outcomes:
        """The outcomes in one database, which are kept for further runs."""
        versions = [self.local.product, database_version, platform.python_version(), *installed()]
        key = hashlib.sha256(json.dumps([group, *versions]).encode()).hexdigest()[:16]
        kept = cache_folder() / "outcomes" / f"{key}.json"
        if kept.exists():
            return json.loads(kept.read_text())
        name = f"whole{number}"
        try:
            outcomes = await self.processes.run("tests", group, one_database(self.local, name), name)
        finally:
            self.drop(name)
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".part")
        unfinished.write_text(json.dumps(outcomes))
        unfinished.replace(kept)
        return outcomes

    async def halved(self, group: tuple[str, ...], number: int, models: list[ModelFacts]) -> Outcomes:
        """The outcomes with about half of the models in core."""
        labels = [*self.split.core_apps, *draw(models, self.split.seed, closed=self.split.closed)]
        entry = {"MODELS": labels, "OWNER": True, "PLACEMENT": self.split.placement}
        if self.split.placement == "linked":
            entry |= self.core.core_entry("core")
        name = f"split{number}"
        try:
            layout = two_databases(self.local, self.core, name, entry)
            return await self.processes.run("tests", group, layout, name)
        finally:
            self.drop(name)

    def drop(self, name: str) -> None:
        """What a process that was ended early left behind."""
        for alias in ALIASES:
            self.local.drop(f"{name}_{alias}")
        self.core.drop(f"{name}_core")


def installed() -> list[str]:
    """What is installed beside Django, and in which version: some of its tests need more than it does."""
    return sorted({f"{found.name}=={found.version}" for found in metadata.distributions()})


def compare(whole: Outcomes, split: Outcomes) -> Figures:
    passed = sorted(test for test, outcome in whole.items() if outcome == PASSED)
    return Figures(len(passed), {test: why(test, split) for test in passed if split.get(test) != PASSED})


def why(test: str, outcomes: Outcomes) -> str:
    """What became of a test that did not pass."""
    test_case = test.rpartition(".")[0]
    return outcomes.get(test) or outcomes.get(f"setUpClass ({test_case})") or "did not run"


def groups_of(tests: Path, names: list[str] | None, part: float, seed: str) -> list[tuple[str, ...]]:
    """The groups of modules to run, as far as this Django has them.

    ``names`` make one group of their own. Of the others a random ``part`` is taken, from 0 to
    1, which the seed decides.
    """
    groups = modules.GROUPS if names is None else (tuple(names),)
    there = [tuple(name for name in group if (tests / name).is_dir()) for group in groups]
    if part < 1:
        every = [name for group in there for name in group]
        chosen = set(random.Random(seed).sample(every, max(1, round(part * len(every)))))
        there = [tuple(name for name in group if name in chosen) for group in there]
    return [group for group in there if group]
