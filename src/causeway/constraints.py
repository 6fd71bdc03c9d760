"""The constraints of local tables on what refers to core: which there are, and which there should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import IntegrityError, connections

from causeway import homes
from causeway.backends.base.constraints import MISSING, STALE, UNCHECKED
from causeway.conf import LOCAL_ALIAS, staged_cores
from causeway.orphans.relations import label_of, local_models, refers_to_core


class Problem(NamedTuple):
    """What is wrong with the constraint of a foreign key to a core model, and the one that stands, if one does."""

    field: Any
    kind: str
    there: Any = None

    def __str__(self) -> str:
        opts = self.field.model._meta
        column = f"{label_of(self.field)}: the column {self.field.column!r} of {str(opts.db_table)!r}"
        home = homes.stamped_home(self.field.remote_field.model)
        if self.kind == MISSING:
            return f"{column} has no constraint to the core database {home!r}, which the model asks for."
        if self.kind == UNCHECKED:
            return f"{column} has a constraint that the rows before it were not checked for."
        if home in staged_cores():
            return (
                f"{column} refers by a constraint to {self.there.table!r}, though the core database {home!r} is staged: "
                f"rows that refer to core rows are refused, wait for their own transaction, or are lost without a word."
            )
        return (
            f"{column} refers by a constraint to {self.there.table!r}, which is not the table of the core database "
            f"{home!r}: rows that refer to core rows are refused, or lost without a word."
        )


def keys_to_core(home: str | None = None) -> Iterator[Any]:
    """The foreign keys of local tables to core models, those of many-to-many tables and links to parents as well."""
    for model in local_models():
        if model._meta.managed:
            for field in model._meta.local_fields:
                if refers_to_core(field) and home in {None, homes.stamped_home(field.remote_field.model)}:
                    yield field


def problems(home: str | None = None) -> list[Problem]:
    """What is wrong with the constraints that stand in the child's database. It is asked."""
    connection: Any = connections[LOCAL_ALIAS]
    editor = connection.SchemaEditorClass(connection, collect_sql=True)
    known, stored = connection.ops.table_key, connection.ops.stored_name
    found: list[Problem] = []
    with connection.cursor() as cursor:
        tables = set(map(known, connection.introspection.table_names(cursor)))
        for field in keys_to_core(home):
            table = field.model._meta.db_table
            if known(table) in tables:
                there = connection.introspection.foreign_keys(cursor, stored(table))
                column = stored(field.column)
                found += problems_of(field, [key for key in there if key.column == column], editor)
    return found


def problems_of(field: Any, there: Iterable[Any], editor: Any) -> Iterator[Problem]:
    """``there`` are the constraints that the column has."""
    target = editor.core_target(field)
    right = [key for key in there if target is not None and editor.refers_to(key, *target)]
    yield from (Problem(field, STALE, key) for key in there if key not in right)
    yield from (Problem(field, UNCHECKED, key) for key in right if not key.is_validated)
    if target is not None and not right and field.db_constraint:
        yield Problem(field, MISSING)


def repair(found: Iterable[Problem]) -> dict[Any, str]:
    """Drop what is stale, make what is missing; returns why that cannot be, by the field."""
    connection: Any = connections[LOCAL_ALIAS]
    left = {}
    for field, its in groupby(found, key=attrgetter("field")):
        connection.left_out.clear()
        try:
            with connection.schema_editor() as editor:
                editor.repair_constraint(field, {kind: there for _, kind, there in its})
        except IntegrityError as error:
            left[field] = str(error)
        if connection.left_out:
            left[field] = str(connection.left_out[0])
    connection.left_out.clear()
    return left
