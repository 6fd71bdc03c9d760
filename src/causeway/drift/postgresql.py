from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django.db import DatabaseError, transaction

from causeway.drift.catalog import Catalog, Column, LiveTable

# The tables meant: those of a schema, or those that a bare name finds.
MEANT = """
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace {joins}
    WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND c.relname = ANY(%s)
        AND CASE WHEN %s::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = %s END
"""
TABLES = "SELECT c.relname, c.relkind IN ('f', 'm', 'v') " + MEANT.format(joins="")
COLUMNS = """
    SELECT c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
        a.attidentity <> '' OR COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%', false),
        a.attgenerated <> '', d.adbin IS NOT NULL, collations.collname
""" + MEANT.format(
    joins="""
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_catalog.pg_collation collations ON collations.oid = a.attcollation
    """
)
UNIQUES = """
    SELECT c.relname, x.relname, i.indisprimary, i.indpred IS NULL AND i.indexprs IS NULL, ARRAY(
        SELECT a.attname::text FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum = ANY((i.indkey::int2[])[0:i.indnkeyatts - 1])
    )
""" + MEANT.format(
    joins="""
        JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisunique AND i.indisvalid
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    """
)


class PostgreSQLCatalog(Catalog):
    def __init__(self, connection: Any, namespace: str | None = None) -> None:
        super().__init__(connection, namespace)
        self.type_keys: dict[str, str] = {}

    def tables(self, names: Collection[str]) -> dict[str, LiveTable]:
        found = {name: LiveTable(is_view) for name, is_view in self.rows(TABLES, names)}
        for table, name, type, null, auto, generated, default, collation in self.rows(COLUMNS, names):
            found[table].columns[name] = Column(
                name=name,
                type=type,
                null=null,
                default=default and not generated,
                auto=auto,
                generated=generated,
                collation=collation,
            )
        for table, index, is_primary, whole, columns in self.rows(UNIQUES, names):
            if is_primary:
                found[table].primary_key = frozenset(columns)
            else:
                found[table].uniques[index] = frozenset(columns) if whole else None
        return found

    def rows(self, sql: str, names: Collection[str]) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, [list(names), self.namespace, self.namespace])
            return list(cursor.fetchall())

    def column_key(self, name: str) -> str:
        key: str = self.connection.ops.stored_name(name)
        return key

    def type_key(self, text: str) -> str:
        if text not in self.type_keys:
            # to_regtype() knows every spelling of a name; it leaves out the modifiers.
            modifiers = "".join(re.findall(r"\([^)]*\)", text)).replace(" ", "").lower()
            self.type_keys[text] = f"{self.type_name(text) or text.lower()} {modifiers}".strip()
        return self.type_keys[text]

    def type_name(self, text: str) -> str | None:
        # A word of CREATE TABLE for a type with a counter.
        text = re.sub(r"^(big|small|)serial$", r"\1int", text, flags=re.IGNORECASE)
        try:
            with transaction.atomic(self.connection.alias), self.connection.cursor() as cursor:
                cursor.execute("SELECT typname FROM pg_catalog.pg_type WHERE oid = to_regtype(%s)", [text])
                row = cursor.fetchone()
        except DatabaseError:
            return None  # no type alone
        return row[0] if row else None
