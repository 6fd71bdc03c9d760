from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from causeway.drift.catalog import Catalog, Column, LiveTable, in_one_way
from causeway.names import quoted

# What stands between the name of a column and a word of its definition: anything but the
# comma that ends it.
REST = r"(?:[^,()]|\((?:[^()]|\([^()]*\))*\))*?"


class SQLiteCatalog(Catalog):
    def tables(self, names: Collection[str]) -> dict[str, LiveTable]:
        found = {}
        for name, kind, sql in self.rows(f"SELECT name, type, sql FROM {self.schema}.sqlite_master"):
            key = self.table_key(name)
            if kind in {"table", "view"} and key in names:
                found[key] = self.table(name, kind == "view", sql)
        return found

    def table(self, name: str, is_view: bool, sql: str) -> LiveTable:
        table = LiveTable(is_view)
        rows = self.pragma("table_xinfo", name)
        keys = [row[1] for row in rows if row[5]]
        table.primary_key = frozenset(map(self.column_key, keys))
        for _, column, type, not_null, default, _, hidden in rows:
            if hidden == 1:
                continue  # of a virtual table
            table.columns[self.column_key(column)] = Column(
                name=column,
                type=type.lower(),
                null=not not_null,
                default=default is not None and default.upper() != "NULL",
                # The one that is another name for the row's number.
                auto=keys == [column] and type.upper() == "INTEGER",
                generated=hidden in {2, 3},
                collation=None if is_view else collation(sql, column),
            )
        for _, index, unique, origin, partial in self.pragma("index_list", name):
            if unique and origin != "pk":
                columns = [row[2] for row in self.pragma("index_info", index)]
                whole = not partial and None not in columns  # None: an expression
                table.uniques[index] = frozenset(map(self.column_key, columns)) if whole else None
        return table

    @property
    def schema(self) -> str:
        return quoted(self.connection.ops, self.namespace or "main")

    def pragma(self, pragma: str, argument: str) -> list[tuple[Any, ...]]:
        # As a table, it takes the names that the file has as parameters.
        return self.rows(f"SELECT * FROM pragma_{pragma}(%s, %s)", [argument, self.namespace or "main"])

    def rows(self, sql: str, params: Collection[str] = ()) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            return list(cursor.execute(sql, params or None).fetchall())

    def type_key(self, text: str) -> str:
        return re.sub("^int$", "integer", in_one_way(text))


def collation(sql: str, column: str) -> str:
    """The collation of a column of the table that the statement made."""
    name = rf"""["`\[]?{re.escape(column)}["`\]]?"""
    found = re.search(rf"""[,(]\s*{name}\s{REST}\bCOLLATE\s+["']?(\w+)""", sql, re.IGNORECASE)
    return found[1] if found else "BINARY"
