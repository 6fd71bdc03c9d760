"""Rounds in a process that follows its cores: once, or as a service."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from django.db import Error, connections

from causeway.conf import LOCAL_ALIAS, cores
from causeway.feed.session import Session
from causeway.feed.sources import source_on
from causeway.mirror.deletions import follow_deletions
from causeway.mirror.rounds import Follower, Outcome
from causeway.mirror.tables import followed
from causeway.signals import core_changed
from causeway.transactions.connections import opened

# Rows of a first copy that one round takes.
CHUNK = 10_000
PRUNE_SECONDS = 60
# What was deleted is looked at again where that is due.
VISIT_SECONDS = 1


def followed_homes() -> list[str]:
    """The core databases of which this project follows some table."""
    return [home for home in cores() if followed(home)]


@contextmanager
def following(home: str) -> Iterator[Follower]:
    """What runs rounds of a core database, over connections of its own."""
    with ExitStack() as stack:
        core = stack.enter_context(opened(home))
        child = stack.enter_context(opened(LOCAL_ALIAS))
        alter = None if connections[LOCAL_ALIAS].features.can_rollback_ddl else partial(opened, LOCAL_ALIAS)
        follower = Follower(home, source_on(core), Session(child), alter)
        try:
            yield follower
        finally:
            follower.rollback()


class Syncer:
    """Follows one core database over connections that last."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.pruned_at = time.monotonic()
        self.visited_at = 0.0
        self.is_copying = True

    def round(self, chunk: int = CHUNK) -> Outcome:
        """One round, with what belongs after it."""
        outcome = self.follower.round(copy=chunk if self.is_copying else 0)
        self.after(outcome)
        return outcome

    def after(self, outcome: Outcome) -> None:
        follower = self.follower
        if not outcome.is_look:
            self.is_copying = outcome.is_copying or bool(outcome.suspected)
            if follower.position:
                follower.core.settle(follower.position)
        if outcome.gone or time.monotonic() - self.visited_at > VISIT_SECONDS:
            self.visited_at = time.monotonic()
            follow_deletions(follower)
        announce(follower, outcome)
        if time.monotonic() - self.pruned_at > PRUNE_SECONDS:
            self.pruned_at = time.monotonic()
            self.prune()

    def prune(self) -> int:
        """Delete what is old in core's log, where this role may; else the core project does."""
        from causeway.feed.conf import feed

        core = self.follower.core
        if not core.may_prune:
            return 0
        try:
            return core.prune(feed().retention, feed().max_rows)
        except Error:
            core.session.rollback()
            core.may_prune = False
            return 0


def announce(follower: Follower, outcome: Outcome) -> None:
    """Send ``core_changed`` for each model that was touched."""
    for name, keys in outcome.touched.items():
        single = None if keys is None else {key[0] if len(key) == 1 else key for key in keys}
        core_changed.send_robust(sender=follower.tables[name].model, keys=single)


def sync(home: str, told: Any = None) -> Outcome:
    """Rounds until all that can be copied is copied, and nothing that was committed before is missing."""
    with following(home) as follower:
        syncer = Syncer(follower)
        while True:
            outcome = syncer.round()
            if told is not None:
                told(follower, outcome)
            if not syncer.is_copying:
                return outcome
