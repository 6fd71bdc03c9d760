"""The list of the tests that are known to be lost, each with its reason."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.databases import PLACEMENTS, PRODUCTS

KNOWN_LOSSES = Path(__file__).with_name("known_losses.toml")
# What may be told of a run, and the values that each can have.
CONDITIONS = {
    "placements": PLACEMENTS,
    "engines": PRODUCTS,
    "core_engines": PRODUCTS,
    "django": ("5.2", "6.0", "6.1"),
}
REQUIRED = {"tests", "reason"}
OPTIONAL = {*CONDITIONS, "outcomes"}
UNKNOWN = "not listed"


class Unreadable(Exception):
    """The list of known losses does not say what it must."""


@dataclass(frozen=True)
class Run:
    """What a loss can depend on."""

    placement: str
    engine: str
    core_engine: str
    django: str


@dataclass(frozen=True)
class Loss:
    """Tests, by their ids or the beginnings of these, that are known to be lost.

    Where there are ``outcomes``, what became of the test must have one of them in its text.
    """

    tests: tuple[str, ...]
    reason: str
    placements: frozenset[str]
    engines: frozenset[str]
    core_engines: frozenset[str]
    django: frozenset[str]
    outcomes: tuple[str, ...] = ()

    def covers(self, test: str, outcome: str, run: Run) -> bool:
        return (
            run.placement in self.placements
            and run.engine in self.engines
            and run.core_engine in self.core_engines
            and run.django in self.django
            and any(matches(test, pattern) for pattern in self.tests)
            and (not self.outcomes or any(text in outcome for text in self.outcomes))
        )


def matches(test: str, pattern: str) -> bool:
    return test.startswith(pattern[:-1]) if pattern.endswith("*") else test == pattern


def reasons(lost: Mapping[str, str], known: list[Loss], run: Run) -> dict[str, str]:
    """The reason of each lost test; ``UNKNOWN`` where none is listed."""
    return {
        test: next((loss.reason for loss in known if loss.covers(test, outcome, run)), UNKNOWN)
        for test, outcome in lost.items()
    }


def by_reason(lost: Mapping[str, str], known: list[Loss], run: Run) -> list[tuple[str, int]]:
    """How many tests are lost for each reason, the most first."""
    return Counter(reasons(lost, known, run).values()).most_common()


def known_losses(path: Path = KNOWN_LOSSES) -> list[Loss]:
    """The entries of the file. Raises Unreadable."""
    try:
        entries = tomllib.loads(path.read_text()).get("loss", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Unreadable(f"{path}: {error}") from error
    return [read_loss(entry, f"{path}, loss {number}") for number, entry in enumerate(entries, start=1)]


def read_loss(entry: dict[str, Any], place: str) -> Loss:
    if not REQUIRED <= entry.keys() <= REQUIRED | OPTIONAL:
        raise Unreadable(
            f"{place}: has {', '.join(sorted(entry))}; it must have tests and reason, and may have "
            f"{', '.join(sorted(OPTIONAL))}."
        )
    lists = entry.keys() - {"reason"}
    if not all(isinstance(entry[name], list) for name in lists):
        raise Unreadable(f"{place}: {', '.join(sorted(lists))} must be lists.")
    for name, allowed in CONDITIONS.items():
        if not entry.get(name, allowed) or not set(entry.get(name, allowed)) <= set(allowed):
            raise Unreadable(f"{place}: {name} must be some of: {', '.join(allowed)}.")
    words = [entry["reason"], *entry["tests"], *entry.get("outcomes", ())]
    if not entry["tests"] or not all(word.strip("* ") for word in words):
        raise Unreadable(f"{place}: tests, outcomes and reason must not be empty.")
    conditions = {name: frozenset(entry.get(name, allowed)) for name, allowed in CONDITIONS.items()}
    return Loss(
        tuple(entry["tests"]), entry["reason"], outcomes=tuple(entry.get("outcomes", ())), **conditions
    )
