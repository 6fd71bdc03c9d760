"""Which rows of a core are new in a transaction: if core loses them, those who refer to them are found by that."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from causeway.conf import LOCAL_ALIAS
from causeway.homes import stamped_home

# A decision tells of so many values at most.
MOST = 100


class Created(NamedTuple):
    """A value by which others refer to a new row."""

    alias: str
    model: str
    column: str
    value: Any


def note(compiler: Any, rows: list[Any]) -> None:
    """Have the unit that is open know what an INSERT on a core's connection has made."""
    connection, model = compiler.connection, compiler.query.model
    unit = connection.unit
    if (
        unit is None
        or connection.alias == LOCAL_ALIAS
        or len(unit.created) >= MOST
        or model._meta.auto_created
    ):
        return
    returned = {field: position for position, field in enumerate(compiler.returning_fields or ())}
    for number, row in enumerate(compiler.query.objs[:MOST]):
        for field in identifying(model):
            if field in returned and number < len(rows):
                value = rows[number][returned[field]]
            else:
                value = getattr(row, field.attname, None)
            if value is not None:
                unit.created.append(Created(connection.alias, model._meta.label, field.attname, value))


@cache
def identifying(model: Any) -> tuple[Any, ...]:
    """The fields of a core model by one of which local rows refer to its rows."""
    referred = {model._meta.pk}
    for relation in model._meta.related_objects:
        if stamped_home(relation.related_model) is None and relation.field.many_to_one:
            fields = relation.field.foreign_related_fields
            # One of several fields does not identify a row.
            referred.update(fields if len(fields) == 1 else ())
    return tuple(field for field in model._meta.local_concrete_fields if field in referred)


def grouped(created: Iterable[Created], alias: str) -> dict[str, dict[str, list[Any]]]:
    """The values of one database, by model and column."""
    found: dict[str, dict[str, list[Any]]] = {}
    for each in created:
        if each.alias == alias:
            found.setdefault(each.model, {}).setdefault(each.column, []).append(each.value)
    return found
