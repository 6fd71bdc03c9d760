"""Whether a query may read the copy of a core table: it is whole, and has all that this process has written.

The rounds that this takes are run over connections of their own, by whichever thread needs one first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from django.core.signals import setting_changed
from django.db import Error, connections

from causeway.conf import LOCAL_ALIAS, cores
from causeway.contexts import holding
from causeway.feed.session import Session
from causeway.homes import Table
from causeway.mirror.rounds import Follower
from causeway.mirror.state import WHOLE, State, TableState
from causeway.mirror.sync import announce, following
from causeway.mirror.tables import mirror_name, mirrors
from causeway.transactions.connections import opened

# For so many seconds a state is taken for what it was.
STATE_LASTS = 1.0
# After a round that failed, tables are staged for so many seconds before the next one is tried.
PATIENCE = 1.0

# While it is set, core itself is read.
_reads_core: ContextVar[bool] = ContextVar("causeway_reads_core", default=False)


class Watcher:
    """What a process knows of the copies of one core database."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.lock = threading.Lock()
        # Connections of its own: to the child's database, and, once a round is run, to both.
        self.child = ExitStack()
        self.state_reader: State | None = None
        self.following = ExitStack()
        self.follower: Follower | None = None
        self.states: dict[str, TableState] = {}
        self.looked_at = float("-inf")
        # When somebody here wrote core last, when the last round began, and until when none is tried.
        self.wrote_at = float("-inf")
        self.began_at = float("-inf")
        self.rests_until = float("-inf")
        # Whether core could not be reached then.
        self.is_away = False

    def state(self, name: str) -> TableState | None:
        """The state of a table, with all that was committed here before; None where that cannot be known now."""
        asked_at = time.monotonic()
        if self.needs_round():
            if connections[LOCAL_ALIAS].in_atomic_block:
                # What is open there may keep a round from being committed, or from being seen.
                return None
            with self.lock:
                # The round of another thread may have begun since.
                if self.needs_round() and not self.is_covered():
                    return None
        if asked_at - self.looked_at > STATE_LASTS:
            with self.lock:
                if asked_at - self.looked_at > STATE_LASTS and not self.look():
                    return None
        return self.states.get(name)

    def needs_round(self) -> bool:
        return self.wrote_at > float("-inf") and self.began_at <= self.wrote_at

    def is_covered(self) -> bool:
        """Run a round, so that the copies have what was written; True also where core is away.

        Then nobody can read it, and the copies are what there is.
        """
        if time.monotonic() < self.rests_until:
            return self.is_away
        if self.run():
            return True
        self.rests_until = time.monotonic() + PATIENCE
        self.is_away = not can_reach(self.home)
        return self.is_away

    def run(self) -> bool:
        """Run a round; whether that could be done."""
        began_at = time.monotonic()
        try:
            outcome = self.opened().round()
            if not outcome.is_look or not self.states:
                self.states = self.opened().state.tables()
                self.looked_at = began_at
        except Error:
            self.close()
            return False
        self.began_at = began_at
        announce(self.opened(), outcome)
        return True

    def look(self) -> bool:
        """Read the states; whether that could be done."""
        try:
            if self.state_reader is None:
                session = Session(self.child.enter_context(opened(LOCAL_ALIAS)))
                session.connection.inc_thread_sharing()
                self.state_reader = State(session, self.home)
            self.states = self.state_reader.tables()
        except Error:
            self.close()
            return False
        self.looked_at = time.monotonic()
        return True

    def opened(self) -> Follower:
        if self.follower is None:
            self.follower = self.following.enter_context(following(self.home))
            for session in (self.follower.child, self.follower.core.session):
                # One thread after the other has the lock.
                session.connection.inc_thread_sharing()
        return self.follower

    def close(self) -> None:
        self.follower = self.state_reader = None
        for stack in (self.following, self.child):
            with suppress(Error):
                stack.close()


def can_reach(home: str) -> bool:
    try:
        with opened(home):
            return True
    except Error:
        return False


_watchers: dict[tuple[int, str], Watcher] = {}


def watcher(home: str) -> Watcher:
    """That of this process: a forked one has its own."""
    import os

    key = os.getpid(), home
    if key not in _watchers:
        _watchers[key] = Watcher(home)
    return _watchers[key]


def forget(*, setting: str = "CAUSEWAY", **kwargs: Any) -> None:
    if setting in {"CAUSEWAY", "DATABASES"}:
        for each in _watchers.values():
            each.close()
        _watchers.clear()


setting_changed.connect(forget, dispatch_uid="causeway.mirror.reading")


@contextmanager
def reading_core() -> Iterator[None]:
    """Meanwhile, the copies are not read: what is written next depends on what is found."""
    with holding(_reads_core, True):
        yield


def has_mirrors(home: str | None) -> bool:
    core = cores().get(home) if home else None
    return core is not None and bool(core.mirrored)


def note_write(connection: Any) -> None:
    """That a statement was sent to core which may change rows."""
    if has_mirrors(connection.alias):
        connection.wrote_mirrored = True
        watcher(connection.alias).wrote_at = time.monotonic()


def copy_of(table: Any) -> str | None:
    """The name of the copy of a core table that a query of the child's may read now; None where core is to be asked."""
    if not isinstance(table, Table) or not has_mirrors(table.home) or _reads_core.get():
        return None
    home = str(table.home)
    model = table.model
    if model is None or table.mapped is not None or not mirrors(home, model._meta.concrete_model or model):
        return None
    core: Any = connections[home]
    if core.in_atomic_block and getattr(core, "wrote_mirrored", False):
        # What was written in a block that is open is in core alone.
        return None
    if getattr(core, "wrote_mirrored", False):
        core.wrote_mirrored = False
        watcher(home).wrote_at = time.monotonic()
    state = watcher(home).state(str(table))
    if state is None or state.state != WHOLE:
        return None
    return mirror_name(home, str(table), state.generation)
