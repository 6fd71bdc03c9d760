"""What was done for a staged query: for the log, the signal and explain()."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from causeway.signals import query_staged

if TYPE_CHECKING:
    from causeway.placements.staged.supply import Supply

logger = logging.getLogger("causeway.staged")


@dataclass
class StagedTable:
    """What stood in for one core table.

    ``vehicle`` is ``inline``, ``temporary table``, or ``result`` where the rows of the result got
    its columns without a statement; ``reduction`` tells in words which rows were fetched and why; ``estimated`` is how many rows that would be, None where nobody knew before.
    ``rows`` and ``bytes``, without what the protocol adds, were shipped; None if nothing was.
    """

    home: str
    table: str
    columns: list[str]
    vehicle: str
    reduction: str
    estimated: int | None
    rows: int | None
    bytes: int | None

    def __str__(self) -> str:
        shipped = f"{counted(self.rows or 0, 'row')}, {counted(self.bytes or 0, 'byte')}"
        return f"{self.home}.{self.table}: {shipped}, {self.vehicle}, {self.reduction}"


@dataclass
class Report:
    """What was done for one staged query.

    ``tables`` are the core tables that were staged; one that was needed first for the keys of a
    page, then for its rows, is there twice. ``statements`` are those sent, in this order, each
    with the alias it was sent to. ``is_wanted`` says that somebody asks for it besides the log and
    the signal: figures that nobody asks for are not reckoned.
    """

    tables: list[StagedTable] = field(default_factory=list)
    statements: list[tuple[str, str]] = field(default_factory=list)
    is_wanted: bool = False
    # What brought rows for the statements before.
    supplies: list[Supply] = field(default_factory=list, repr=False)

    def sent(self, alias: str, sql: str) -> None:
        self.statements.append((alias, sql))

    def trips(self, home: str) -> int:
        """How many statements were sent to a core database."""
        return sum(alias == home for alias, _ in self.statements)

    def number_staged(self, supply: Supply) -> int:
        """How many rows of a table are staged for the query, in all of its statements: each counts once."""
        others = [
            other for other in self.supplies if (other.home, other.table) == (supply.home, supply.table)
        ]
        return supply.number_with(others)

    def supplied(self, supplies: Iterable[Supply]) -> None:
        """Note what the supplies of a statement brought."""
        supplies = list(supplies)
        self.supplies += supplies
        if self.is_wanted or logger.isEnabledFor(logging.DEBUG) or query_staged.has_listeners():
            self.tables += [supply.told() for supply in supplies]

    def finish(self, using: str) -> None:
        """Log a query that was executed on ``using``, and send the signal, if it was a staged one."""
        if not self.statements:
            return
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s", self, extra={"report": self, "alias": using})
        if query_staged.has_listeners():
            # Who listens to a query does not make it fail.
            query_staged.send_robust(sender=type(self), report=self, using=using)

    def __str__(self) -> str:
        tables = "; ".join(map(str, self.tables)) or "no core rows"
        numbers = Counter(alias for alias, _ in self.statements)
        statements = ", ".join(f"{number} to {alias!r}" for alias, number in numbers.items())
        return f"Staged {tables} (statements: {statements}): {self.statements[-1][1]}"


def counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
