"""Comparing a copy with core, row by row, chunk by chunk: each in the snapshot of a round, so nothing is in between."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from causeway.backends.base.columns import kind, stored
from causeway.mirror.reader import Key, Reader
from causeway.mirror.state import WHOLE, TableState
from causeway.mirror.tables import mirror_name

if TYPE_CHECKING:
    from causeway.mirror.rounds import Round


class Verification:
    """What a round compares."""

    def __init__(self, round: Round, limit: int, wanted: str | None = None) -> None:
        self.round = round
        self.limit = limit
        self.wanted = wanted

    def table(self) -> TableState | None:
        """The table that was begun, else the one that was not compared for the longest time."""
        whole = [
            state
            for state in self.round.known.values()
            if state.state == WHOLE and self.wanted in {None, state.name}
        ]
        return min(whole, key=lambda state: (not state.verified, state.verified_at or 0), default=None)

    def run(self) -> None:
        state = self.table()
        if state is not None and self.limit:
            self.round.guarded(state.name, self.verify, state)

    def verify(self, state: TableState) -> None:
        """Compare the next chunk of a table. It becomes suspect where it differs."""
        reader = self.round.follower.reader(state.name)
        table = reader.table
        own = Reader(table, self.round.child, self.round.child.connection)
        own.from_sql = f"FROM {own.name(mirror_name(state.home, state.name, state.generation))}"
        last = table.codec.values(json.loads(state.verified)) if state.verified else None
        rows = reader.after(last, self.limit)
        upto = reader.key_of(rows[-1]) if len(rows) == self.limit else None
        differing = self.differing(reader, own, rows, last, upto)
        outcome = self.round.outcome
        outcome.verified[state.name] = len(rows)
        if differing:
            self.round.suspect(state.name, f"{differing} of {len(rows)} rows compared differ from core")
        elif upto is None:
            state.verified, state.verified_at = "", time.time()
        else:
            state.verified = json.dumps(table.codec.text(upto))

    def differing(
        self, reader: Reader, own: Reader, rows: Sequence[Any], last: Key | None, upto: Key | None
    ) -> int:
        comparable = comparers(reader)
        there = by_key(reader, rows, comparable)
        if is_ordered_alike(reader):
            sql, params = own.chunk(last, upto)
            here = by_key(own, own.core.execute(f"SELECT {own.selected} {sql}", params), comparable)
            extra = 0
        else:
            # Texts are ordered otherwise here.
            here = by_key(own, list(own.with_keys(list(there))), comparable)
            here = {key: row for key, row in here.items() if key in there}
            extra = abs(count(own) - count(reader)) if upto is None else 0
        if here == there:
            return extra
        keys = here.keys() | there.keys()
        return sum(here.get(key) != there.get(key) for key in keys) + extra


def count(reader: Reader) -> int:
    return int(reader.core.one(f"SELECT count(*) {reader.from_sql}")[0])


def is_ordered_alike(reader: Reader) -> bool:
    """Whether any two databases have these keys in one order."""
    return all(
        "Integer" in name or "AutoField" in name
        for name in (stored(column.field).get_internal_type() for column in reader.table.key)
    )


def comparers(reader: Reader) -> list[int]:
    """The positions of columns whose texts may differ where their values do not."""
    connection = reader.core.connection
    return [
        position
        for position, column in enumerate(reader.table.columns)
        if kind(stored(column.field), connection) == "JSONField"
    ]


def by_key(reader: Reader, rows: Sequence[Any], of_json: Sequence[int]) -> dict[Key, tuple[Any, ...]]:
    canonical = reader.canonical(rows)
    if of_json:
        canonical = [
            tuple(
                json.loads(value) if position in of_json and isinstance(value, (str, bytes)) else value
                for position, value in enumerate(row)
            )
            for row in canonical
        ]
    return dict(zip(map(reader.key_of, rows), canonical, strict=True))
