"""The core rows that stand in for a table in one statement, and where they come from."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import InterfaceError, OperationalError, connections
from django.db.models.expressions import Col

from causeway.exceptions import CoreUnavailable
from causeway.placements.staged.content_types import ContentTypeIds
from causeway.placements.staged.placement import relation_name
from causeway.placements.staged.relation import Column, Relation
from causeway.placements.staged.statement import CoreStatement
from causeway.placements.staged.transport import readers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models.sql import Query

    from causeway.homes import Table


class Supply:
    """The rows of one core table that a statement is given, each once.

    ``steps`` tells in words how they were found; ``whole`` that they are all there are.
    """

    def __init__(self, connection: Any, table: Table, columns: set[str], keys: set[str]) -> None:
        self.connection = connection
        assert table.model is not None
        self.table = table
        self.model: Any = table.model._meta.concrete_model
        opts = self.model._meta
        self.pk = [field.column for field in opts.pk_fields]
        wanted = columns | set(self.pk)
        self.fields = [field for field in opts.local_concrete_fields if field.column in wanted]
        self.keys = keys & wanted
        self.key_of = itemgetter(*[[field.column for field in self.fields].index(name) for name in self.pk])
        self.rows: dict[Any, tuple[Any, ...]] = {}
        nullable = table.mapped.nullable if table.mapped else {}
        # The positions of ids of content types, and whether NULL is allowed there.
        self.mapped = {
            position: nullable[field.column]
            for position, field in enumerate(self.fields)
            if field.column in nullable
        }
        self.whole = False
        self.steps: list[str] = []
        self.vehicle = ""
        # The temporary table that holds the rows, and how many it holds.
        self.temporary: tuple[str, int] | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(Column(field.column, field) for field in self.fields)

    def select(self, alias: str) -> list[Col]:
        return [Col(alias, field) for field in self.fields]

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows as the driver of core gives them."""
        converters = readers(connections[self.table.home], self.columns, self.connection)
        if any(converters):
            rows = (
                tuple(
                    value if read is None else read(value)
                    for value, read in zip(row, converters, strict=True)
                )
                for row in rows
            )
        if self.mapped and rows:
            rows = self.with_own_ids(rows)
        key_of = self.key_of
        self.rows.update((key_of(row), tuple(row)) for row in rows)

    def with_own_ids(self, rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        """The rows with the child's ids of content types; without those whose content type it does not have."""
        own_ids = ContentTypeIds(str(self.table.home), ()).own_ids
        for row in rows:
            values = list(row)
            for position, nullable in self.mapped.items():
                values[position] = own_ids.get(values[position])
                if values[position] is None and not nullable:
                    break
            else:
                yield tuple(values)

    def relation(self) -> Relation:
        name = relation_name(self.connection, self.table)
        return Relation(name, self.columns, list(self.rows.values()), frozenset(self.keys))


class Core:
    """A core database, as a statement of the child asks it for rows."""

    def __init__(self, home: str, statements: list[tuple[str, str]], lock: Any = None) -> None:
        self.home = home
        self.connection: Any = connections[home]
        self.statements = statements
        self.lock = lock

    def fetch(self, query: Query, limit: int | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query on core tables, raw; of more than ``limit``, one more than that.

        Raises CoreUnavailable where the database cannot be reached.
        """
        if limit is not None:
            query.set_limits(high=limit + 1)
        if self.lock is not None:
            self.lock(query)
        compiler = self.connection.ops.compiler_class("SQLCompiler")(query, self.connection, self.home)
        try:
            with CoreStatement(compiler).compiling():
                sql, params = compiler.as_sql()
        except EmptyResultSet:
            return []
        self.statements.append((self.home, sql))
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(sql, params)
                return list(cursor.fetchall())
        except (OperationalError, InterfaceError) as error:
            self.explain(error)
            raise

    def explain(self, error: Exception) -> None:
        """Raise CoreUnavailable from the error of a connection that cannot be used."""
        connection = self.connection
        if connection.connection is not None and connection.is_usable():
            return
        if not connection.in_atomic_block:
            connection.close()
        raise CoreUnavailable(
            f"Cannot fetch the rows of a spanning query from the core database {self.home!r}: {error}. "
            f"Nothing was read or written in the child's database. The statement on {self.home!r} was: "
            f"{self.statements[-1][1]}"
        ) from error
