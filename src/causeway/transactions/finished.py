"""Decisions that were carried out, as the process knows that made them, until nobody needs them any more.

They are kept for a while: a server that takes over may not have all that its predecessor answered
for, and what it lacks is told by them alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection
from typing import NamedTuple

from causeway.conf import decisions_kept

# So many are deleted at a time, with the next one: a statement for each would be one of the ten that a transaction
# over two databases takes.
AT_A_TIME = 20
# More than so many are left to the next recovery.
MOST = 20_000


class Entry(NamedTuple):
    """``homes`` keep a row of the branch. Without one, the decision tells nothing once it was carried out."""

    gid: str
    expires: float
    homes: frozenset[str]


class Finished:
    """What was decided on a connection, and carried out, in the order of time."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=MOST)

    def add(self, gid: str, homes: Collection[str]) -> None:
        kept_for = decisions_kept() if homes else 0
        self.entries.append(Entry(gid, time.monotonic() + kept_for, frozenset(homes)))

    def expired(self, homes: Collection[str]) -> list[Entry]:
        """Those to delete now, together with their rows on ``homes``; none before they are worth a statement."""
        now = time.monotonic()
        found: list[Entry] = []
        for entry in self.entries:
            if entry.expires > now or len(found) == AT_A_TIME:
                break
            if entry.homes <= set(homes):
                found.append(entry)
        return found if len(found) == AT_A_TIME else []

    def remove(self, gids: Collection[str]) -> None:
        if gids:
            gone = set(gids)
            self.entries = deque((entry for entry in self.entries if entry.gid not in gone), MOST)
