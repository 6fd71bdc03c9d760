"""The core rows that stand in for a table in one statement."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models.expressions import Col
from django.utils.functional import cached_property

from causeway.placements.staged.content_types import ContentTypeIds
from causeway.placements.staged.placement import relation_name
from causeway.placements.staged.relation import Column, Relation
from causeway.placements.staged.report import StagedTable
from causeway.placements.staged.transport import Stored, readers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from causeway.homes import Table


class Supply:
    """The rows of one core table that a statement is given, each once.

    ``is_whole`` says that they are all there are, ``has_key`` that no two have the same primary key: a view may be
    declared to have one.
    """

    def __init__(
        self, connection: Any, table: Table, columns: set[str], keys: set[str], *, has_key: bool = True
    ) -> None:
        assert table.model is not None and table.home is not None
        self.connection = connection
        self.table = table
        self.home = table.home
        model: Any = table.model
        self.model: Any = model._meta.concrete_model
        opts = self.model._meta
        pk = [field.column for field in opts.pk_fields]
        wanted = columns | set(pk)
        self.fields: list[Any] = [field for field in opts.local_concrete_fields if field.column in wanted]
        names = [field.column for field in self.fields]
        self.keys = keys.intersection(names)
        self.key_of = itemgetter(*map(names.index, pk))
        self.has_key = has_key
        self.rows: dict[Any, tuple[Any, ...]] = {}
        self.is_whole = False
        nullable = table.mapped.nullable if table.mapped else {}
        # The positions of ids of content types, and whether NULL is allowed there.
        self.mapped = {position: nullable[name] for position, name in enumerate(names) if name in nullable}
        self.vehicle = "inline"
        self.temporary: str | None = None
        # How many rows, and of how many bytes, went to the temporary table as core's server wrote them.
        self.shipped: tuple[int, int] | None = None
        self.steps: list[str] = []
        self.estimated: int | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(Column(field.column, field) for field in self.fields)

    def select(self, alias: str) -> list[Col]:
        return [Stored(alias, field) for field in self.fields]

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows as the driver of core gives them."""
        assert self.shipped is None, "What was shipped is all of it."
        read = readers(connections[self.home], self.columns, self.connection)
        if any(read):
            conversions = [(position, convert) for position, convert in enumerate(read) if convert]
            rows = (converted(row, conversions) for row in rows)
        if self.mapped:
            rows = self.with_own_ids(rows)
        key_of = self.key_of
        rows = map(tuple, rows)
        self.rows.update(((key_of(row), row) for row in rows) if self.has_key else numbered(rows))
        self.temporary = None

    def copied(self) -> Any:
        """What ``restore()`` takes to have the rows be those that there are now."""
        return dict(self.rows)

    def restore(self, rows: Any) -> None:
        self.rows = rows
        self.temporary = None

    def with_keys(self, rows: Iterable[tuple[Any, ...]], column: str, keys: Iterable[Any]) -> Any:
        """Those of the rows, as the driver of core gives them, that have one of the keys in a column."""
        position, wanted = self.position(column), set(keys)
        return [row for row in rows if row[position] in wanted]

    def position(self, column: str) -> int:
        """Where a column stands in the rows."""
        return [field.column for field in self.fields].index(column)

    @cached_property
    def own_ids(self) -> dict[Any, Any]:
        return ContentTypeIds(self.home, ()).own_ids

    def with_own_ids(self, rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        """The rows with the child's ids of content types; without those whose content type it does not have."""
        for row in rows:
            values = list(row)
            for position, nullable in self.mapped.items():
                values[position] = self.own_ids.get(values[position])
                if values[position] is None and not nullable:
                    break
            else:
                yield tuple(values)

    def values(self, column: str) -> set[Any]:
        """The values of one of its columns."""
        position = self.position(column)
        return {row[position] for row in self.rows.values()}

    def number_with(self, others: Collection[Supply]) -> int:
        """How many rows these are, together with those of other supplies of the table."""
        every = [self, *others]
        shipped = [supply.shipped[0] for supply in every if supply.shipped]
        together = set().union(*(supply.rows for supply in every)) if others else self.rows
        return max(len(together), *shipped, 0)

    def relation(self) -> Relation:
        return self.relation_of(list(self.rows.values()))

    def relation_of(self, rows: list[tuple[Any, ...]]) -> Relation:
        name = relation_name(self.connection, self.table)
        return Relation(name, self.columns, rows, frozenset(self.keys), has_key=self.has_key)

    def told(self) -> StagedTable:
        """What is reported of it."""
        rows, total = self.shipped or (
            len(self.rows),
            sum(sum(map(size, row)) for row in self.rows.values()),
        )
        return StagedTable(
            home=self.home,
            table=str(self.table),
            columns=[field.column for field in self.fields],
            vehicle=self.vehicle,
            reduction="; ".join(self.steps),
            estimated=self.estimated,
            rows=rows,
            bytes=total,
        )


def numbered(rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, tuple[Any, ...]]]:
    """The rows by themselves; of those that are the same, by their numbers as well."""
    times: Counter[str] = Counter()
    for row in rows:
        # Some values cannot be hashed.
        name = repr(row)
        times[name] += 1
        yield (name, times[name]), row


def converted(row: tuple[Any, ...], conversions: list[tuple[int, Any]]) -> tuple[Any, ...]:
    values = list(row)
    for position, convert in conversions:
        values[position] = convert(values[position])
    return tuple(values)


def size(value: Any) -> int:
    """About how many bytes a value takes."""
    if isinstance(value, (str, bytes)):
        return len(value)
    return 0 if value is None else 8
