"""Carrying a spanning query out: its core rows are placed, then it is executed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from inspect import isgenerator
from itertools import count
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.db.models.sql.constants import MULTI

from causeway.placements.staged.page import PageSearch, is_page
from causeway.placements.staged.planner import Planner
from causeway.placements.staged.relation import Relation
from causeway.placements.staged.report import Report
from causeway.placements.staged.shown import Row, RowsOfPage, ShownPage, shown_page
from causeway.placements.staged.supply import Supply

if TYPE_CHECKING:
    from django.db.models.sql import Query

    from causeway.placements.staged.core import Core

SQL = tuple[str, tuple[Any, ...]]

# No two temporary tables of a process have the same name.
NUMBERS = count(1)


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
        self.temporaries: list[str] = []

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
            self.remove_temporaries()
            raise
        if self.temporaries and isgenerator(result):
            return self.until_read(result)
        self.remove_temporaries()
        return result

    def until_read(self, rows: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from rows
        finally:
            self.remove_temporaries()

    def placed(self, sql: str, params: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """The statement with its core rows before it, under the names by which it calls their tables.

        Raises RowsOfPage instead where its rows were found on the way.
        """
        statement = sql, params
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

    def paged(self, search: PageSearch, whole: SQL) -> tuple[SQL, Planner]:
        """The statement of a page, with what finds the core rows for it. Raises RowsOfPage."""
        shown = shown_page(Planner(self, self.compiler.statement)) if self.brings_rows else None
        if shown is not None and not search.number_before and (rows := self.rows_of(shown)) is not None:
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
            if any(relation is one for one in inline):
                body, body_params = self.connection.ops.inline_relation(relation)
                supply.vehicle = "inline"
            else:
                body, body_params = self.temporary(supply, relation), ()
                sql = self.opened_once(supply, relation, sql)
                supply.vehicle = "temporary table"
            clauses.append(f"{self.head(relation)} AS ({body})")
            with_params += body_params
        # EXPLAIN goes before all. What is asked on the way, such as for keys, is not explained.
        explain = self.explain_prefix()
        explain = explain if sql.startswith(explain) else ""
        return f"{explain}WITH {', '.join(clauses)} {sql.removeprefix(explain)}", (*with_params, *params)

    def head(self, relation: Relation) -> str:
        quote_name = self.connection.ops.quote_name
        names = ", ".join(quote_name(column.name) for column in relation.columns)
        return f"{quote_name(relation.name)} ({names})"

    def temporary(self, supply: Supply, relation: Relation) -> str:
        """The query of a temporary table of the rows, made for this execution."""
        if supply.temporary is None:
            self.make_temporary(supply, relation)
        return f"SELECT * FROM {self.connection.ops.quote_name(supply.temporary)}"

    def make_temporary(self, supply: Supply, relation: Relation, fill: Any = None) -> None:
        name = f"causeway_{next(NUMBERS)}"
        with self.connection.cursor() as cursor:
            self.connection.ops.create_temporary(cursor, name, relation, fill)
        self.temporaries.append(name)
        supply.temporary = name

    def opened_once(self, supply: Supply, relation: Relation, sql: str) -> str:
        """The statement; where it may name a temporary table only once, each further time names a copy."""
        ops = self.connection.ops
        if ops.reopens_temporary:
            return sql
        # Aliases, and columns by them, have a name without that of the home.
        name = ops.quote_name(relation.name)
        first, *others = sql.split(name)
        sql = first
        for number, part in enumerate(others):
            sql += (self.copy_of(supply.temporary) if number else name) + part
        return sql

    def copy_of(self, temporary: str | None) -> str:
        """The quoted name of a further temporary table with the same rows."""
        name = f"causeway_{next(NUMBERS)}"
        with self.connection.cursor() as cursor:
            self.connection.ops.copy_temporary(cursor, name, temporary)
        self.temporaries.append(name)
        return str(self.connection.ops.quote_name(name))

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

        self.make_temporary(supply, supply.relation_of([]), fill)
        supply.rows.clear()
        return True

    def explain_prefix(self) -> str:
        info = self.compiler.query.explain_info
        return f"{self.connection.ops.explain_query_prefix(info.format, **info.options)} " if info else ""

    def remove_temporaries(self) -> None:
        """Drop the temporary tables; where that cannot be now, with the next ones."""
        if not self.temporaries:
            return
        ops = self.connection.ops
        names, self.temporaries = [*ops.left_over, *self.temporaries], []
        ops.left_over = []
        if self.connection.connection is None:
            return
        for name in names:
            try:
                with self.connection.cursor() as cursor:
                    ops.drop_temporary(cursor, name)
            except DatabaseError:
                # An aborted transaction, or a cursor of SQLite's that is still read.
                ops.left_over.append(name)
