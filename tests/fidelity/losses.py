"""The list of the tests that are known to be lost, each with its reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.databases import ENGINES

KNOWN_LOSSES = Path(__file__).with_name("known_losses.toml")
DJANGO_VERSIONS = ("5.2", "6.0", "6.1")
REQUIRED = {"test", "engines", "reason"}
OPTIONAL = {"django"}


class Unreadable(Exception):
    """The list of known losses does not say what it must."""


@dataclass(frozen=True)
class Loss:
    """A test, or the beginning of several tests' ids, that is known to be lost."""

    test: str
    engines: frozenset[str]
    django: frozenset[str]
    reason: str

    def covers(self, test: str, engine: str, django: str) -> bool:
        if engine not in self.engines or django not in self.django:
            return False
        if self.test.endswith("*"):
            return test.startswith(self.test[:-1])
        return test == self.test


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
            f"{place}: has {', '.join(sorted(entry))}; it must have test, engines and reason, and may have django."
        )
    if not entry["engines"] or not set(entry["engines"]) <= set(ENGINES):
        raise Unreadable(f"{place}: engines must be some of: {', '.join(ENGINES)}.")
    versions = entry.get("django", DJANGO_VERSIONS)
    if not versions or not set(versions) <= set(DJANGO_VERSIONS):
        raise Unreadable(f"{place}: django must be some of: {', '.join(DJANGO_VERSIONS)}.")
    if not entry["test"].strip("*") or not entry["reason"].strip():
        raise Unreadable(f"{place}: test and reason must not be empty.")
    return Loss(entry["test"], frozenset(entry["engines"]), frozenset(versions), entry["reason"])
