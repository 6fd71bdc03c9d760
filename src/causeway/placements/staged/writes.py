"""Writes whose conditions or values reach tables of another database.

The keys of the rows are found first, by a spanning query; then they are written by key, in chunks,
as far as the conditions on the rows themselves hold then (``conditions``).
A value that is computed of other tables comes with the keys, as the driver gives it, and is written
as that: so one statement would take it, which runs no code of a field on the way. The values of an
insert are computed before it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any, cast

from django.db import connections, transaction
from django.db.models import Field
from django.db.models.expressions import Col, Expression, ExpressionWrapper, Value
from django.db.models.sql import DeleteQuery, Query, UpdateQuery
from django.db.models.sql.constants import ROW_COUNT
from django.db.models.sql.where import AND

from causeway.backends.base.columns import stored
from causeway.conf import LOCAL_ALIAS
from causeway.placements.staged.conditions import OwnConditions, Truth
from causeway.placements.staged.meaning import has_subquery, parts
from causeway.placements.staged.relation import Column, Relation
from causeway.placements.staged.transport import as_it_travels, reader

# Keys in one statement, where the engine sets no limit.
CHUNK = 2_000


class Raw(ExpressionWrapper):  # type: ignore[type-arg]  # Only the stubs have it generic.
    """A value as the driver gives it, whatever its field makes of that; a geometry as well-known binary."""

    def __init__(self, expression: Any) -> None:
        super().__init__(expression, output_field=Field())

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return as_it_travels(self.expression.output_field, sql), params


class Written(Expression):
    """A value as the driver is given it; the server assigns it to a column, and rounds what it has to."""

    def __init__(self, value: Any, output_field: Any) -> None:
        super().__init__(output_field)
        self.value = value

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return connection.ops.placeholder(self.output_field), (self.value,)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = self.as_sql(compiler, connection)
        # Its literals are of the type numeric, which rounds a half otherwise.
        return (f"{sql}::double precision" if isinstance(self.value, float) else sql), params


class ComputedReader:
    """Reads the raw values of an expression that was computed on ``source``, to write them on ``target``."""

    def __init__(self, output_field: Any, source: Any, target: Any) -> None:
        self.output_field = output_field
        field = stored(output_field)
        self.reader = reader(source, field, target, Value(None, output_field=field))
        self.ops = target.ops

    def __call__(self, value: Any) -> Any:
        """The canonical value."""
        return self.reader(value) if self.reader else value

    def written(self, field: Any, value: Any) -> Written:
        """The expression that writes a raw value to a field."""
        column = Column(field.column, self.output_field)
        relation = Relation(str(field.model._meta.db_table), (column,), [(self(value),)])
        [[written]] = self.ops.written(relation)
        return Written(written, self.output_field)


def delete_by_keys(compiler: Any) -> int:
    """Carry out the deletion of a compiler; returns how many rows it deleted."""
    found = FoundRows(compiler, compiler.query, [])
    deletions = chain.from_iterable(
        in_chunks(compiler, keys, conditions, partial(DeleteQuery, compiler.query.model))
        for _, conditions, keys in found.groups()
    )
    with transaction.atomic(using=compiler.using, savepoint=False):
        return executed(deletions)


def update_by_keys(compiler: Any, given: Any) -> int:
    """Carry out the update of a compiler; returns how many rows it matched.

    ``given`` is its query as it was before it was compiled.
    """
    updates = updates_by_keys(compiler, given)
    with transaction.atomic(using=compiler.using, savepoint=False):
        count = executed(updates)
        for related in compiler.query.get_related_updates():
            related.get_compiler(compiler.using).execute_sql(ROW_COUNT)
    return count


def update_returning_by_keys(compiler: Any, given: Any, fields: Any) -> list[Any]:
    """Do as ``update_by_keys()`` does; returns what the rows have in the fields then."""
    updates = updates_by_keys(compiler, given)
    with transaction.atomic(using=compiler.using, savepoint=False):
        return [row for update in updates for row in update.execute_returning_sql(fields)]


def executed(compilers: Iterable[Any]) -> int:
    """How many rows the statements of the compilers met."""
    return sum(compiler.execute_sql(ROW_COUNT) or 0 for compiler in compilers)


def updates_by_keys(compiler: Any, given: Any) -> Iterator[Any]:
    """The compilers of the updates by key that do what the update of a compiler would."""
    query = compiler.query
    mapped = mapped_columns(compiler)
    is_computed = [is_computed_here(field, value, mapped) for field, _, value in query.values]
    computed = [triple for triple, there in zip(query.values, is_computed, strict=True) if there]
    found = FoundRows(compiler, given, [value for _, _, value in computed])

    def assigned(values: list[Any]) -> UpdateQuery:
        # An id of a content type is replaced by core's, as any that is given.
        rest = iter(
            [
                read(value) if field.column in mapped else read.written(field, value)
                for (field, _, _), read, value in zip(computed, found.readers, values, strict=True)
            ]
        )
        update: Any = UpdateQuery(query.model)
        update.values = [
            (field, model, next(rest) if there else value)
            for (field, model, value), there in zip(query.values, is_computed, strict=True)
        ]
        return cast("UpdateQuery", update)

    return chain.from_iterable(
        in_chunks(compiler, keys, conditions, partial(assigned, values))
        for values, conditions, keys in found.groups()
    )


def mapped_columns(compiler: Any) -> Collection[str]:
    """The columns of a written table that hold core's ids of content types."""
    ids = compiler.content_type_ids
    return ids.columns if ids is not None else ()


