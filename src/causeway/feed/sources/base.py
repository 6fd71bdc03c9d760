"""A position in the log, and what every engine does with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.functional import cached_property

from causeway.feed.session import Session
from causeway.feed.triggers.base import OURS

# As JSON has it: "at" is what the engine reads on from; "epoch", "mark" and "edge" tell whether the log is the same.
Position = dict[str, Any]

# Up to so many transactions (or rows) that were read last are remembered one by one; of more, their sum.
EDGE = 200
# The newest rows of the log are never deleted: they are some child's edge.
KEPT = 5_000
# A mark is made so many times in the time that the log is kept.
MARKS_KEPT = 24
PRUNED_AT_ONCE = 10_000

PRUNED = "what changed since the last round is no longer in core's change log"


@dataclass
class Head:
    """What the log says of itself, at one moment."""

    epoch: str
    # Which server answered.
    server: str
    # Number and stamp of the last mark, and the number of the last one up to which the log was deleted.
    mark: list[Any]
    pruned: int
    # Up to where that is, as the engine has it; 0 where nothing was deleted.
    pruned_at: int
    # Whether the mark that a position names is there.
    knows_mark: bool
    # Whether there may be something new, and whether the log ends before the position.
    has_news: bool
    is_behind: bool
    # What the engine needs further.
    own: Any = None


@dataclass
class Changes:
    """What is new since a position: tables and keys, and the position after it."""

    rows: list[tuple[str, Any]]
    at: Any
    # What was read, to be looked up where another server answers.
    edge: Any = field(default_factory=list)


class Digest(NamedTuple):
    """How a table was made, with its triggers, and whether these see every change."""

    text: str
    is_logged: bool


class Source(ABC):
    """Reads the log over a connection of its own."""

    # What begins a snapshot of core.
    begin_statement: str

    def __init__(self, connection: Any) -> None:
        self.session = Session(connection)
        # Which server this connection was found to reach.
        self.trusted_server: str | None = None
        self.prepare()

    def prepare(self) -> None:  # noqa: B027
        """Set what the connection needs."""

    def begin(self) -> None:
        """Begin a snapshot, in which everything is read as it is at one moment."""
        self.session.begin(self.begin_statement)

    def end(self) -> None:
        if self.session.in_transaction:
            self.session.commit()

    @abstractmethod
    def head(self, position: Position | None) -> Head:
        """Look at the log: one statement."""

    @abstractmethod
    def start(self, head: Head) -> Any:
        """Where to begin to read, in a snapshot: what is committed in it need not be read."""

    @abstractmethod
    def changes(self, position: Position, head: Head) -> Changes:
        """What is new since a position, in a snapshot in which ``head`` was read."""

    @abstractmethod
    def has_edge(self, position: Position, pruned_at: int) -> bool:
        """Whether all that was read last is there, but for what is old: a server loses from the end."""

    @abstractmethod
    def digests(self, tables: Collection[str]) -> dict[str, Digest]:
        """How the tables were made; those that are missing are left out."""

    def distrust(self, position: Position, head: Head) -> str:
        """Why the log is not the one that the position was read from; nothing if it is."""
        if position["epoch"] != head.epoch:
            return "core has another change log than the one that was read: it was replaced or restored"
        if head.pruned > position["mark"][0]:
            return PRUNED
        if not head.knows_mark or head.is_behind:
            return (
                "core's change log ends before what was read: core was restored, or has lost its last changes"
            )
        is_same = head.server == self.trusted_server == position["server"]
        if not is_same and position["edge"] and not self.has_edge(position, head.pruned_at):
            return "core's change log lacks what was read: core was restored, or has lost its last changes"
        self.trusted_server = head.server
        return ""

    def settle(self, position: Position) -> None:  # noqa: B027
        """Have what keeps a position from being simple ended, after a round."""

    # Deleting what nobody needs

    @cached_property
    def may_prune(self) -> bool:
        return True

    @abstractmethod
    def prune(self, retention: float, max_rows: int) -> int:
        """Make a mark where one is due, and delete what is older than the time; the number of rows."""


def is_complete(names: Collection[str], wanted: Collection[str]) -> bool:
    """Whether the triggers of those names are a whole set, all made at one time."""
    found = [match for name in names if (match := OURS.fullmatch(name))]
    stamps = {(match["hash"], match["stamp"]) for match in found}
    return len(stamps) == 1 and {match["what"] for match in found}.issuperset(wanted)
