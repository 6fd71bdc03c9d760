"""The copy of a core table in the child's database.

Its only unique index is that of the key: rows that swap a unique value come in any order, and no
foreign key holds it. What core's constraints keep out never comes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Index, UniqueConstraint

from causeway.backends.base.columns import kind, stored
from causeway.feed.session import Session
from causeway.mirror.reader import Key
from causeway.mirror.tables import Followed
from causeway.placements.staged.relation import Column, Relation

Rows = Sequence[tuple[Any, ...]]
AT_ONCE = 500


class Store:
    """Makes, fills and changes the copies of one core table."""

    def __init__(self, table: Followed, session: Session) -> None:
        self.table = table
        self.session = session
        self.ops = session.ops
        self.name = session.name
        self.key_names = [self.name(column.name) for column in table.key]
        self.columns = list(table.columns)
        self.key_positions = [[c.name for c in self.columns].index(column.name) for column in table.key]
        self.column_names = [self.name(column.name) for column in self.columns]
        self.has_text_key = any(self.is_text(column) for column in table.key)

    def is_text(self, column: Column) -> bool:
        return kind(stored(column.field), self.session.connection) in {
            *("CharField", "SlugField", "TextField", "FileField", "FilePathField", "GenericIPAddressField"),
            *("JSONField", "BinaryField", None),
        }

    # What it is made of

    def create_sql(self, name: str) -> str:
        definitions = [
            f"{column} {self.type_of(each)}{' NOT NULL' if column in self.key_names else ''}"
            for each, column in zip(self.columns, self.column_names, strict=True)
        ]
        return f"CREATE TABLE {self.name(name)} ({', '.join([*definitions, *self.key_definition()])})"

    def type_of(self, column: Column) -> str:
        return str(self.ops.column_type(column.field))

    def key_definition(self) -> list[str]:
        return [f"PRIMARY KEY ({', '.join(self.key_names)})"]

    def index_sql(self, name: str) -> list[str]:
        """The indexes, made once the rows are there."""
        return [
            f"CREATE INDEX {self.name(f'{name}_{number}')} ON {self.name(name)} ({', '.join(map(self.name, columns))})"
            for number, columns in enumerate(self.indexed())
        ]

    def indexed(self) -> list[tuple[str, ...]]:
        """The columns of each index that the model has, unique there or not."""
        opts = self.table.model._meta
        found: dict[tuple[str, ...], None] = {}
        for column in self.columns:
            field: Any = column.field
            if (field.unique or field.db_index) and not field.primary_key:
                found[(column.name,)] = None
        groups: list[Sequence[str]] = list(opts.unique_together)
        groups += [index.fields for index in opts.indexes if type(index) is Index and index.fields]
        groups += [each.fields for each in opts.constraints if isinstance(each, UniqueConstraint)]
        for names in groups:
            columns = tuple(str(opts.get_field(name.removeprefix("-")).column) for name in names)
            if columns:
                found[columns] = None
        if self.has_text_key:
            found[tuple(column.name for column in self.table.key)] = None
        return list(found)

    def definition(self) -> str:
        """What tells this copy from one that another version of the model would have."""
        text = "\n".join([self.create_sql("mirror"), *self.index_sql("mirror")])
        return hashlib.sha256(text.encode()).hexdigest()

    # Rows

    def written(self, rows: Rows) -> list[tuple[Any, ...]]:
        """Rows of canonical values as the driver is given them. Raises PlacementError."""
        relation = Relation(self.table.name, tuple(self.columns), list(rows))
        return list(zip(*self.ops.written(relation), strict=True)) if rows else []

    def insert(self, name: str, rows: Rows) -> None:
        """Add rows whose keys are not there."""
        if rows:
            cursor = self.session.cursor()
            with self.session.connection.wrap_database_errors:
                self.fill(cursor, self.target(name), self.written(rows))
                cursor.close()

    def target(self, name: str) -> str:
        return f"{self.name(name)} ({', '.join(self.column_names)})"

    def fill(self, cursor: Any, target: str, rows: Rows) -> None:
        self.ops.fill(cursor, target, self.columns, rows)

    def upsert(self, name: str, rows: Rows) -> None:
        """Have the rows be there as they are, whatever was there of their keys."""
        if rows:
            self.session.many(self.upsert_sql(name), self.written(rows))

    def places(self) -> str:
        return ", ".join(self.ops.placeholder(column.field) for column in self.columns)

    def upsert_sql(self, name: str) -> str:
        raise NotImplementedError

    def delete(self, name: str, keys: Sequence[Key]) -> None:
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            self.session.execute(
                f"DELETE FROM {self.name(name)} WHERE {self.in_keys(len(some))}", self.key_params(some)
            )

    def in_keys(self, number: int) -> str:
        if len(self.key_names) == 1:
            return f"{self.key_names[0]} IN ({', '.join(['%s'] * number)})"
        row = f"({', '.join(['%s'] * len(self.key_names))})"
        values = "VALUES " if self.session.vendor == "sqlite" else ""
        return f"({', '.join(self.key_names)}) IN ({values}{', '.join([row] * number)})"

    def key_params(self, keys: Sequence[Key]) -> list[Any]:
        relation = Relation(self.table.name, self.table.key, list(keys))
        return [value for row in zip(*self.ops.written(relation), strict=True) for value in row]

    def rows(self, name: str, keys: Sequence[Key]) -> Iterator[tuple[Any, ...]]:
        """The rows of the copy with these keys, as the driver returns them."""
        from causeway.placements.staged.transport import as_it_travels

        selected = ", ".join(as_it_travels(column.field, self.name(column.name)) for column in self.columns)
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            yield from self.session.execute(
                f"SELECT {selected} FROM {self.name(name)} WHERE {self.in_keys(len(some))}",
                self.key_params(some),
            )

    def count(self, name: str) -> int:
        return int(self.session.one(f"SELECT count(*) FROM {self.name(name)}")[0])


class SQLiteStore(Store):
    def type_of(self, column: Column) -> str:
        declared = super().type_of(column)
        # So declared, the key is the number of the row.
        return "integer" if column.field.primary_key and "int" in declared.lower() else declared

    def key_definition(self) -> list[str]:
        # Texts that a declared collation takes for equal are two keys all the same.
        keys = [
            f"{name} COLLATE BINARY" if self.is_text(column) else name
            for name, column in zip(self.key_names, self.table.key, strict=True)
        ]
        return [f"PRIMARY KEY ({', '.join(keys)})"]

    def upsert_sql(self, name: str) -> str:
        return f"INSERT OR REPLACE INTO {self.target(name)} VALUES ({self.places()})"

    def in_keys(self, number: int) -> str:
        if not self.has_text_key:
            return super().in_keys(number)
        names = [f"{name} COLLATE BINARY" for name in self.key_names]
        row = f"({', '.join(['%s'] * len(names))})"
        return f"({', '.join(names)}) IN (VALUES {', '.join([row] * number)})"


class PostgreSQLStore(Store):
    def key_sql(self) -> str:
        return ", ".join(
            f'{name} COLLATE "C"'
            if self.has_text_key and self.is_text(column) and self.is_collatable(column)
            else name
            for name, column in zip(self.key_names, self.table.key, strict=True)
        )

    def is_collatable(self, column: Column) -> bool:
        declared = str(self.ops.bare_type(column.field)).lower()
        return declared.startswith(("varchar", "character", "text"))

    def key_definition(self) -> list[str]:
        return [] if self.has_text_key else super().key_definition()

    def create_sql(self, name: str) -> str:
        sql = super().create_sql(name)
        if self.has_text_key:
            sql += f"; CREATE UNIQUE INDEX ON {self.name(name)} ({self.key_sql()})"
        return sql

    def index_sql(self, name: str) -> list[str]:
        statements = []
        for columns in self.indexed():
            fields = {column.name: column.field for column in self.columns}
            of_texts = [column for column in columns if self.is_collatable(Column(column, fields[column]))]
            method = ""
            if any(not 0 < (getattr(fields[column], "max_length", None) or 0) <= 600 for column in of_texts):
                # A B-tree takes no long text.
                if len(columns) > 1:
                    continue
                method = " USING hash"
            names = ", ".join(map(self.name, columns))
            statements.append(f"CREATE INDEX ON {self.name(name)}{method} ({names})")
            if len(columns) == 1 and of_texts and not method:
                statements.append(f"CREATE INDEX ON {self.name(name)} ({names} text_pattern_ops)")
        return [*statements, f"ANALYZE {self.name(name)}"]

    def upsert(self, name: str, rows: Rows) -> None:
        if len(rows) < 20:
            super().upsert(name, rows)
            return
        cursor = self.session.cursor()
        with self.session.connection.wrap_database_errors:
            fresh = self.name("causeway_fresh")
            cursor.execute(f"CREATE TEMPORARY TABLE {fresh} (LIKE {self.name(name)}) ON COMMIT DROP")
            self.fill(cursor, f"{fresh} ({', '.join(self.column_names)})", self.written(rows))
            selected = ", ".join(self.column_names)
            cursor.execute(
                f"INSERT INTO {self.target(name)} SELECT {selected} FROM {fresh} {self.on_conflict()}"
            )
            cursor.execute(f"DROP TABLE {fresh}")
            cursor.close()

    def upsert_sql(self, name: str) -> str:
        return f"INSERT INTO {self.target(name)} VALUES ({self.places()}) {self.on_conflict()}"

    def on_conflict(self) -> str:
        others = [name for name in self.column_names if name not in self.key_names]
        if not others:
            return f"ON CONFLICT ({self.key_sql()}) DO NOTHING"
        assignments = ", ".join(f"{name} = EXCLUDED.{name}" for name in others)
        return f"ON CONFLICT ({self.key_sql()}) DO UPDATE SET {assignments}"


class MySQLStore(Store):
    """A key of texts is told by its digest: the collations of the engine take many texts for equal."""

    DIGEST = "causeway_key"

    def create_sql(self, name: str) -> str:
        return f"{super().create_sql(name)} ENGINE=InnoDB"

    def key_definition(self) -> list[str]:
        if not self.has_text_key:
            return super().key_definition()
        return [f"{self.DIGEST} binary(32) NOT NULL PRIMARY KEY"]

    def index_sql(self, name: str) -> list[str]:
        fields = {column.name: column.field for column in self.columns}
        added = [
            f"ADD INDEX ({', '.join(f'{self.name(c)}{self.ops.prefix(self.ops.bare_type(fields[c]))}' for c in columns)})"
            for columns in self.indexed()
        ]
        return [f"ALTER TABLE {self.name(name)} {', '.join(added)}"] if added else []

    def digest(self, key: Key) -> bytes:
        return hashlib.sha256("\0".join(map(str, key)).encode()).digest()

    def written(self, rows: Rows) -> list[tuple[Any, ...]]:
        written = super().written(rows)
        if not self.has_text_key:
            return written
        keys = [tuple(row[position] for position in self.key_positions) for row in written]
        return [(*row, self.digest(key)) for row, key in zip(written, keys, strict=True)]

    def target(self, name: str) -> str:
        names = [*self.column_names, *([self.DIGEST] if self.has_text_key else [])]
        return f"{self.name(name)} ({', '.join(names)})"

    def places(self) -> str:
        return super().places() + (", %s" if self.has_text_key else "")

    def fill(self, cursor: Any, target: str, rows: Rows) -> None:
        cursor.executemany(f"INSERT INTO {target} VALUES ({self.places()})", rows)

    def upsert_sql(self, name: str) -> str:
        # Another unique index would have this lose rows.
        assignments = ", ".join(f"{column} = VALUES({column})" for column in self.column_names)
        return (
            f"INSERT INTO {self.target(name)} VALUES ({self.places()}) ON DUPLICATE KEY UPDATE {assignments}"
        )

    def in_keys(self, number: int) -> str:
        if self.has_text_key:
            return f"{self.DIGEST} IN ({', '.join(['%s'] * number)})"
        return super().in_keys(number)

    def key_params(self, keys: Sequence[Key]) -> list[Any]:
        if not self.has_text_key:
            return super().key_params(keys)
        relation = Relation(self.table.name, self.table.key, list(keys))
        return [self.digest(key) for key in zip(*self.ops.written(relation), strict=True)]


STORES: dict[str, type[Store]] = {"mysql": MySQLStore, "postgresql": PostgreSQLStore, "sqlite": SQLiteStore}


def store_of(table: Followed, session: Session) -> Store:
    return STORES[session.vendor](table, session)
