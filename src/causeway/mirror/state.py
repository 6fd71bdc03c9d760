"""What the child's database keeps of its mirrors, read and written over a connection of its own."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from causeway.feed.session import Session
from causeway.mirror.models import MirrorPosition, MirrorTable, Tombstone

COPYING, WHOLE, SUSPECT, WATCHED = "copying", "whole", "suspect", "watched"

POSITIONS = MirrorPosition._meta.db_table
TABLES = MirrorTable._meta.db_table
TOMBSTONES = Tombstone._meta.db_table


@dataclass
class TableState:
    """A row of ``MirrorTable``."""

    home: str
    name: str
    state: str
    reason: str = ""
    generation: int = 0
    digest: str = ""
    definition: str = ""
    copied: str = ""
    verified: str = ""
    since: float = 0
    verified_at: float | None = None
    version: int = 0

    def become(self, state: str, reason: str = "") -> None:
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason, self.since = state, reason, time.time()


class Grave(NamedTuple):
    """A row of ``Tombstone``."""

    id: int
    name: str
    key: str | None
    made_at: float


COLUMNS = [field.name for field in fields(TableState)]


@dataclass
class PositionState:
    """A row of ``MirrorPosition``."""

    home: str
    position: dict[str, Any] | None
    number: int = 0
    read_at: float | None = None
    complaint: str = ""


class State:
    """The rows of one core database."""

    def __init__(self, session: Session, home: str) -> None:
        self.session = session
        self.home = home
        name = session.name
        self.select = (
            f"SELECT home, position, number, read_at, complaint FROM {name(POSITIONS)} WHERE home = %s"
        )

    def begin(self) -> PositionState:
        """Begin a transaction that no other one overlaps which begins so."""
        is_sqlite = self.session.vendor == "sqlite"
        self.session.begin("BEGIN IMMEDIATE" if is_sqlite else "BEGIN")
        sql = self.select if is_sqlite else f"{self.select} FOR UPDATE"
        rows = self.session.execute(sql, [self.home])
        if not rows:
            self.make_row()
            rows = self.session.execute(sql, [self.home])
        return self.read_position(rows[0])

    def make_row(self) -> None:
        ignoring = {"postgresql": ("INSERT", " ON CONFLICT DO NOTHING"), "mysql": ("INSERT IGNORE", "")}
        insert, suffix = ignoring.get(self.session.vendor, ("INSERT OR IGNORE", ""))
        self.session.execute(
            f"{insert} INTO {self.session.name(POSITIONS)} (home, position, number, complaint) "
            f"VALUES (%s, '', 0, ''){suffix}",
            [self.home],
        )

    def peek(self) -> PositionState | None:
        """The position, without waiting for who holds it."""
        rows = self.session.execute(self.select, [self.home])
        return self.read_position(rows[0]) if rows else None

    @staticmethod
    def read_position(row: Any) -> PositionState:
        home, text, number, read_at, complaint = row
        return PositionState(home, json.loads(text) if text else None, number, read_at, complaint)

    def save_position(self, state: PositionState) -> None:
        self.session.execute(
            f"UPDATE {self.session.name(POSITIONS)} SET position = %s, number = %s, read_at = %s, complaint = %s "
            f"WHERE home = %s",
            [
                json.dumps(state.position) if state.position else "",
                state.number,
                state.read_at,
                state.complaint,
                self.home,
            ],
        )

    def tables(self) -> dict[str, TableState]:
        rows = self.session.execute(
            f"SELECT {', '.join(COLUMNS)} FROM {self.session.name(TABLES)} WHERE home = %s", [self.home]
        )
        return {row[1]: TableState(*row) for row in rows}

    def save_table(self, table: TableState) -> None:
        values = [getattr(table, column) for column in COLUMNS[2:]]
        assignments = ", ".join(f"{column} = %s" for column in COLUMNS[2:])
        self.session.execute(
            f"UPDATE {self.session.name(TABLES)} SET {assignments} WHERE home = %s AND name = %s",
            [*values, table.home, table.name],
        )

    def add_table(self, table: TableState) -> None:
        self.session.execute(
            f"INSERT INTO {self.session.name(TABLES)} ({', '.join(COLUMNS)}) "
            f"VALUES ({', '.join(['%s'] * len(COLUMNS))})",
            [getattr(table, column) for column in COLUMNS],
        )

    def start_verifying(self, name: str) -> None:
        self.session.execute(
            f"UPDATE {self.session.name(TABLES)} SET verified = '' WHERE home = %s AND name = %s",
            [self.home, name],
        )

    def forget_table(self, name: str) -> None:
        self.session.execute(
            f"DELETE FROM {self.session.name(TABLES)} WHERE home = %s AND name = %s", [self.home, name]
        )

    def bury(self, name: str, keys: list[str | None]) -> None:
        """Remember rows of core that are gone, until their local relations have been looked at; None for any."""
        now = time.time()
        self.session.many(
            f"INSERT INTO {self.session.name(TOMBSTONES)} (home, name, {self.session.name('key')}, made_at, next_at) "
            f"VALUES (%s, %s, %s, %s, %s)",
            [(self.home, name, json.dumps(key), now, now) for key in keys],
        )

    def graves(self, limit: int) -> list[Grave]:
        """Those that are due, the oldest first."""
        key = self.session.name("key")
        rows = self.session.execute(
            f"SELECT id, name, {key}, made_at FROM {self.session.name(TOMBSTONES)} "
            f"WHERE home = %s AND next_at <= %s ORDER BY next_at, id LIMIT {limit}",
            [self.home, time.time()],
        )
        return [Grave(number, name, json.loads(text), made_at) for number, name, text, made_at in rows]

    def visit_again(self, graves: list[Grave], seconds: float) -> None:
        """Have these be due again; those that have been there for so many seconds are forgotten."""
        now = time.time()
        table = self.session.name(TOMBSTONES)
        old = [(grave.id,) for grave in graves if now - grave.made_at >= seconds]
        rest = [
            (now + max(now - grave.made_at, 1), grave.id) for grave in graves if now - grave.made_at < seconds
        ]
        if old:
            self.session.many(f"DELETE FROM {table} WHERE id = %s", old)
        if rest:
            self.session.many(f"UPDATE {table} SET next_at = %s WHERE id = %s", rest)
