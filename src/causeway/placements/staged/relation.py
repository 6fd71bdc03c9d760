"""What is carried from core into one statement of the child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Field


class Column(NamedTuple):
    """A column that a statement reads, and the field of the core model that says its type."""

    name: str
    field: Field[Any, Any]


@dataclass
class Relation:
    """Rows that stand in for a core table in one statement."""

    name: str
    columns: tuple[Column, ...]
    # Values as ``transport.readers()`` gives them.
    rows: list[tuple[Any, ...]]
    # The names of columns by which it is joined.
    keys: frozenset[str] = frozenset()
    # Whether no two rows have the same primary key.
    has_key: bool = True
