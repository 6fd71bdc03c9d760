"""A round: one snapshot of core and one transaction of the child's own database.

After it, every copy is core as it was at one moment: no order of changes, no half transaction, and no
harm in doing it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, Error

from causeway.exceptions import CoreUnavailable
from causeway.feed.session import Session
from causeway.feed.sources import Head, Source
from causeway.feed.sources.base import PRUNED, Changes, Digest
from causeway.mirror.copying import FAILED, Copying
from causeway.mirror.reader import Key, Reader
from causeway.mirror.state import COPYING, SUSPECT, WATCHED, WHOLE, State, TableState
from causeway.mirror.store import Store, store_of
from causeway.mirror.tables import Followed, followed, mirror_name, referred_tables
from causeway.mirror.verification import Verification

logger = logging.getLogger("causeway.mirror")

# Every round after so many seconds also looks how core's tables are made, and says here that it has been.
LOOK_SECONDS = 1

NO_LOG = (
    "Cannot follow the core database {home!r}: it has no change log. Add 'causeway.feed' to INSTALLED_APPS of the core "
    "project, name the models in CAUSEWAY['feed']['MODELS'] there, and run migrate."
)


class TableFailed(Exception):
    """The rows of one table could not be read, or not be written here."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(name)
        self.name = name
        self.error = error


@dataclass
class Outcome:
    """What a round did."""

    # By table, the keys that were touched; None where all may have been.
    touched: dict[str, list[Key] | None] = field(default_factory=dict)
    # By table, the keys that are gone.
    gone: dict[str, list[Key]] = field(default_factory=dict)
    changes: int = 0
    copied: dict[str, int] = field(default_factory=dict)
    verified: dict[str, int] = field(default_factory=dict)
    # Whether there is a table that is still to be copied.
    is_copying: bool = False
    # Whether only a look at the log was taken.
    is_look: bool = False
    # Why what was followed is suspect, by table.
    suspected: dict[str, str] = field(default_factory=dict)


class Follower:
    """Runs rounds of one core database, over two connections that nobody else uses."""

    def __init__(self, home: str, core: Source, child: Session, alter: Any = None) -> None:
        self.home = home
        self.core = core
        self.child = child
        # Opens another session of the child's, for an engine whose DDL ends transactions.
        self.alter = alter
        self.state = State(child, home)
        self.tables: dict[str, Followed] = followed(home)
        self.obstacles = {name: why for name, table in self.tables.items() if (why := table.obstacle())}
        self.stores: dict[str, Store] = {
            name: store_of(table, child) for name, table in self.tables.items() if table.is_mirrored
        }
        self.readers: dict[str, Reader] = {}
        self.referred = referred_tables()
        # What the last round of this process left.
        self.position: dict[str, Any] | None = None
        self.looked_at = 0.0
        self.digested_at = 0.0
        self.digests: dict[str, Digest] = {}
        self.retired: set[tuple[str, int]] = set()

    def reader(self, name: str) -> Reader:
        if name not in self.readers:
            self.readers[name] = Reader(self.tables[name], self.core.session, self.child.connection)
        return self.readers[name]

    def round(self, copy: int = 0, force: bool = False, verify: int = 0, table: str | None = None) -> Outcome:
        """Look for what is new and take it over.

        Copy up to so many rows of a table that has no copy yet; compare up to so many of one, which ``table``
        may name. Raises the driver's error where one of the databases is away: then nothing was changed.
        """
        if not (force or copy or verify) and self.is_quiet():
            return Outcome(is_look=True)
        failed: dict[str, str] = {}
        while True:
            try:
                outcome = Round(self, copy, failed, verify, table).run()
                outcome.suspected |= failed
                return outcome
            except TableFailed as failure:
                if failure.name in failed:
                    raise failure.error from failure
                failed[failure.name] = f"{FAILED}: {' '.join(str(failure.error).split())}"
                logger.error(
                    "Cannot take over rows of %r from %r: %s", failure.name, self.home, failure.error
                )

    def is_quiet(self) -> bool:
        """Whether there is nothing to do, by one statement sent to core."""
        if self.position is None or time.monotonic() - self.looked_at >= LOOK_SECONDS:
            return False
        head = self.core.head(self.position)
        return (
            not head.has_news
            and head.mark == self.position["mark"]
            and head.epoch == self.position["epoch"]
            and head.server == self.core.trusted_server == self.position["server"]
            and head.knows_mark
            and not head.is_behind
        )

    def rollback(self) -> None:
        for session in (self.child, self.core.session):
            session.rollback()

    def close(self) -> None:
        self.rollback()
        for session in (self.child, self.core.session):
            session.connection.close()


