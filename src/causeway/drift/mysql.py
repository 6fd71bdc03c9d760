from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from causeway.drift.catalog import Catalog, Column, LiveTable, in_one_way

TABLES = """
    SELECT table_name, table_type = 'VIEW'
    FROM information_schema.tables
    WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name IN %s
"""
COLUMNS = """
    SELECT table_name, column_name, column_type, is_nullable, column_default, extra, collation_name
    FROM information_schema.columns
    WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name IN %s
    ORDER BY table_name, ordinal_position
"""
UNIQUES = """
    SELECT table_name, index_name, column_name, sub_part
    FROM information_schema.statistics
    WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name IN %s AND non_unique = 0
"""

# What the server turns into another word.
SYNONYMS = {
    r"integer\b": "int",
    r"(numeric|dec|fixed)\b": "decimal",
    r"(double precision|real)\b": "double",
    r"bool(ean)?\b": "tinyint(1)",
    r"geometrycollection\b": "geomcollection",
}


class MySQLCatalog(Catalog):
    texts_end = True

    def tables(self, names: Collection[str]) -> dict[str, LiveTable]:
        if not names:
            return {}
        found = {self.table_key(name): LiveTable(bool(is_view)) for name, is_view in self.rows(TABLES, names)}
        for table, *row in self.rows(COLUMNS, names):
            column = column_of(*row)
            found[self.table_key(table)].columns[self.column_key(column.name)] = column
        indexes: dict[tuple[str, str], list[tuple[str | None, int | None]]] = {}
        for table, index, column_name, prefix in self.rows(UNIQUES, names):
            indexes.setdefault((table, index), []).append((column_name, prefix))
        for (table, index), parts in indexes.items():
            # A part is a column, the first bytes of one, or an expression.
            whole = all(name and prefix is None for name, prefix in parts)
            columns = frozenset(self.column_key(name) for name, _ in parts if name) if whole else None
            if index == "PRIMARY":
                found[self.table_key(table)].primary_key = columns or frozenset()
            else:
                found[self.table_key(table)].uniques[index] = columns
        return found

    def rows(self, sql: str, names: Collection[str]) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, [self.namespace, tuple(names)])
            return list(cursor.fetchall())

    def type_key(self, text: str) -> str:
        text = in_one_way(text)
        for pattern, word in SYNONYMS.items():
            text = re.sub(f"^{pattern}", word, text)
        if text == "json" and self.connection.mysql_is_mariadb:
            return "longtext"
        return without_width(text)


def without_width(text: str) -> str:
    """A type without its display width, which means nothing and is left out by MySQL; but (1) is a boolean's mark."""
    return text if text == "tinyint(1)" else re.sub(r"^(\w*int)\(\d+\)", r"\1", text)


def column_of(
    name: str, type: str, nullable: str, default: str | None, extra: str, collation: str | None
) -> Column:
    extra = extra.lower()
    return Column(
        name=name,
        type=without_width(type),
        null=nullable == "YES",
        # MariaDB writes the absent default of a column that may be null as a word.
        default=default not in {None, "NULL"},
        auto="auto_increment" in extra,
        generated=bool(re.search(r"\b(stored|virtual|persistent) generated\b", extra)),
        collation=collation,
    )
