"""Carrying a spanning query out: its core rows are placed, then it is executed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from inspect import isgenerator
from typing import TYPE_CHECKING, Any

from django.db.models.sql.constants import MULTI

from causeway.exceptions import PlacementError
from causeway.names import with_parameters
from causeway.placements.staged.page import PageSearch, is_page
from causeway.placements.staged.planner import Planner
from causeway.placements.staged.relation import Relation
from causeway.placements.staged.report import Report
from causeway.placements.staged.semijoin import with_keys
from causeway.placements.staged.shown import Row, RowsOfPage, ShownPage, shown_page
from causeway.placements.staged.supply import Supply
from causeway.placements.staged.temporaries import Temporaries

if TYPE_CHECKING:
    from django.db.models.sql import Query

    from causeway.placements.staged.core import Core

SQL = tuple[str, tuple[Any, ...]]
# What a table is called in a statement: a name in quotes, or a word, which Django has made or a FilteredRelation is
# called by. None of the words that may follow a column in a list can be one.
ALIAS = r"(?:[`\"]|(?!(?i:as|asc|desc|collate|except|for|from|group|having|intersect|is|limit|order|union|where|with)\b)\w)"


class Execution:
    """One execution of a query's statement, and the temporary tables made for it.

    ``report`` is that of the query for which this one is carried out, if there is one.
    """

    def __init__(self, compiler: Any, report: Report | None = None) -> None:
        self.compiler = compiler
        # Whether its rows are asked for, all of them.
        self.brings_rows = False
        self.report = report or Report()
        self.is_outermost = report is None
        self.temporaries = Temporaries(compiler)

    @property
    def connection(self) -> Any:
        return self.compiler.connection

    def run(
        self, execute_sql: Callable[..., Any], result_type: str = MULTI, *args: Any, **kwargs: Any
    ) -> Any:
        """Execute the statement, and remove what was made for it, at last when its rows are read."""
        self.brings_rows = result_type == MULTI
        try:
            try:
                result = execute_sql(result_type, *args, **kwargs)
            except RowsOfPage as page:
                result = [page.rows]
            if self.is_outermost:
                self.report.finish(self.connection.alias)
        except BaseException:
            self.temporaries.remove(failed=True)
            raise
        if self.temporaries.are_read and isgenerator(result):
            return self.until_read(result)
        self.temporaries.remove()
        return result

    def until_read(self, rows: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from rows
        finally:
            self.temporaries.remove()

    def placed(self, sql: str, params: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """The statement with its core rows before it, under the names by which it calls their tables.

        Raises RowsOfPage instead where its rows were found on the way.
        """
        statement = sql, params
        if (of_core := self.moved_to_core(Planner(self, self.compiler.statement))) is not None:
            return of_core
        planner = Planner(self, self.compiler.statement)
        if is_page(self.compiler):
            statement, planner = self.paged(PageSearch(planner, len(params)), statement)
        supplies = planner.run()
        if planner.page_keys is not None:
            statement = self.compiler.sql_of_page(self.compiler.query, planner.page_keys)
        sql, params = self.with_relations(supplies, *statement)
        self.report.supplied(supplies)
        self.report.sent(self.connection.alias, sql)
        return sql, params

    def moved_to_core(self, planner: Planner) -> SQL | None:
        """The statement on core, where that can be asked in place of the child's database; else None."""
        found = with_keys(planner)
        moved: SQL | None = None if found is None else self.compiler.sql_moved(*found)
        if moved is not None:
            self.report.sent(self.connection.alias, moved[0])
        return moved

    def paged(self, search: PageSearch, whole: SQL) -> tuple[SQL, Planner]:
        """The statement of a page, with what finds the core rows for it. Raises RowsOfPage."""
        shown = shown_page(Planner(self, self.compiler.statement)) if self.brings_rows else None
        is_first = not (search.is_gone_through or search.number_before)
        if shown is not None and is_first and (rows := self.rows_of(shown)) is not None:
            raise RowsOfPage(rows)
        for is_short in (False, True) if shown is None else (True,):
            page = search.page(is_short=is_short)
            if page is None:
                break
            statement = self.compiler.sql_of_page(search.query, page.keys)
            planner = Planner(self, self.compiler.statement, page)
            planner.run()
            if is_short or page.is_complete(planner):
                return statement, planner
        if self.compiler.query is not search.query:
            self.compiler.query = search.query
            whole = self.compiler.noted_sql_at_home()
        return whole, Planner(self, self.compiler.statement)

    def rows_of(self, shown: ShownPage) -> list[Row] | None:
        """The rows of a page that shows columns of core; None if a statement has to find them."""
        self.report.sent(self.connection.alias, shown.sql)
        with self.connection.cursor() as cursor:
            rows = shown.fetch(cursor)
        self.report.supplied(shown.planner.supplies.values())
        return shown.with_core(rows)

    def with_relations(
        self, supplies: Iterable[Supply], sql: str, params: tuple[Any, ...]
    ) -> tuple[str, tuple[Any, ...]]:
        """The statement with a WITH clause that names the rows of each supply."""
        relations = {supply: supply.relation() for supply in supplies}
        if not relations:
            return sql, params
        carried = [relation for supply, relation in relations.items() if supply.shipped is None]
        inline = self.connection.ops.carried_inline(carried, len(params))
        clauses: list[str] = []
        with_params: list[Any] = []
        for supply, relation in relations.items():
            is_inline = any(relation is one for one in inline) or not self.make_temporary(supply, relation)
            supply.vehicle = "inline" if is_inline else "temporary table"
            if is_inline:
                body, body_params = self.connection.ops.inline_relation(relation)
            else:
                body, body_params = self.temporary(supply), ()
                sql = self.opened_once(supply, relation, sql)
            clauses.append(f"{self.head(relation)} AS ({body})")
            with_params += body_params
        # EXPLAIN goes before all. What is asked on the way, such as for keys, is not explained.
        explain = self.explain_prefix()
        explain = explain if sql.startswith(explain) else ""
        head = f"{explain}WITH {', '.join(clauses)}"
        sql = self.connection.ops.statement_over(head, sql.removeprefix(explain))
        return sql, (*with_params, *params)

    def head(self, relation: Relation) -> str:
        quote_name = self.connection.ops.quote_name
        names = ", ".join(with_parameters(quote_name(column.name)) for column in relation.columns)
        return f"{quote_name(relation.name)} ({names})"

    def make_temporary(self, supply: Supply, relation: Relation) -> bool:
        """Have a temporary table of the rows, if one can be made."""
        if supply.temporary is None:
            supply.temporary = self.temporaries.make(relation)
            if supply.temporary is None and not self.connection.ops.carries_inline(relation.columns):
                raise PlacementError(
                    f"Cannot stage the rows of {relation.name!r} on {self.connection.alias!r}: the server makes no "
                    f"temporary table here, as in a read-only transaction, and columns of types of their own need one. "
                    f"Leave these out with only() or defer(), or run the query where it may make one."
                )
        return supply.temporary is not None

    def temporary(self, supply: Supply) -> str:
        """The query of a temporary table of the rows."""
        return f"SELECT * FROM {self.connection.ops.quote_name(supply.temporary)}"

    def opened_once(self, supply: Supply, relation: Relation, sql: str) -> str:
        """The statement; where it may name a temporary table only once, each further time names a copy."""
        ops = self.connection.ops
        if ops.reopens_temporary:
            return sql
        name = ops.quote_name(relation.name)
        # A table's has an alias after it. (A column, and what a column is called, may have the same name.)
        target = rf"(?:(?<=FROM )|(?<=JOIN )|(?<=, )){re.escape(name)}(?= {ALIAS})"
        first, *others = re.split(target, sql)
        sql = first
        for number, part in enumerate(others):
            sql += (ops.quote_name(self.temporaries.copy(supply.temporary)) if number else name) + part
        return sql

    def ship(self, supply: Supply, core: Core, query: Query) -> bool:
        """Have the rows of a query on core go to a temporary table as its server writes them; False if they cannot.

        Raises TooManyStagedRows.
        """
        ops, columns = self.connection.ops, supply.columns
        if supply.mapped or not ops.ships_from(core.connection, columns):
            return False

        def fill(cursor: Any, target: str) -> None:
            ship = partial(ops.ship, cursor, target, columns, core.connection)
            shipped = core.ship(query, ship)
            if shipped[0] > core.most:
                raise core.too_many(str(supply.table))
            supply.shipped = shipped

        supply.temporary = self.temporaries.make(supply.relation_of([]), fill)
        if supply.temporary is not None:
            supply.rows.clear()
        return supply.temporary is not None

    def explain_prefix(self) -> str:
        info = self.compiler.query.explain_info
        return f"{self.connection.ops.explain_query_prefix(info.format, **info.options)} " if info else ""
