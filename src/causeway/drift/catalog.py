"""What a database says of its tables, in the same words for every engine."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

# Where the type ends in what a field writes for it: MySQL's AUTO_INCREMENT is Django's own, the
# others are added by fields of projects.
CLAUSE = re.compile(
    r"\s+(?:AUTO_INCREMENT|CHARACTER SET|CHECK|COLLATE|COMMENT|DEFAULT|GENERATED|NOT NULL|NULL|ON UPDATE|UNIQUE)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Column:
    """A column of a live table; ``default`` tells whether an INSERT may leave it out."""

    name: str
    type: str
    null: bool
    default: bool
    auto: bool = False
    generated: bool = False
    collation: str | None = None


@dataclass
class LiveTable:
    """A table as it is. ``uniques`` has the columns of each unique index but the primary key's.

    They are None where the index covers not every row, or not whole columns. Of a view
    (and a foreign table), only the columns and their types are known.
    """

    is_view: bool = False
    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: frozenset[str] = frozenset()
    uniques: dict[str, frozenset[str] | None] = field(default_factory=dict)


class Catalog(ABC):
    """The tables of one database (PostgreSQL: schema), as a connection sees them.

    ``namespace`` qualifies their names in statements of the connection; None for its own.
    """

    # Whether a text without a length has one all the same.
    texts_end = False

    def __init__(self, connection: Any, namespace: str | None = None) -> None:
        self.connection = connection
        self.namespace = namespace

    @abstractmethod
    def tables(self, names: Collection[str]) -> dict[str, LiveTable]:
        """The tables among ``names`` that are there; names as ``table_key()`` gives them."""

    @abstractmethod
    def type_key(self, text: str) -> str:
        """The type that a field or the catalog writes this way: equal where the engine makes them equal."""

    def asked_type(self, field: Any) -> str:
        """The type that a field asks for; empty where it has no column."""
        asked: str = field.db_parameters(self.connection)["type"] or ""
        return CLAUSE.split(asked, maxsplit=1)[0]

    def column(self, tables: dict[str, LiveTable], field: Any) -> Column | None:
        """The live column of a field, if it is there."""
        table = tables.get(self.table_key(field.model._meta.db_table))
        return table.columns.get(self.column_key(field.column)) if table else None

    def table_key(self, name: str) -> str:
        """The name of a table, equal for all ways to write it."""
        key: str = self.connection.ops.table_key(name)
        return key

    def column_key(self, name: str) -> str:
        """The name of a column, equal for all ways to write it."""
        return name.lower()


def in_one_way(text: str) -> str:
    """The text of a type in lower case, with spaces between words alone."""
    text = " ".join(text.lower().split())
    return re.sub(r"\s+\)", ")", re.sub(r"\s*([(,])\s*", r"\1", text))
