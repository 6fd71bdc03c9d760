"""Writes whose conditions or values reach tables of another database.

The keys of the rows are found first, by a spanning query; then they are written by key, in chunks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, cast

from django.db import transaction
from django.db.models.expressions import Col
from django.db.models.sql import DeleteQuery, Query, UpdateQuery
from django.db.models.sql.constants import ROW_COUNT
from django.utils.hashable import make_hashable

from causeway.placements.staged.meaning import has_subquery, parts

# Keys in one statement, where the engine sets no limit.
CHUNK = 2_000


def delete_by_keys(compiler: Any) -> int:
    """Carry out the deletion of a compiler; returns how many rows it deleted."""
    keys = [key for key, _ in found(compiler.query, [], compiler.using)]
    return in_chunks(compiler, keys, partial(DeleteQuery, compiler.query.model))


def update_by_keys(compiler: Any, given: Any) -> int:
    """Carry out the update of a compiler; returns how many rows it matched.

    ``given`` is its query as it was before it was compiled. A value that is computed of other
    tables is computed with the keys.
    """
    query = compiler.query
    mapped = compiler.content_type_ids.columns if compiler.content_type_ids else ()
    is_computed = [is_computed_here(field, value, mapped) for field, _, value in query.values]
    computed = [value for (_, _, value), there in zip(query.values, is_computed, strict=True) if there]
    groups: dict[Any, list[Any]] = defaultdict(list)
    results = {}
    for key, values in found(given, computed, compiler.using):
        kind = make_hashable(values)
        results[kind] = values
        groups[kind].append(key)
    count = 0
    with transaction.atomic(using=compiler.using, savepoint=False):
        for kind, keys in groups.items():
            computed_values = iter(results[kind])
            triples = [
                (field, model, next(computed_values) if there else value)
                for (field, model, value), there in zip(query.values, is_computed, strict=True)
            ]
            count += in_chunks(compiler, keys, partial(with_values, query.model, triples))
        for related in query.get_related_updates():
            related.get_compiler(compiler.using).execute_sql(ROW_COUNT)
    return count


def is_computed_here(field: Any, value: Any, mapped: Collection[str]) -> bool:
    """Whether an update's value can be computed in the child's database only."""
    if not hasattr(value, "as_sql"):
        return False
    columns = {part.target.column for part in parts(value) if isinstance(part, Col)}
    return has_subquery(value) or field.column in mapped or bool(columns.intersection(mapped))


def with_values(model: Any, values: list[Any]) -> UpdateQuery:
    query: Any = UpdateQuery(model)
    query.values = values
    return cast("UpdateQuery", query)


def found(query: Any, computed: list[Any], using: str) -> list[tuple[Any, list[Any]]]:
    """The keys of the rows that a query would write, each with the values computed for it."""
    query = query.clone()
    # As Django does it when it compiles them.
    computed = [value.resolve_expression(query, allow_joins=False, for_save=True) for value in computed]
    query.__class__ = Query
    query.select_related = False
    query.clear_ordering(force=True)
    query.extra = {}
    query.clear_select_clause()
    pk = query.get_meta().pk
    query.select = (pk.get_col(query.get_initial_alias()), *computed)
    rows = query.get_compiler(using).results_iter()
    # A row that several rows of another table lead to is written once.
    by_key = {row[0]: list(row[1:]) for row in rows}
    return list(by_key.items())


def in_chunks(compiler: Any, keys: list[Any], query: Callable[[], Any]) -> int:
    """Execute a statement for each chunk of the keys; returns how many rows they met."""
    # Values have parameters too, and a composite key several.
    most = (compiler.connection.features.max_query_params or 4 * CHUNK) // 4
    size = min(most, CHUNK)
    count = 0
    with transaction.atomic(using=compiler.using, savepoint=False):
        for start in range(0, len(keys), size):
            chunk = query()
            chunk.add_filter("pk__in", keys[start : start + size])
            count += chunk.get_compiler(compiler.using).execute_sql(ROW_COUNT) or 0
    return count
