"""Rows of a core table, read for a copy in the child's database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from causeway.feed.session import Session
from causeway.mirror.tables import Followed
from causeway.placements.staged.relation import Relation
from causeway.placements.staged.transport import as_it_travels, readers

Key = tuple[Any, ...]
AT_ONCE = 500


class Reader:
    """Reads one core table over a session; what it gives is ready for the child's connection."""

    def __init__(self, table: Followed, core: Session, child: Any) -> None:
        self.table = table
        self.core = core
        self.name = core.name
        connection = core.connection
        self.readers = readers(connection, table.columns, child)
        self.exact_readers = readers(connection, table.columns)
        self.key_readers = readers(connection, table.key)
        names = [column.name for column in table.columns]
        self.key_positions = [names.index(column.name) for column in table.key]
        self.selected_columns = [
            as_it_travels(column.field, self.name(column.name)) for column in table.columns
        ]
        self.selected = ", ".join(self.selected_columns)
        self.key_sql = [self.name(column.name) for column in table.key]
        self.from_sql = f"FROM {self.name(table.name)}"

    def key_of(self, row: Sequence[Any]) -> Key:
        """The canonical key of a row as core's driver returns it."""
        return tuple(
            row[position] if read is None else read(row[position])
            for position, read in zip(self.key_positions, self.key_readers, strict=True)
        )

    def carried(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """Rows as the child's connection takes them for canonical values."""
        return converted(rows, self.readers)

    def canonical(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        return converted(rows, self.exact_readers)

    def params(self, keys: Sequence[Key]) -> list[Any]:
        """Keys as core's driver is given them, one value after the other."""
        relation = Relation(self.table.name, self.table.key, list(keys))
        return [value for row in zip(*self.core.ops.written(relation), strict=True) for value in row]

    @property
    def row_sql(self) -> str:
        """The key as one value."""
        return self.key_sql[0] if len(self.key_sql) == 1 else f"({', '.join(self.key_sql)})"

    @property
    def place_sql(self) -> str:
        return "%s" if len(self.key_sql) == 1 else f"({', '.join(['%s'] * len(self.key_sql))})"

    def in_keys(self, number: int) -> str:
        places = ", ".join([self.place_sql] * number)
        is_values = len(self.key_sql) > 1 and self.core.vendor == "sqlite"
        return f"{self.row_sql} IN ({'VALUES ' if is_values else ''}{places})"

    def with_keys(self, keys: Sequence[Key], upto: Key | None = None) -> Iterator[Sequence[Any]]:
        """The rows that have these keys now; with ``upto``, those among them up to that key."""
        limit, limit_params = "", []
        if upto is not None:
            limit, limit_params = f" AND {self.row_sql} <= {self.place_sql}", self.params([upto])
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            sql = f"SELECT {self.selected} {self.from_sql} WHERE {self.in_keys(len(some))}{limit}"
            yield from self.core.execute(sql, [*self.params(some), *limit_params])

    def missing(self, keys: Sequence[Key]) -> list[Key]:
        """Those of the keys that no row has now."""
        found = set()
        selected = ", ".join(self.key_sql)
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            rows = self.core.execute(
                f"SELECT {selected} {self.from_sql} WHERE {self.in_keys(len(some))}", self.params(some)
            )
            found.update(converted(rows, self.key_readers))
        return [key for key in keys if key not in found]

    def after(self, last: Key | None, limit: int) -> Sequence[Sequence[Any]]:
        """The next rows in the order of the key."""
        sql, params = self.chunk(last, None)
        return self.core.execute(f"SELECT {self.selected} {sql} {self.order_sql} LIMIT {limit}", params)

    def chunk(self, last: Key | None, upto: Key | None) -> tuple[str, list[Any]]:
        """From where rows after a key are selected, up to another one."""
        conditions, params = [], []
        for key, comparison in ((last, ">"), (upto, "<=")):
            if key is not None:
                conditions.append(f"{self.row_sql} {comparison} {self.place_sql}")
                params += self.params([key])
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"{self.from_sql}{where}", params

    @property
    def order_sql(self) -> str:
        return f"ORDER BY {', '.join(self.key_sql)}"

    def key_after(self, last: Key | None, number: int) -> Key | None:
        """The key of so many rows further on; None where there are no more."""
        sql, params = self.chunk(last, None)
        rows = self.core.execute(
            f"SELECT {', '.join(self.key_sql)} {sql} {self.order_sql} LIMIT 1 OFFSET {number - 1}", params
        )
        return converted(rows, self.key_readers)[0] if rows else None


def converted(rows: Sequence[Sequence[Any]], reads: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows with each value read by the reader of its column."""
    if not rows or all(read is None for read in reads):
        return [tuple(row) for row in rows]
    columns = [
        values if read is None else list(map(read, values))
        for read, values in zip(reads, zip(*rows, strict=True), strict=True)
    ]
    return list(zip(*columns, strict=True))
