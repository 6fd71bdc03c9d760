"""The packages of ``packages.toml``, and their source distributions."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.databases import PRODUCTS
from tests.fidelity.source import source_distribution

PACKAGES = Path(__file__).with_name("packages.toml")


@dataclass(frozen=True)
class Package:
    """A package's suite: what ``packages.toml`` says of it."""

    name: str
    version: str
    own: tuple[str, ...]
    tests: tuple[str, ...]
    settings: str | None = None
    folder: str = "."
    together: tuple[tuple[str, ...], ...] = ()
    aliases: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    engines: tuple[str, ...] = PRODUCTS
    environment: dict[str, dict[str, str]] = field(default_factory=dict)
    extensions: bool = False

    def source(self) -> Path:
        """The folder of its source, downloaded once. Raises SourceError."""
        return source_distribution(self.name, self.version)


def packages(path: Path = PACKAGES) -> dict[str, Package]:
    """All of them by their names."""
    return {name: Package(name, **read(entry)) for name, entry in tomllib.loads(path.read_text()).items()}


def read(entry: dict[str, Any]) -> dict[str, Any]:
    found = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return {**found, "together": tuple(map(tuple, entry.get("together", ())))}
