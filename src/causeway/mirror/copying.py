"""The first copy of a table: chunks by its key, each in a round, between the changes of that moment.

A chunk is read in the snapshot of its round, as what has changed is: what was copied is core as it is
at that moment, always, and the table is whole with its last chunk. No lock is held in core.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from causeway.feed.session import Session
from causeway.mirror.state import COPYING, SUSPECT, WHOLE, TableState
from causeway.mirror.store import Store
from causeway.mirror.tables import mirror_name

if TYPE_CHECKING:
    from causeway.mirror.reader import Key, Reader
    from causeway.mirror.rounds import Round

# What ``copied`` says once all rows are there and only the indexes are missing.
DONE = "done"
# A copy that was replaced is kept for so many seconds: a query may have been compiled for it.
RETIRED_SECONDS = 60
# What the reason begins with where a table's rows could not be taken over, and after how long it is tried again.
FAILED = "its rows could not be taken over"
PATIENCE_SECONDS = 60


class Copying:
    """What a round does for tables that have no whole copy."""

    # That nothing was copied yet; no key, and not "all".
    NOTHING: Any = object()

    def __init__(self, round: Round) -> None:
        self.round = round
        self.follower = round.follower

    def can_copy(self, name: str) -> bool:
        """Whether a copy can be made of a table, as far as is known in this round."""
        digest = self.round.digests.get(name)
        state = self.round.known[name]
        return (
            name in self.follower.stores
            and name not in self.follower.obstacles
            and digest is not None
            and digest.is_logged
            and name not in self.round.failed
            and not (state.state == SUSPECT and is_resting(state))
        )

    def copied_upto(self, state: TableState) -> Any:
        """The last key that was copied; None for all of them."""
        if state.state == WHOLE or state.copied == DONE:
            return None
        if not state.copied:
            return self.NOTHING
        return self.key(state)

    def key(self, state: TableState) -> Key:
        return self.follower.tables[state.name].codec.values(json.loads(state.copied))

    def prepare(self) -> None:
        """Make the table of a copy, or the indexes of one that has its rows."""
        if not self.round.copy:
            return
        for name, state in self.round.known.items():
            if state.state == COPYING and state.copied == DONE:
                self.round.guarded(name, self.finish, self.follower.stores[name], state)
                return
        if any(state.state == COPYING for state in self.round.known.values()):
            return
        for name, state in self.round.known.items():
            if state.state == SUSPECT and self.can_copy(name):
                self.round.guarded(name, self.make, self.follower.stores[name], state)
                return
        self.drop_retired()

    def make(self, store: Store, state: TableState) -> None:
        """Make a table for a new copy beside the one there is, which a query may be reading."""
        state.generation += 1
        name = mirror_name(state.home, state.name, state.generation)
        self.alter(f"DROP TABLE IF EXISTS {store.name(name)}", store.create_sql(name))
        state.digest = self.round.digests[state.name].text
        state.definition = store.definition()
        state.copied = state.verified = ""
        state.become(COPYING)

    def finish(self, store: Store, state: TableState) -> None:
        self.alter(*store.index_sql(mirror_name(state.home, state.name, state.generation)))
        state.copied = ""
        state.become(WHOLE)
        self.round.outcome.touched[state.name] = None

    def drop_retired(self) -> None:
        for name, state in self.round.known.items():
            old = (name, state.generation - 1)
            is_due = state.state == WHOLE and time.time() - state.since > RETIRED_SECONDS
            if state.generation > 1 and is_due and old not in self.follower.retired:
                table = mirror_name(state.home, *old)
                self.alter(f"DROP TABLE IF EXISTS {self.follower.child.name(table)}")
                self.follower.retired.add(old)

    def alter(self, *statements: str) -> None:
        """Execute DDL, which on MySQL would end the transaction of the round."""
        if self.follower.alter is None:
            self.follower.child.run(statements)
            return
        with self.follower.alter() as connection:
            Session(connection).run(statements)

    def copy(self) -> None:
        """Copy the next chunk of the table that is being copied."""
        if not self.round.copy:
            return
        for name, state in self.round.known.items():
            if state.state == COPYING and state.copied != DONE:
                self.round.guarded(name, self.copy_chunk, name, state)
                return

    def copy_chunk(self, name: str, state: TableState) -> None:
        reader, store = self.follower.reader(name), self.follower.stores[name]
        last = self.key(state) if state.copied else None
        copy = mirror_name(state.home, name, state.generation)
        core = self.follower.core.session.connection
        if store.ops.ships_from(core, store.columns):
            number, upto = self.ship(reader, store, last, copy)
        else:
            rows = reader.after(last, self.round.copy)
            store.insert(copy, reader.carried(rows))
            number = len(rows)
            upto = reader.key_of(rows[-1]) if number == self.round.copy else None
        codec = self.follower.tables[name].codec
        state.copied = json.dumps(codec.text(upto)) if upto is not None else DONE
        self.round.outcome.copied[name] = number

    def ship(self, reader: Reader, store: Store, last: Key | None, copy: str) -> tuple[int, Key | None]:
        """Have core's server write the rows as this one reads them; how many, and the last key if there are more."""
        upto = reader.key_after(last, self.round.copy)
        sql, params = reader.chunk(last, upto)
        positions = ", ".join(
            f'{column} AS "{position}"' for position, column in enumerate(reader.selected_columns)
        )
        cursor = store.session.cursor()
        core = self.follower.core.session.connection
        number, _ = store.ops.ship(
            cursor, store.target(copy), store.columns, core, f"SELECT {positions} {sql}", params
        )
        cursor.close()
        return number, upto


def is_resting(state: TableState) -> bool:
    """Whether a table whose rows could not be taken over is to be left alone for a while."""
    return state.reason.startswith(FAILED) and time.time() - state.since < PATIENCE_SECONDS