def insert_value(compiler: Any, field: Any, value: Any) -> Any:
    """What an insert is given in place of a value that is computed of tables of another database."""
    query: Any = Query(None)
    query.annotations = {"value": Raw(value)}
    asked = query.get_compiler(LOCAL_ALIAS)
    [[computed]] = asked.results_iter()
    read = ComputedReader(value.output_field, asked.connection, compiler.connection)
    ids = compiler.content_type_ids
    if ids is not None and field.column in ids.columns:
        return ids.with_core_id(field, read(computed))
    return read.written(field, computed)


def is_computed_here(field: Any, value: Any, mapped: Collection[str]) -> bool:
    """Whether an update's value can be computed in the child's database only."""
    if not hasattr(value, "as_sql"):
        return False
    columns = {part.target.column for part in parts(value) if isinstance(part, Col)}
    return has_subquery(value) or field.column in mapped or bool(columns.intersection(mapped))


class FoundRows:
    """The rows that a query would write: their keys, the raw values computed for each, and what is to hold of it still.

    ``readers`` read the computed values.
    """

    def __init__(self, compiler: Any, query: Any, computed: list[Any]) -> None:
        query = query.clone()
        # As Django does it when it compiles them.
        self.computed = [
            value.resolve_expression(query, allow_joins=False, for_save=True) for value in computed
        ]
        self.own = OwnConditions(
            query, connections[LOCAL_ALIAS], compiler.connection, mapped_columns(compiler)
        )
        asked = self.query(query).get_compiler(compiler.using)
        self.rows: dict[Any, tuple[list[Any], set[tuple[Any, ...]], list[Any]]] = {}
        for key, *values in asked.results_iter():
            self.add(key, values)
        self.readers, self.compared_readers = (
            [ComputedReader(value.output_field, asked.connection, compiler.connection) for value in values]
            for values in (self.computed, self.own.compared.values())
        )

    def query(self, query: Any) -> Any:
        """What finds the rows of a query, which it takes."""
        query.__class__ = Query
        query.select_related = False
        query.clear_ordering(force=True)
        query.extra = {}
        query.clear_select_clause()
        pk = query.get_meta().pk.get_col(query.get_initial_alias())
        truths = map(Truth, self.own.asked)
        query.select = (pk, *map(Raw, [*self.computed, *self.own.compared.values()]), *truths)
        return query

    def add(self, key: Any, values: list[Any]) -> None:
        """Note one of the rows. One that several rows of another table lead to is written once."""
        computed, compared = len(self.computed), len(self.computed) + len(self.own.compared)
        _, truths, _ = self.rows.setdefault(key, (values[:computed], set(), values[computed:compared]))
        truths.add(tuple(values[compared:]))

    def groups(self) -> Iterator[tuple[list[Any], Any, list[Any]]]:
        """Keys of rows to be written alike: with the computed values, and the conditions that are to hold; None for none."""
        groups: dict[str, tuple[list[Any], Any, list[Any], list[Any]]] = {}
        for key, (values, truths, compared) in self.rows.items():
            # Equal values may be of several types, or be stored in several ways.
            name = repr((values, sorted(truths, key=repr), compared))
            groups.setdefault(name, (values, truths, compared, []))[-1].append(key)
        for values, truths, compared, keys in groups.values():
            yield values, self.conditions(truths, compared), keys

    def conditions(self, truths: Any, compared: list[Any]) -> Any:
        if not self.own:
            return None
        written = [
            None if value is None else read.written(column.target, value)
            for read, column, value in zip(
                self.compared_readers, self.own.compared.values(), compared, strict=True
            )
        ]
        return self.own.conditions(truths, written)


def in_chunks(compiler: Any, keys: list[Any], conditions: Any, query: Callable[[], Any]) -> Iterator[Any]:
    """The compilers of a statement for each chunk of the keys, whose rows are to meet the conditions."""
    # Values have parameters too, and a composite key several.
    most = (compiler.connection.features.max_query_params or 4 * CHUNK) // 4
    size = min(most, CHUNK)
    for start in range(0, len(keys), size):
        chunk = query()
        chunk.add_filter("pk__in", keys[start : start + size])
        if conditions is not None:
            chunk.where.add(conditions, AND)
        yield chunk.get_compiler(compiler.using)
