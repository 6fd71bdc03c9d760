"""A core database, as a statement of the child asks it for rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import InterfaceError, OperationalError, connections
from django.db.models.sql import Query

from causeway.backends.base.statements import of_query
from causeway.exceptions import CoreUnavailable, TooManyStagedRows
from causeway.placements.staged.limits import most_staged_rows
from causeway.placements.staged.meaning import Meaning
from causeway.placements.staged.statement import CoreStatement

if TYPE_CHECKING:
    from collections.abc import Callable

    from causeway.placements.staged.report import Report

# For how many seconds the size of a table is taken for what it was.
SIZE_LASTS = 60

# When the size of a table was looked up, and what it was, by the name of the database and its own.
_sizes: dict[tuple[Any, str], tuple[float, int]] = {}


class Core:
    """One core database and what was asked of it for one statement."""

    def __init__(self, home: str, report: Report) -> None:
        self.home = home
        self.connection: Any = connections[home]
        self.report = report
        self.most = most_staged_rows(home)

    def fetch(self, query: Query, table: str, limit: int | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query on core tables, raw; of more than ``limit``, one more than that.

        Raises CoreUnavailable where the database cannot be reached, and TooManyStagedRows where
        there are more than may be staged.
        """
        most = self.most if limit is None else limit
        query.set_limits(high=most + 1)
        rows = self.rows(*self.compiled(query))
        if limit is None and len(rows) > most:
            raise self.too_many(table, f"more than {self.most}")
        return rows

    def ship(self, query: Query, table: str, ship: Callable[[str, Any], tuple[int, int]]) -> tuple[int, int]:
        """Have the rows of a query shipped by ``ship``, given its SQL; returns what that does: number and bytes.

        Raises what ``fetch()`` raises.
        """
        query.set_limits(high=self.most + 1)
        sql, params = self.compiled(query)
        self.report.sent(self.home, sql)
        shipped: tuple[int, int] = self.carried_out(lambda: ship(sql, params), sql)
        if shipped[0] > self.most:
            raise self.too_many(table, f"more than {self.most}")
        return shipped

    def estimate(self, query: Query) -> int:
        """How many rows a query would bring, by what core's planner knows."""
        sql, params = self.compiled(query)
        if not sql:
            return 0
        self.report.sent(self.home, self.connection.ops.estimate_sql(sql, self.most))
        estimate: int = self.carried_out(
            lambda: self.connection.ops.estimated_rows(sql, params, self.most), sql
        )
        return estimate

    def size(self, table: Any, query: Query) -> int:
        """About how many rows a table has, as it was up to a minute ago. ``query`` is one of them all."""
        key = self.connection.settings_dict["NAME"], str(table)
        looked_up, size = _sizes.get(key, (None, 0))
        if looked_up is None or time.monotonic() - looked_up > SIZE_LASTS:
            size = self.estimate(query)
            _sizes[key] = time.monotonic(), size
        return size

    def refuse(self, table: str, estimate: int) -> None:
        """Raise TooManyStagedRows if so many rows may not be staged."""
        if estimate > self.most:
            raise self.too_many(table, f"about {estimate}")

    def too_many(self, table: str, amount: str) -> TooManyStagedRows:
        return TooManyStagedRows(
            f"Cannot stage the rows of {table!r} that this query needs: they are {amount}, and MAX_STAGED_ROWS allows "
            f"{self.most} of the core database {self.home!r}. Filter the query further, by its local or its core "
            f"tables; or link the databases, or mirror the core, if it needs so many; or allow them, in "
            f"CAUSEWAY[{self.home!r}] or for this query with causeway.max_staged_rows()."
        )

    def compiled(self, query: Query) -> tuple[str, Any]:
        compiler = self.connection.ops.compiler_class("SQLCompiler")(query, self.connection, self.home)
        try:
            with CoreStatement(compiler).compiling():
                sql, params = compiler.as_sql()
        except EmptyResultSet:
            return "", ()
        return of_query(sql), params

    def meaning(self, here: Any) -> Meaning:
        """What the child's database and this one agree on. Both are asked for it once."""
        meaning: Meaning = self.carried_out(
            lambda: Meaning(here, self.connection), self.connection.ops.text_rules_sql
        )
        return meaning

    def rows(self, sql: str, params: Any) -> list[tuple[Any, ...]]:
        if not sql:
            return []

        def fetched() -> list[tuple[Any, ...]]:
            with self.connection.cursor() as cursor:
                cursor.execute(sql, params)
                return list(cursor.fetchall())

        self.report.sent(self.home, sql)
        rows: list[tuple[Any, ...]] = self.carried_out(fetched, sql)
        return rows

    def carried_out(self, ask: Any, sql: str | None) -> Any:
        """What ``ask`` returns, which sends a statement. Raises CoreUnavailable."""
        try:
            return ask()
        except (OperationalError, InterfaceError) as error:
            if self.is_lost():
                raise CoreUnavailable(
                    f"Cannot fetch the rows of a spanning query from the core database {self.home!r}: "
                    f"{' '.join(str(error).split())}. Nothing was sent to the child's database but what looks keys "
                    f"up. The statement on {self.home!r} was: {sql or 'none yet'}"
                ) from error
            raise

    def is_lost(self) -> bool:
        """Whether the connection cannot be used; outside a transaction the next statement makes a new one."""
        connection = self.connection
        if connection.connection is not None and (connection.has_failed() or connection.is_usable()):
            return False
        if not connection.in_atomic_block:
            connection.close()
        return True
