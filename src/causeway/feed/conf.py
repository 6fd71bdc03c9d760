"""The entry ``"feed"`` of ``CAUSEWAY``, which the core project writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from causeway.conf import FEED

KEYS = {"MAX_ROWS", "MODELS", "RETENTION"}
# How long what was logged is kept at least, in seconds, and how many rows at most.
RETENTION = 24 * 3600
MAX_ROWS = 5_000_000


@dataclass(frozen=True)
class Feed:
    """Which models are logged, by app labels and model labels in lower case, and how long."""

    models: frozenset[str] = frozenset()
    retention: float = RETENTION
    max_rows: int = MAX_ROWS

    def claims(self, app_label: str, model_name: str) -> bool:
        app_label = app_label.lower()
        return app_label in self.models or f"{app_label}.{model_name.lower()}" in self.models


def feed() -> Feed:
    """What the setting says; entries of the wrong shape are left out, and reported by the system checks."""
    setting = getattr(settings, "CAUSEWAY", None)
    entry: Any = setting.get(FEED) if isinstance(setting, Mapping) else None
    if not isinstance(entry, Mapping):
        return Feed()
    labels = entry.get("MODELS")
    if not isinstance(labels, (list, tuple, set, frozenset)):
        labels = ()
    return Feed(
        frozenset(label.lower() for label in labels if isinstance(label, str)),
        positive(entry.get("RETENTION"), RETENTION),
        int(positive(entry.get("MAX_ROWS"), MAX_ROWS)),
    )


def positive(value: Any, default: float) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    return value if is_number else default
