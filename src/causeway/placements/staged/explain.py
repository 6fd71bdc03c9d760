"""``explain()``: how the core tables of a query would be placed, and what would be sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Manager, QuerySet
from django.db.models.sql import Query

from causeway.conf import cores
from causeway.exceptions import TooManyStagedRows
from causeway.placements.staged.dry_run import DryRun
from causeway.placements.staged.meaning import parts
from causeway.placements.staged.report import Report, StagedTable, counted

# So much of a long statement is shown.
LONGEST = 1200


@dataclass(frozen=True)
class StandingTable:
    """A core table that stands where the query runs. ``name`` is what statements call it there."""

    home: str
    table: str
    name: str


@dataclass(frozen=True, repr=False)
class Explanation:
    """How a query is executed. As text, it is what ``print()`` shows.

    ``using`` is the alias on which the query runs; ``is_staged`` tells that core rows are staged for
    it there. ``tables`` are the core tables that these rows are of, ``standing`` those that need not
    be staged. ``statements`` are those that are sent, each with the alias it is sent to. ``rows`` is
    the number of rows that the query has, None if it was not executed. ``refusal`` says why it is
    refused, None if it is not.
    """

    using: str
    tables: list[StagedTable]
    standing: list[StandingTable]
    statements: list[tuple[str, str]]
    is_staged: bool = False
    rows: int | None = None
    refusal: str | None = None

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    @property
    def is_analyzed(self) -> bool:
        return self.rows is not None

    def lines(self) -> Iterator[str]:
        yield self.where()
        for standing in self.standing:
            yield f"\n{standing.home}.{standing.table}: {self.how(standing)}"
        for table in self.tables:
            yield from staged_lines(table)
        if self.statements:
            yield "\nStatements:" if self.is_analyzed else "\nStatements that would be sent:"
        for number, (alias, sql) in enumerate(self.statements, 1):
            yield f"  {number}. {alias}: {shortened(sql)}"
        if self.refusal is not None:
            yield f"\nRefused: {self.refusal}"
        if self.rows is not None:
            yield f"\nThe query has {counted(self.rows, 'row')}."

    def where(self) -> str:
        if not self.statements and self.refusal is None:
            return "No statement is sent: whatever the databases hold, nothing meets the query's conditions."
        if self.is_staged:
            needed = "the core rows that it needs are staged" if self.tables else "it needs no core rows"
            return f"The query runs on {self.using!r}, where {needed}."
        if not self.standing:
            return f"The query runs on {self.using!r}: it reaches no core table."
        if self.using in cores() and any(alias != self.using for alias, _ in self.statements):
            return f"The query runs on {self.using!r}, with keys in place of what it asks of other tables."
        if self.using in cores():
            return f"The query runs on {self.using!r}: it reaches core tables alone."
        return f"The query runs on {self.using!r}, where the core tables that it reaches are linked."

    def how(self, standing: StandingTable) -> str:
        return "at home" if standing.home == self.using else f"linked, as {standing.name}"


def staged_lines(table: StagedTable) -> Iterator[str]:
    yield f"\n{table.home}.{table.table}: staged, {table.vehicle}"
    yield f"  columns    {', '.join(table.columns)}"
    yield f"  reduction  {table.reduction}"
    estimated = "not known before" if table.estimated is None else f"about {counted(table.estimated, 'row')}"
    yield f"  estimated  {estimated}"
    if table.rows is not None and table.bytes is not None:
        yield f"  actual     {counted(table.rows, 'row')}, {counted(table.bytes, 'byte')}"


def shortened(sql: str) -> str:
    half = LONGEST // 2
    return sql if len(sql) <= LONGEST else f"{sql[:half]} … {sql[-half:]}"


def explain(queryset: Any, analyze: bool = False) -> Explanation:
    """How the core tables of a queryset are placed, what is fetched of them and why, and each statement.

    Nothing is fetched from core but estimates. With ``analyze`` the query is executed besides, its
    rows are thrown away, and the figures are the actual ones. The queryset, or the manager, is
    left as it is. Raises TypeError for anything else, and what the query itself would raise.
    """
    if isinstance(queryset, Manager):
        queryset = queryset.all()
    if not isinstance(queryset, QuerySet):
        raise TypeError(
            f"explain() takes a QuerySet or a manager, not {type(queryset).__name__!r}. Leave out what executes the "
            f"query, such as count(), get() or list(); raw SQL is executed as it is written."
        )
    planned = plan(queryset)
    return executed(queryset, planned) if analyze else planned


def plan(queryset: QuerySet[Any]) -> Explanation:
    """The explanation of a queryset that is not executed."""
    compiler = compiler_of(queryset)
    report = Report(is_wanted=True)
    sql, refusal = "", None
    try:
        sql, params = compiler.as_sql()
        if needs_staging(compiler):
            run = DryRun(compiler, report)
            run.placed(sql, params)
            refusal = run.refusal
        else:
            report.sent(compiler.using, sql)
    except EmptyResultSet:
        pass
    return Explanation(
        using=compiler.using,
        tables=report.tables,
        standing=standing_tables(compiler, sql),
        statements=report.statements,
        is_staged=needs_staging(compiler),
        refusal=None if refusal is None else str(refusal),
    )


def executed(queryset: QuerySet[Any], planned: Explanation) -> Explanation:
    """The explanation of a queryset that is executed, with the estimates of one that was not."""
    compiler = compiler_of(queryset)
    if not hasattr(compiler, "execution"):
        return replace(planned, rows=number_of_rows(compiler.execute_sql()))
    report = Report(is_wanted=True)
    try:
        rows = number_of_rows(compiler.execute_sql(report=report))
    except TooManyStagedRows as refusal:
        return replace(planned, refusal=str(refusal), statements=report.statements)
    if not report.statements:
        return replace(planned, rows=rows)
    report.finish(compiler.using)
    estimates = defaultdict(list)
    for table in planned.tables:
        estimates[table.home, table.table].append(table.estimated)
    for table in report.tables:
        known = estimates[table.home, table.table]
        table.estimated = known.pop(0) if known else table.estimated
    return replace(planned, tables=report.tables, statements=report.statements, rows=rows, refusal=None)


def compiler_of(queryset: QuerySet[Any]) -> Any:
    # A compiler adds its joins to the query that it is given.
    return queryset.all().query.get_compiler(queryset.db)


def needs_staging(compiler: Any) -> bool:
    statement = getattr(compiler, "statement", None)
    return statement is not None and bool(statement.clauses)


def number_of_rows(chunks: Any) -> int:
    return sum(map(len, chunks))


def standing_tables(compiler: Any, sql: str) -> list[StandingTable]:
    """The core tables that a statement names because they stand on its connection."""
    using = compiler.using
    connection: Any = connections[using]
    staged_homes = getattr(connection.ops, "staged_homes", ())
    found = {}
    for query in queries_of(compiler.query):
        for node in query.alias_map.values():
            # On a core connection there are no tables but core's.
            home = getattr(node.table_name, "home", None) or (using if using in cores() else None)
            if home is None or home in staged_homes:
                continue
            name = connection.ops.target(node.table_name) or connection.ops.quote_name(node.table_name)
            # Joins that Django made and found needless are there, too.
            if name in sql:
                found[home, str(node.table_name)] = name
    return [StandingTable(home, table, name) for (home, table), name in found.items()]


def queries_of(query: Query) -> Iterator[Query]:
    """The query, those that it combines, and its subqueries."""
    yield query
    for combined in query.combined_queries:
        yield from queries_of(combined)
    for expression in (query.where, *query.annotations.values(), *query.select, *query.order_by):
        for part in parts(expression):
            if isinstance(part, Query):
                yield from queries_of(part)