class Round:
    """One round, while it runs."""

    def __init__(
        self, follower: Follower, copy: int, failed: dict[str, str], verify: int = 0, table: str | None = None
    ) -> None:
        self.follower = follower
        self.core = follower.core
        self.child = follower.child
        self.state = follower.state
        self.copy = copy
        self.failed = failed
        self.verification = Verification(self, verify, table)
        self.outcome = Outcome()
        self.now = time.time()

    def run(self) -> Outcome:
        try:
            self.position = self.state.begin()
            self.known = self.state.tables()
            self.before = {name: repr(table) for name, table in self.known.items()}
            self.list_tables()
            self.copying = Copying(self)
            self.head = self.begin_snapshot()
            changes = self.read_changes()
            self.look_at_tables()
            self.copying.prepare()
            self.take_over(changes)
            self.copying.copy()
            self.verification.run()
            self.core.end()
            self.save()
            self.child.commit()
        except BaseException:
            self.follower.rollback()
            raise
        follower = self.follower
        follower.position, follower.looked_at = self.position.position, time.monotonic()
        return self.outcome

    def begin_snapshot(self) -> Head:
        try:
            self.core.begin()
            head = self.core.head(self.position.position)
        except DatabaseError as error:
            if "causeway_" in str(error):
                raise CoreUnavailable(NO_LOG.format(home=self.follower.home)) from error
            raise
        if head.epoch is None:
            raise CoreUnavailable(NO_LOG.format(home=self.follower.home))
        return head

    def list_tables(self) -> None:
        """Have a state for each table that is followed, and none for others."""
        for name in set(self.known) - set(self.follower.tables):
            self.copying_forget(self.known.pop(name))
        for name, table in self.follower.tables.items():
            if name not in self.known:
                new = TableState(self.follower.home, name, SUSPECT, "it is new", since=self.now)
                self.known[name] = new
                self.state.add_table(new)
                self.before[name] = ""
            known = self.known[name]
            store = self.follower.stores.get(name)
            definition = store.definition() if store else ""
            if known.definition not in {"", definition}:
                self.suspect(name, "its model has changed here")
            if not table.is_mirrored and known.state in {COPYING, WHOLE}:
                self.suspect(name, "it is no longer mirrored")

    def copying_forget(self, table: TableState) -> None:
        self.state.forget_table(table.name)
        if table.generation and self.follower.alter is None:
            name = mirror_name(self.follower.home, table.name, table.generation)
            self.child.execute(f"DROP TABLE IF EXISTS {self.child.name(name)}")

    def suspect(self, name: str, reason: str, is_replaced: bool = False) -> None:
        """Have a table no longer be used, nor its log.

        With ``is_replaced`` core is another one than it was: what is missing there is nobody's deletion.
        """
        table = self.known[name]
        if table.state != SUSPECT:
            if not is_replaced and name in self.follower.referred:
                # What is deleted from now on may go unseen.
                self.state.bury(name, [None])
            logger.warning("The copy of %r of %r is suspect: %s.", name, self.follower.home, reason)
            self.outcome.suspected[name] = reason
            self.outcome.touched[name] = None
        table.become(SUSPECT, reason)

    # What is new

    def read_changes(self) -> Changes:
        """What the log has since the position, which is where reading begins if the log is another one."""
        for name, reason in self.failed.items():
            self.suspect(name, reason)
        position = self.position.position
        if position and (why := self.core.distrust(position, self.head)):
            for name in self.known:
                self.suspect(name, why, is_replaced=why != PRUNED)
            position = None
        if not position:
            self.core.trusted_server = self.head.server
            changes = Changes([], self.core.start(self.head))
        else:
            changes = self.core.changes(position, self.head)
        edge = position["edge"] if position and not changes.rows else changes.edge
        self.position.position = {
            "epoch": self.head.epoch,
            "server": self.head.server,
            "mark": self.head.mark,
            "at": changes.at,
            "edge": edge,
        }
        return changes

    def look_at_tables(self) -> None:
        """Look how core's tables are made: a trigger that is missing sees nothing."""
        follower = self.follower
        is_due = time.monotonic() - follower.digested_at >= LOOK_SECONDS
        if not (is_due or self.copy or any(table.state == SUSPECT for table in self.known.values())):
            self.digests = follower.digests
            return
        digests = follower.digests = self.core.digests(self.known.keys())
        follower.digested_at = time.monotonic()
        for name, table in self.known.items():
            digest = digests.get(name)
            if reason := self.follower.obstacles.get(name) or self.why_not(name, table, digest):
                self.suspect(name, reason)
            elif table.state == SUSPECT and not self.follower.tables[name].is_mirrored and digest:
                self.outcome.touched[name] = None
                table.digest, table.definition = digest.text, ""
                table.become(WATCHED)
        self.digests = digests

    @staticmethod
    def why_not(name: str, table: TableState, digest: Digest | None) -> str:
        """Why the log cannot tell every change of a table since its copy was made; nothing if it can."""
        if digest is None:
            return "core has no such table"
        if not digest.is_logged:
            return "core does not log its changes: name it in CAUSEWAY['feed']['MODELS'] there, and migrate"
        if table.state != SUSPECT and table.digest != digest.text:
            return "core's table or its triggers were made anew or altered"
        return ""

    # Taking it over

    def take_over(self, changes: Changes) -> None:
        by_table: dict[str, dict[Any, None]] = {}
        for name, key in changes.rows:
            if name in self.known:
                by_table.setdefault(name, {})[key] = None
        self.outcome.changes = len(changes.rows)
        for name, texts in by_table.items():
            if None in texts:
                self.suspect(name, "core's table was truncated")
            elif self.known[name].state != SUSPECT:
                self.guarded(name, self.take_over_keys, name, texts)

    def guarded(self, name: str, method: Any, *args: Any) -> Any:
        """Call what reads or writes rows of a table. Raises TableFailed where the table is to blame."""
        try:
            return method(*args)
        except Error as error:
            if any(is_lost(session) for session in (self.child, self.core.session)):
                raise
            raise TableFailed(name, error) from error

    def take_over_keys(self, name: str, texts: Iterable[Any]) -> None:
        table, state = self.follower.tables[name], self.known[name]
        codec = table.codec
        keys = list(dict.fromkeys(codec.values(text) for text in texts))
        reader = self.follower.reader(name)
        store = self.follower.stores.get(name)
        if store is None or state.state == WATCHED:
            gone = reader.missing(keys)
        else:
            gone = self.apply(reader, store, state, keys)
        if gone:
            self.outcome.gone[name] = gone
        if gone and name in self.follower.referred:
            self.state.bury(name, [codec.text(key) for key in gone])
        self.outcome.touched[name] = keys
        state.version = self.position.number + 1

    def apply(self, reader: Reader, store: Store, state: TableState, keys: Sequence[Key]) -> list[Key]:
        """Have the copy hold what core's table holds of these keys; those that it does not hold."""
        copy = mirror_name(state.home, state.name, state.generation)
        upto = self.copying.copied_upto(state)
        rows = list(reader.with_keys(keys, upto)) if upto is not self.copying.NOTHING else []
        found = {reader.key_of(row) for row in rows}
        rest = [key for key in keys if key not in found]
        # What is not copied yet is not there, or will come with its chunk.
        store.delete(copy, rest)
        store.upsert(copy, reader.carried(rows))
        return rest if state.state == WHOLE else reader.missing(rest)

    def save(self) -> None:
        """Write down how far this round has come."""
        self.position.read_at, self.position.complaint = self.now, ""
        if self.outcome.touched or self.outcome.copied:
            self.position.number += 1
        for name in self.outcome.touched:
            self.known[name].version = self.position.number
        self.state.save_position(self.position)
        for name, table in self.known.items():
            if repr(table) != self.before[name]:
                self.state.save_table(table)
        self.outcome.is_copying = any(
            table.state in {COPYING, SUSPECT} and self.copying.can_copy(name)
            for name, table in self.known.items()
        )


def is_lost(session: Session) -> bool:
    """Whether a connection no longer answers."""
    connection = session.connection
    return connection.connection is None or not connection.is_usable()
