"""What of a model's rows the database holds unique."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import UniqueConstraint

if TYPE_CHECKING:
    from django.db.models import Model

    from causeway.drift.catalog import Catalog


def asked_uniques(catalog: Catalog, model: type[Model]) -> tuple[set[frozenset[str]], set[str]]:
    """The sets of columns that the model wants unique, and the names of further constraints.

    Those of the second kind cover not every row, or not whole columns: their name is all that
    can be compared.
    """
    opts: Any = model._meta
    columns = [
        [field.column] for field in opts.local_concrete_fields if field.unique and not field.primary_key
    ]
    columns += [_columns(model, names) for names in opts.unique_together]
    named = set()
    for constraint in opts.constraints:
        if not isinstance(constraint, UniqueConstraint) or not _is_made(catalog, model, constraint):
            continue
        if constraint.condition or constraint.expressions:
            named.add(catalog.connection.ops.stored_name(constraint.name))
        else:
            columns.append(_columns(model, constraint.fields))
    return {frozenset(map(catalog.column_key, names)) for names in columns}, named


def _columns(model: type[Model], names: Any) -> list[str]:
    opts: Any = model._meta
    return [opts.get_field(name).column for name in names]


def _is_made(catalog: Catalog, model: type[Model], constraint: UniqueConstraint) -> bool:
    """Whether Django makes the constraint: an engine may lack what it asks for."""
    editor = catalog.connection.SchemaEditorClass(catalog.connection, collect_sql=True)
    return constraint.create_sql(model, editor) is not None
