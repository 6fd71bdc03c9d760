"""Where the tables of a run stand: the settings of its two halves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.databases import Databases

# Holds the layout of a process as JSON.
LAYOUT_VARIABLE = "CAUSEWAY_FIDELITY_LAYOUT"
ALIASES = ("default", "other")


@dataclass(frozen=True)
class Layout:
    """``DATABASES`` and ``CAUSEWAY`` of a process."""

    databases: dict[str, dict[str, Any]]
    causeway: dict[str, dict[str, Any]]


def one_database(local: Databases, name: str, aliases: tuple[str, ...] = ALIASES) -> Layout:
    """All models in one database, on Django's own backend."""
    engine = {"ENGINE": f"django.db.backends.{local.engine}"}
    return Layout({alias: {**settings_of(local, f"{name}_{alias}"), **engine} for alias in aliases}, {})


def two_databases(
    local: Databases, core: Databases, name: str, entry: dict[str, Any], aliases: tuple[str, ...] = ALIASES
) -> Layout:
    """The models that ``entry`` of ``CAUSEWAY`` names in core, the others in the child's own database."""
    databases = {alias: settings_of(local, f"{name}_{alias}") for alias in aliases}
    # Linked by schema, both are one database.
    where = "default" if entry.get("SCHEMA") else "core"
    return Layout({**databases, "core": settings_of(core, f"{name}_{where}")}, {"core": entry})


def settings_of(databases: Databases, short: str) -> dict[str, Any]:
    settings = databases.settings(short)
    if databases.engine == "sqlite3":
        # In a file, as in a deployment: connections that share memory lock by other rules.
        test_file = Path(settings["NAME"]).with_name(f"test_{short}.sqlite3")
        settings["TEST"] = {**settings.get("TEST", {}), "NAME": str(test_file)}
    return settings
