"""What a spanning query would fetch from core, found out without fetching it.

The planner decides as it does when the query is executed. Core is asked for estimates alone. Keys
of the child's own rows are really looked up; what depends on core rows is not known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from causeway.exceptions import TooManyStagedRows
from causeway.placements.staged.core import Core
from causeway.placements.staged.execution import Execution
from causeway.placements.staged.page import Asked, Page, PageSearch, is_page
from causeway.placements.staged.planner import Planner
from causeway.placements.staged.shown import ShownPage, shown_page
from causeway.placements.staged.supply import Supply
from causeway.placements.staged.top_n import FirstRows, TopGroups, TopN

if TYPE_CHECKING:
    from django.db.models.sql import Query

    from causeway.placements.staged.report import Report, StagedTable
    from causeway.placements.staged.want import Want


class NotKnownBefore(Exception):
    """A step depends on core rows, which a dry run does not fetch."""


class EstimatingCore(Core):
    """Asks core how many rows there are in place of the rows."""

    def fetch(self, query: Query, limit: int | None = None) -> Any:
        """As many numbers as there would be rows."""
        sql, params = self.compiled(query)
        if not sql:
            return range(0)
        estimate: int = self.carried_out(
            lambda: self.connection.ops.estimated_rows(sql, params, self.most), sql
        )
        most = self.most if limit is None else limit
        query.set_limits(high=most + 1)
        self.report.sent(self.home, self.compiled(query)[0])
        return range(min(estimate, most + 1))


class EstimatedSupply(Supply):
    """Counts the rows that it is given. ``count`` is None where their number is not known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count: int | None = 0

    def add(self, rows: Any) -> None:
        if self.count is not None:
            self.count += len(rows)

    def copied(self) -> Any:
        return self.count

    def restore(self, rows: Any) -> None:
        self.count = rows

    def with_keys(self, rows: Any, column: str, keys: Any) -> Any:
        return rows[: len(keys)]

    def number_with(self, others: Any) -> int:
        return self.count or 0

    def told(self) -> StagedTable:
        return replace(
            super().told(), vehicle=self.likely_vehicle(), estimated=self.count, rows=None, bytes=None
        )

    def likely_vehicle(self) -> str:
        if self.vehicle == "result":
            return self.vehicle
        ops = self.connection.ops
        if not ops.carries_inline(self.columns):
            return "temporary table"
        if self.count is None:
            return "inline or temporary table"
        return "inline" if self.count <= ops.inline_limit else "temporary table"


class EstimatedTopN(TopN):
    def fills_page(self) -> bool:
        self.want.supply.steps.append("not known before whether they are enough")
        return True


class EstimatedFirstRows(EstimatedTopN, FirstRows):
    pass


class EstimatedTopGroups(EstimatedTopN, TopGroups):
    pass


class DryPlanner(Planner):
    core_class = EstimatingCore
    supply_class = EstimatedSupply
    top_n_classes = (EstimatedFirstRows, EstimatedTopGroups)

    def satisfy(self, want: Want) -> None:
        try:
            super().satisfy(want)
        except NotKnownBefore:
            self.leave_open(want)

    def ship(self, want: Want) -> bool:
        return False

    def leave_open(self, want: Want) -> None:
        supply: Any = want.supply
        supply.count = None
        want.supply.steps.append("by keys that are not known before")
        sql, _ = want.core.compiled(want.unlocked_query(want.conditions))
        self.execution.report.sent(want.core.home, f"{sql} (of keys that are not known before)")
        want.tree.placed.add(want.alias)


class DryRun(Execution):
    """Finds out what the execution of a compiled query would be, and notes it in the report.

    ``refusal`` is what it would be refused with.
    """

    def __init__(self, compiler: Any, report: Report) -> None:
        super().__init__(compiler, report)
        self.refusal: TooManyStagedRows | None = None
        compiler.execution = self

    def placed(self, sql: str, params: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        if (of_core := self.moved_to_core(DryPlanner(self, self.compiler.statement))) is not None:
            return of_core
        if not is_page(self.compiler):
            self.plan(sql, None)
            return sql, params
        shown = shown_page(DryPlanner(self, self.compiler.statement))
        if shown is not None:
            self.show(shown)
            return sql, params
        search = PageSearch(DryPlanner(self, self.compiler.statement), len(params))
        if search.found is not None and not search.found.is_of_child:
            self.run_for_keys(search.found)
            self.leave_page_open(sql)
            return sql, params
        page = search.told_page()
        if page is not None:
            sql, params = self.compiler.sql_of_page(self.compiler.query, page.keys)
        self.plan(sql, page)
        return sql, params

    def show(self, page: ShownPage) -> None:
        self.report.sent(self.connection.alias, page.sql)
        try:
            with self.connection.cursor() as cursor:
                page.fetch(cursor)
        except TooManyStagedRows as refusal:
            self.refusal = refusal
        self.report.supplied(page.planner.supplies.values())

    def plan(self, sql: str, page: Page | None) -> None:
        planner = DryPlanner(self, self.compiler.statement, page)
        try:
            planner.run()
        except TooManyStagedRows as refusal:
            self.refusal = refusal
        supplies = list(planner.supplies.values())
        self.report.supplied(supplies)
        if self.refusal is None:
            self.report.sent(self.connection.alias, self.outlined(supplies, sql))

    def run_for_keys(self, found: Asked) -> None:
        if found.compiler.statement.clauses:
            run = DryRun(found.compiler, self.report)
            run.placed(found.sql, found.params)
            self.refusal = run.refusal
        else:
            self.report.sent(found.compiler.using, found.sql)

    def leave_page_open(self, sql: str) -> None:
        """Note the statement of a page whose keys are not known, and the tables that it needs."""
        if self.refusal is not None:
            return
        query = self.compiler.query
        planner = DryPlanner(self, self.compiler.statement)
        for tree in planner.trees:
            for alias in tree.staged_aliases():
                supply: Any = planner.supply_of(tree, alias)
                supply.add(range(query.high_mark - query.low_mark))
                supply.steps = ["by the keys of the page's rows, which are not known before"]
        supplies = list(planner.supplies.values())
        self.report.supplied(supplies)
        self.report.sent(self.connection.alias, f"{self.outlined(supplies, sql)} (of the page's rows)")

    def outlined(self, supplies: Iterable[Supply], sql: str) -> str:
        """The statement, where dots stand for the rows."""
        clauses = ", ".join(f"{self.head(supply.relation())} AS (…)" for supply in supplies)
        return f"WITH {clauses} {sql}" if clauses else sql

    def with_relations(self, supplies: Iterable[Supply], sql: str, params: tuple[Any, ...]) -> Any:
        if list(supplies):
            raise NotKnownBefore
        return sql, params
