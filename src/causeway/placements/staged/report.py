"""What was done for a staged query: for the log, the signal and explain()."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from causeway.signals import query_staged

if TYPE_CHECKING:
    from causeway.placements.staged.supply import Supply

logger = logging.getLogger("causeway.staged")


@dataclass
class StagedTable:
    """What stood in for one core table.

    ``vehicle`` is ``inline`` or ``temporary table``; ``reduction`` tells in words which rows were
    fetched and why; ``estimated`` is what was known before, None where nothing was asked.
    ``rows`` and ``bytes`` were shipped, None if nothing was.
    """

    home: str
    table: str
    columns: list[str]
    vehicle: str
    reduction: str
    estimated: int | None
    rows: int | None
    bytes: int | None


@dataclass
class Report:
    """What was done for one staged query.

    ``statements`` are those sent, in this order, each with the alias it was sent to.
    """

    tables: list[StagedTable] = field(default_factory=list)
    statements: list[tuple[str, str]] = field(default_factory=list)

    def sent(self, alias: str, sql: str) -> None:
        self.statements.append((alias, sql))

    def trips(self, home: str) -> int:
        """How many statements were sent to a core database."""
        return sum(alias == home for alias, _ in self.statements)

    def finish(self, supplies: list[Supply], connection: Any, sql: str) -> None:
        """Note what the supplies brought and the statement they are for; log it and send the signal."""
        is_logged = logger.isEnabledFor(logging.DEBUG)
        is_heard = query_staged.has_listeners()
        self.sent(connection.alias, sql)
        if not is_logged and not is_heard and not self.is_wanted:
            return
        self.tables = [supply.told() for supply in supplies]
        if is_logged:
            logger.debug("%s", self, extra={"report": self, "alias": connection.alias})
        if is_heard:
            query_staged.send(sender=type(self), report=self, using=connection.alias)

    # Whether somebody asks for it besides.
    is_wanted: bool = False

    def __str__(self) -> str:
        tables = "; ".join(
            f"{table.home}.{table.table}: {table.vehicle}, {table.rows} rows, {table.bytes} bytes, {table.reduction}"
            for table in self.tables
        )
        return f"{tables} | {self.statements[-1][1]}"
