"""Doing to orphans what their relation asks for where a core row is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import IntegrityError, connections, models
from django.db.models import F, QuerySet
from django.db.models.deletion import Collector

from causeway.conf import LOCAL_ALIAS
from causeway.exceptions import TransactionsUnfinished
from causeway.orphans.relations import LEFT_ALONE, Relation
from causeway.transactions.atomic import atomic
from causeway.transactions.unfinished import recovered, wait_for_prepared

# Rows of one transaction.
CHUNK = 500
# Primary keys that are found at once.
FOUND = 10_000
# Seconds for what is prepared to be ended, where no row is locked meanwhile.
LONG_PATIENCE = 15.0
# Up to so many rows that others keep are found out, one by one.
MOST_REFUSED = 1_000


class Chunk(NamedTuple):
    """How many rows were orphans when they were found, how many were repaired, how many are orphans still.

    Those are left that were given a value that has no core row either, or where ``refusal`` says what
    keeps the row. Of the others somebody restored the core row meanwhile.
    """

    seen: int
    repaired: int
    left: int
    refusal: Exception | None = None


def repair(relation: Relation, keys: list[Any] | None = None) -> Iterator[Chunk]:
    """Repair the orphans of a relation, chunk by chunk, each in a transaction of its own.

    With ``keys``, those that refer by one of these alone. What was done is committed when a chunk is given, so it may stop in between. A row that others
    keep from being deleted is left alone. Raises what a deletion raises (``ProtectedError``,
    ``RestrictedError``, ``IntegrityError``) where there are more such rows than anybody would look at.
    """
    if relation.on_delete in LEFT_ALONE:
        return
    refused = 0
    rows = relation.referring() if keys is None else relation.referring_to(keys)
    for page in relation.pages() if keys is None else [keys]:
        for chunk_keys in chunks(relation.orphans(rows, page)):
            for chunk in repaired(relation, chunk_keys):
                refused += chunk.refusal is not None
                if chunk.refusal is not None and refused > MOST_REFUSED:
                    raise chunk.refusal
                yield chunk


def repaired(relation: Relation, keys: list[Any]) -> Iterator[Chunk]:
    """Repair the rows with those primary keys; where one of them cannot be, the others."""
    try:
        chunk = repair_settled(relation, keys)
    except IntegrityError as error:
        if len(keys) == 1:
            yield Chunk(1, 0, 1, error)
            return
        middle = len(keys) // 2
        yield from repaired(relation, keys[:middle])
        yield from repaired(relation, keys[middle:])
    else:
        yield chunk


def chunks(orphans: QuerySet[Any]) -> Iterator[list[Any]]:
    """The primary keys of the rows, in their order; each row once, whatever becomes of it."""
    rest = orphans
    while keys := list(rest.order_by("pk").values_list("pk", flat=True)[:FOUND]):
        for start in range(0, len(keys), CHUNK):
            yield keys[start : start + CHUNK]
        rest = orphans.filter(pk__gt=keys[-1])


def repair_settled(relation: Relation, keys: list[Any]) -> Chunk:
    """Repair the rows once what is prepared on core has ended. Raises TransactionsUnfinished."""
    try:
        return repair_chunk(relation, keys)
    except TransactionsUnfinished:
        # Its process may be gone. Nobody waits for a lock of ours meanwhile.
        list(recovered())
        wait_for_prepared(relation.home, LONG_PATIENCE)
        return repair_chunk(relation, keys)


def repair_chunk(relation: Relation, keys: list[Any]) -> Chunk:
    # A value of SET() may make a core row.
    with atomic(best_effort=True):
        rows = relation.referring().filter(pk__in=keys)
        referred = lock(rows, relation.key)
        # In this order: what is prepared when the rows are read, may be what they refer to.
        wait_for_prepared(relation.home)
        still = relation.orphans(rows, referred)
        orphans = list(with_own_fields(still))
        if not orphans:
            return Chunk(len(keys), 0, 0)
        collector = Collector(LOCAL_ALIAS, origin=still)
        collect(collector, relation, orphans)
        collector.delete()
        left = relation.orphans(rows, lock(rows, relation.key)).count()
    return Chunk(len(keys), len(orphans) - left, left)


def lock(rows: QuerySet[Any], key: str) -> set[Any]:
    """Let nobody change the rows before the transaction ends; returns what they refer to by ``key``."""
    if not connections[LOCAL_ALIAS].features.has_select_for_update:
        # Who writes has the whole file.
        rows.update(**{key: F(key)})
    return set(rows.select_for_update().values_list(key, flat=True))


def collect(collector: Collector, relation: Any, rows: list[Any]) -> None:
    """Have the collector do to the rows what the relation's ``on_delete`` says."""
    if relation.on_delete is not models.CASCADE:
        relation.on_delete(collector, relation.field, rows, LOCAL_ALIAS)
        return
    if relation.is_parent_link:
        keys = [row.pk for row in rows]
        for child in descendants(relation.model):
            own = with_own_fields(QuerySet(child, using=LOCAL_ALIAS).filter(pk__in=keys))
            collector.collect(list(own), source=relation.model, keep_parents=True)
    collector.collect(rows, keep_parents=relation.is_parent_link)


def descendants(model: Any) -> list[Any]:
    """The models that inherit a table from this one, the deepest first.

    Their rows are fetched by their own tables alone: joined with the core parent they are not found.
    """
    children = [relation.related_model for relation in model._meta.related_objects if relation.parent_link]
    own = [child for child in children if model in child._meta.parents]
    return [*(each for child in own for each in descendants(child)), *own]


def with_own_fields(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows without the columns of their parents' tables."""
    return rows.only(*(field.name for field in rows.model._meta.local_concrete_fields))
