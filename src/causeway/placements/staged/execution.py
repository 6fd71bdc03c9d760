"""Carrying a spanning query out: its core rows are placed, then it is executed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from inspect import isgenerator
from itertools import count
from typing import Any

from django.db import DatabaseError

from causeway.placements.staged.planner import Planner
from causeway.placements.staged.relation import Relation
from causeway.placements.staged.supply import Supply

# No two temporary tables of a process have the same name.
NUMBERS = count(1)


class Execution:
    """One execution of a query's statement, and the temporary tables made for it."""

    def __init__(self, compiler: Any) -> None:
        self.compiler = compiler
        self.temporaries: list[str] = []

    @property
    def connection(self) -> Any:
        return self.compiler.connection

    def run(self, execute_sql: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Execute the statement, and remove what was made for it, at last when its rows are read."""
        result = None
        try:
            result = execute_sql(*args, **kwargs)
        finally:
            if not isgenerator(result):
                self.remove_temporaries()
        return self.until_read(result) if isgenerator(result) and self.temporaries else result

    def until_read(self, rows: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from rows
        finally:
            self.remove_temporaries()

    def placed(self, sql: str, params: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """The statement with its core rows before it, under the names by which it calls their tables."""
        supplies = Planner(self).run()
        return self.with_relations(supplies, sql, params)

    def with_relations(
        self, supplies: Iterable[Supply], sql: str, params: tuple[Any, ...]
    ) -> tuple[str, tuple[Any, ...]]:
        """The statement with a WITH clause that names the rows of each supply."""
        quote_name = self.connection.ops.quote_name
        clauses: list[str] = []
        with_params: list[Any] = []
        for supply in supplies:
            relation = supply.relation()
            body, body_params = self.body(supply, relation)
            columns = ", ".join(quote_name(column.name) for column in relation.columns)
            clauses.append(f"{quote_name(relation.name)} ({columns}) AS ({body})")
            with_params += body_params
        if not clauses:
            return sql, params
        # EXPLAIN goes before all.
        explain = self.explain_prefix()
        sql = f"{explain}WITH {', '.join(clauses)} {sql.removeprefix(explain)}"
        return sql, (*with_params, *params)

    def explain_prefix(self) -> str:
        info = self.compiler.query.explain_info
        return f"{self.connection.ops.explain_query_prefix(info.format, **info.options)} " if info else ""

    def body(self, supply: Supply, relation: Relation) -> tuple[str, Sequence[Any]]:
        """The query of the rows of a relation: they travel in the statement, or in a temporary table."""
        ops = self.connection.ops
        if len(relation.rows) <= ops.inline_limit and ops.carries_inline(relation.columns):
            supply.vehicle = "inline"
            return ops.inline_relation(relation)
        supply.vehicle = "temporary table"
        return f"SELECT * FROM {ops.quote_name(self.temporary(supply, relation))}", ()

    def temporary(self, supply: Supply, relation: Relation) -> str:
        """The name of a temporary table of the rows, made for this execution."""
        if supply.temporary is None or supply.temporary[1] != len(relation.rows):
            name = f"causeway_{next(NUMBERS)}"
            with self.connection.cursor() as cursor:
                self.temporaries.append(name)
                self.connection.ops.create_temporary(cursor, name, relation)
            supply.temporary = name, len(relation.rows)
        return supply.temporary[0]

    def remove_temporaries(self) -> None:
        """Drop the temporary tables; those of an aborted transaction are gone with it."""
        names, self.temporaries = self.temporaries, []
        if not names or self.connection.connection is None:
            return
        for name in names:
            try:
                with self.connection.cursor() as cursor:
                    self.connection.ops.drop_temporary(cursor, name)
            except DatabaseError:
                # The transaction is aborted, or an open cursor of SQLite's still reads a table.
                leftovers(self.connection).append(name)
