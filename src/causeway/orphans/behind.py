"""The local rows that refer to what a core has lost, or to what was given its key since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from causeway.orphans.relations import ForeignKeyRelation, Relation, relations

# Of more rows, the first are told.
MOST = 20


class Behind(NamedTuple):
    """``rows`` are primary keys of local rows, up to ``MOST`` of ``number``, which refer by ``relation`` to rows of ``model``.

    These had ``keys`` in ``column``.
    """

    model: str
    column: str
    keys: list[Any]
    relation: str
    rows: list[Any]
    number: int


def rows_behind(created: Mapping[str, Mapping[str, list[Any]]]) -> Iterator[Behind]:
    """Who refers to rows that are lost; ``created`` are the values that identify them, by model and column."""
    for relation in relations() if created else ():
        model, column = relation.target._meta.label, referred_column(relation)
        if keys := created.get(model, {}).get(column):
            found = relation.referring().filter(**{f"{relation.key}__in": keys}).order_by("pk")
            if number := found.count():
                rows = list(found.values_list("pk", flat=True)[:MOST])
                yield Behind(model, column, keys, relation.label, rows, number)


def referred_column(relation: Relation) -> str:
    """The attribute of the core row whose value the local row holds."""
    if isinstance(relation, ForeignKeyRelation):
        return str(relation.field.target_field.attname)
    return str(relation.target._meta.pk.attname)
