"""The ``CAUSEWAY`` setting, read lazily, and ``sibling()`` to write ``DATABASES`` with."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.db import DEFAULT_DB_ALIAS

# The child's own database: the one where spanning queries run.
LOCAL_ALIAS = DEFAULT_DB_ALIAS

# Rows of one core table that one query may stage, where CAUSEWAY does not say.
MAX_STAGED_ROWS = 200_000

# For how many seconds a decision on a transaction over two databases is kept, where CAUSEWAY does not say.
DECISIONS_KEPT = 600

# Keys of CAUSEWAY that are of the project, and no alias of a core database.
PROJECT_KEYS = ("DECISIONS_KEPT", "INSTALLATION")

PLACEMENTS = ("linked", "staged", "mirrored")

# The entry of CAUSEWAY by which a core project has changes logged. It is no alias.
FEED = "feed"

# Among the labels of mirrored models: all of them.
EVERY_MODEL = "*"


@dataclass(frozen=True)
class Core:
    """One entry of ``CAUSEWAY``: a core database and the models whose home it is.

    ``models`` holds app labels and model labels in lower case; ``placement`` is None
    where the setting leaves the choice to the library. ``mirrored`` holds the labels of those models
    that are mirrored: while their copy cannot be used they are placed as ``placement`` says.
    """

    alias: str
    models: frozenset[str]
    placement: str | None = None
    owner: bool = False
    read_only: bool = False
    schema: str | None = None
    max_staged_rows: int = MAX_STAGED_ROWS
    plain_atomic: str | None = None
    mirrored: frozenset[str] = frozenset()

    def mirrors(self, app_label: str, model_name: str) -> bool:
        """Whether the copy of a model that ``claims()`` holds for is kept in the child's database."""
        app_label = app_label.lower()
        return bool(self.mirrored & {EVERY_MODEL, app_label, f"{app_label}.{model_name.lower()}"})

    def claims(self, app_label: str, model_name: str) -> bool:
        """Whether ``MODELS`` names the app or the model."""
        app_label = app_label.lower()
        return app_label in self.models or f"{app_label}.{model_name.lower()}" in self.models


@cache
def cores() -> dict[str, Core]:
    """The core databases of this project by alias, in the order of the setting.

    Entries of the wrong shape are left out here; the system checks report them.
    """
    return {
        alias: _core(alias, entry)
        for alias, entry in _setting().items()
        if isinstance(entry, Mapping) and alias != FEED
    }


def _setting() -> Mapping[str, Any]:
    setting = getattr(settings, "CAUSEWAY", None)
    return setting if isinstance(setting, Mapping) else {}


def installation_name() -> str:
    """What tells this installation from a copy of it, in the words of the settings."""
    return str(_setting().get("INSTALLATION") or "")


def decisions_kept() -> float:
    """For how many seconds a decision is kept that was carried out."""
    seconds = _setting().get("DECISIONS_KEPT", DECISIONS_KEPT)
    return seconds if is_number_of_seconds(seconds) else DECISIONS_KEPT


def is_number_of_seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


@cache
def staged_cores() -> frozenset[str]:
    """The aliases of the core databases whose placement is *staged*."""
    return frozenset(alias for alias, core in cores().items() if core.placement == "staged")


def _core(alias: str, entry: Mapping[str, Any]) -> Core:
    labels = entry.get("MODELS")
    if not isinstance(labels, (list, tuple, set, frozenset)):
        labels = ()
    rows = entry.get("MAX_STAGED_ROWS", MAX_STAGED_ROWS)
    return Core(
        alias=alias,
        models=frozenset(label.lower() for label in labels if isinstance(label, str)),
        placement=_base_placement(entry.get("PLACEMENT")),
        mirrored=_mirrored(entry.get("PLACEMENT")),
        owner=bool(entry.get("OWNER", False)),
        read_only=bool(entry.get("READ_ONLY", False)),
        schema=entry.get("SCHEMA"),
        plain_atomic=entry.get("PLAIN_ATOMIC"),
        max_staged_rows=rows if is_number_of_rows(rows) else MAX_STAGED_ROWS,
    )


def _base_placement(placement: Any) -> str | None:
    """How the tables are placed that have no copy, or none that can be used."""
    if isinstance(placement, Mapping):
        return next((str(value) for value in placement.values() if value != "mirrored"), "staged")
    if placement == "mirrored":
        return "staged"
    return None if placement is None else str(placement)


def _mirrored(placement: Any) -> frozenset[str]:
    if isinstance(placement, Mapping):
        return frozenset(str(label).lower() for label, value in placement.items() if value == "mirrored")
    return frozenset({EVERY_MODEL} if placement == "mirrored" else ())


def is_number_of_rows(value: Any) -> bool:
    """Whether it may be the number of rows that a query may stage."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "CAUSEWAY":
        cores.cache_clear()
        staged_cores.cache_clear()


setting_changed.connect(_forget, dispatch_uid="causeway.conf")


def sibling(database: Mapping[str, Any], *, NAME: Any, **settings: Any) -> dict[str, Any]:
    """The settings of another database on the same server.

    ``database`` is an entry of ``DATABASES``; it is left as it is. The result has the same
    engine, server, user, password and options, and ``NAME`` for its name (for SQLite: its
    file). Further keywords replace further settings. The name of its test database is its
    own, never the one that ``database`` sets under ``TEST``: the default name, or where that is
    a file of SQLite, one beside it.
    """
    result = deepcopy(dict(database))
    if test := result.get("TEST"):
        result["TEST"] = {
            key: value for key, value in test.items() if key not in {"NAME", "MIRROR", "DEPENDENCIES"}
        }
        if test.get("NAME") and "sqlite" in str(result.get("ENGINE")).replace("spatialite", "sqlite"):
            result["TEST"]["NAME"] = _beside(test["NAME"], NAME)
    return {**result, "NAME": NAME, **settings}


def _beside(test_name: Any, name: Any) -> str:
    """The test database of the SQLite file ``name``, in the folder of another's test database.

    In memory, Django gives each alias a database of its own.
    """
    if str(test_name) == ":memory:" or str(test_name).startswith("file:"):
        return ":memory:"
    file, other = Path(test_name), Path(name)
    return str(file.with_name("_".join(filter(None, (file.stem, other.parent.name, other.name)))))
