"""What the engines share: names that tell what a trigger does, and when it was made."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from causeway.feed.keys import Watched
from causeway.names import in_quotes, quoted

LOG = "causeway_change"
# Positions of the log that are remembered: what is older than one of them can be deleted.
MARKS = "causeway_mark"
# One row, which tells this log from any other.
EPOCH = "causeway_epoch"

# What our triggers are called: by a hash of what they do, a stamp of when they were made, and what they are for.
# (A table that lost its triggers gets others, so that children know that something may have been missed.)
OURS = re.compile(r"causeway_(?P<hash>[0-9a-f]{10})_(?P<stamp>[0-9a-f]{6})_(?P<what>\w+)")


def new_stamp() -> str:
    return uuid4().hex[:6]


class Triggers(ABC):
    """The log of a database and the triggers that fill it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        # Of tables and columns that the database tells, not of models alone.
        self.name = partial(quoted, connection.ops)

    # What an engine says

    @abstractmethod
    def log_statements(self) -> list[str]:
        """Make the log, the marks and the epoch where they are missing."""

    @abstractmethod
    def bodies(self, table: Watched) -> dict[str, str]:
        """By what they are for, what the triggers of a table do: it goes into the hash of their names."""

    @abstractmethod
    def create_statements(self, table: Watched, prefix: str, bodies: dict[str, str]) -> list[str]:
        """Make the triggers of a table, whose names begin with ``prefix``."""

    @abstractmethod
    def found(self) -> dict[str, set[str]]:
        """The names of our triggers by the table that they are on."""

    @abstractmethod
    def drop_statements(self, table: str, names: Iterable[str]) -> list[str]:
        """Remove triggers of a table, and what they were made with."""

    # What is the same on all

    def literal(self, text: str) -> str:
        """A text in SQL."""
        return in_quotes(text, "'")

    def log(self, table: Watched, key: str) -> str:
        """The statement that logs a key of a table, given its SQL."""
        return f"INSERT INTO {LOG} (tbl, k) VALUES ({self.literal(table.name)}, {key})"

    def old_and_new(self, table: Watched) -> tuple[str, str]:
        """The SQL of the key of the row before and after."""
        return self.key(table, "OLD"), self.key(table, "NEW")

    @abstractmethod
    def key(self, table: Watched, row: str) -> str:
        """The SQL of a row's key as it is logged; ``row`` qualifies the columns."""

    def prefix_of(self, table: Watched, bodies: dict[str, str]) -> str:
        text = "\n".join([table.name, *(f"{what}: {bodies[what]}" for what in sorted(bodies))])
        return f"causeway_{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    def is_in_step(self, table: Watched, names: set[str]) -> bool:
        """Whether the triggers of those names are those that the table should have."""
        bodies = self.bodies(table)
        prefix = self.prefix_of(table, bodies)
        whats = sorted(match["what"] for name in names if (match := OURS.fullmatch(name)))
        return all(name.startswith(f"{prefix}_") for name in names) and whats == sorted(bodies)

    def statements_for(self, table: Watched, names: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
        """Bring the triggers of a table in step; ``names`` are those that it has. Nothing if they are."""
        if names and self.is_in_step(table, names):
            return []
        bodies = self.bodies(table)
        prefix = f"{self.prefix_of(table, bodies)}_{new_stamp()}"
        create = self.create_statements(table, prefix, bodies) if bodies else []
        return [*(self.drop_statements(table.name, names) if names else []), *create]

    def further_tables(self, tables: Sequence[Watched]) -> list[Watched]:
        """Tables that are not logged, and need triggers for the sake of those that are."""
        return []

    def statements(self, tables: Sequence[Watched], found: dict[str, set[str]]) -> Iterator[str]:
        """Everything that has to be done, given the triggers that there are."""
        yield from self.log_statements()
        every = [*tables, *self.further_tables(tables)]
        for name in sorted(set(found) - {table.name for table in every}):
            yield from self.drop_statements(name, found[name])
        for table in every:
            yield from self.statements_for(table, found.get(table.name, set()))
