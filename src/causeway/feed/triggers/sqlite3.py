"""The log of an SQLite file: one writer at a time, so ids are in the order of commits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from causeway.feed.keys import BYTES, Watched
from causeway.feed.triggers.base import EPOCH, LOG, MARKS, OURS, Triggers

NEW_COLUMN = re.compile(r'"(?:[^"]|"")+"')


class SQLiteTriggers(Triggers):
    def log_statements(self) -> list[str]:
        now = "(julianday('now'))"
        return [
            # AUTOINCREMENT: an id is never given twice. The stamp tells a row from one that a backup lacks.
            f"CREATE TABLE IF NOT EXISTS {LOG} (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL DEFAULT {now}, "
            f"stamp INTEGER NOT NULL DEFAULT (random()), tbl TEXT NOT NULL, k)",
            f"CREATE TABLE IF NOT EXISTS {MARKS} (n INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL DEFAULT {now}, "
            f"stamp INTEGER NOT NULL DEFAULT (random()), position TEXT NOT NULL, is_pruned INTEGER NOT NULL DEFAULT 0)",
            f"CREATE TABLE IF NOT EXISTS {EPOCH} (id INTEGER PRIMARY KEY, epoch TEXT NOT NULL)",
            f"INSERT OR IGNORE INTO {EPOCH} VALUES (1, lower(hex(randomblob(16))))",
        ]

    def key(self, table: Watched, row: str) -> str:
        parts = [
            f"hex({row}.{self.name(name)})" if kind == BYTES else f"{row}.{self.name(name)}"
            for name, kind in table.key
        ]
        return parts[0] if len(parts) == 1 else f"json_array({', '.join(parts)})"

    def bodies(self, table: Watched) -> dict[str, str]:
        old, new = self.old_and_new(table)
        log = f"INSERT INTO {LOG} (tbl, k)"
        name = self.literal(table.name)
        bodies = {
            "insert": f"{log} VALUES ({name}, {new});",
            "update": f"{log} VALUES ({name}, {new}); "
            f"{log} SELECT {name}, {old} WHERE {old} IS NOT {new} COLLATE BINARY;",
            "delete": f"{log} VALUES ({name}, {old});",
        }
        # What REPLACE takes away to make room is deleted without a trigger.
        displaced = " ".join(
            f"{log} SELECT {name}, {self.key(table, 't')} FROM {self.name(table.name)} t WHERE {condition};"
            for condition in self.unique_conditions(table)
        )
        if displaced:
            bodies |= {"displace_insert": displaced, "displace_update": displaced}
        return bodies

    # When each trigger runs.
    EVENTS = {
        "insert": "AFTER INSERT",
        "update": "AFTER UPDATE",
        "delete": "AFTER DELETE",
        "displace_insert": "BEFORE INSERT",
        "displace_update": "BEFORE UPDATE",
    }

    def unique_conditions(self, table: Watched) -> Iterator[str]:
        """For each unique index but the key's, when a row ``t`` is in the way of NEW."""
        key = [column.name for column in table.key]
        with self.connection.cursor() as cursor:
            cursor.execute(
                'SELECT name, partial FROM pragma_index_list(%s) WHERE "unique" ORDER BY name', [table.name]
            )
            for index, _ in cursor.fetchall():
                cursor.execute("SELECT name FROM pragma_index_info(%s) ORDER BY seqno", [index])
                columns = [column for (column,) in cursor.fetchall()]
                if None in columns:
                    yield from self.of_expression(cursor, index)
                elif columns != key:
                    yield " AND ".join(
                        f"t.{self.name(column)} = NEW.{self.name(column)}" for column in columns
                    )

    def of_expression(self, cursor: Any, index: str) -> Iterator[str]:
        """The condition of an index of expressions: as Django writes them, with each column in quotes."""
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [index])
        _, _, rest = cursor.fetchone()[0].partition(" ON ")
        expressions = in_parentheses(rest)
        if expressions:
            of_new = NEW_COLUMN.sub(lambda match: f"NEW.{match[0]}", expressions)
            yield f"({expressions}) = ({of_new})"

    def create_statements(self, table: Watched, prefix: str, bodies: dict[str, str]) -> list[str]:
        return [
            f"CREATE TRIGGER {self.name(f'{prefix}_{what}')} {self.EVENTS[what]} ON {self.name(table.name)} "
            f"BEGIN {body} END"
            for what, body in bodies.items()
        ]

    def found(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
            for table, name in cursor.fetchall():
                if OURS.fullmatch(name):
                    found.setdefault(table, set()).add(name)
        return found

    def drop_statements(self, table: str, names: Iterable[str]) -> list[str]:
        return [f"DROP TRIGGER {self.name(name)}" for name in sorted(names)]


def in_parentheses(text: str) -> str:
    """What stands in the first parentheses of a text, with those within."""
    begin = text.find("(")
    depth = 0
    for position in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return text[begin + 1 : position]
    return ""
