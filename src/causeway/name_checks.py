"""Checks of the names of core tables and columns: what Django does not bear in one database, no placement does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections

from causeway import homes
from causeway.backends.base.base import engine_name
from causeway.conf import LOCAL_ALIAS, cores
from causeway.names import is_qualified


class Named(NamedTuple):
    """A table or a column: what it is called, its name, and its model or field."""

    what: str
    name: str
    obj: Any


def check_names(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Of core tables and their columns, at home and where the child's statements name them."""
    found: dict[str, CheckMessage] = {}
    for home in cores():
        models = [model for model in apps.get_models(include_auto_created=True) if _is_of(model, home)]
        for alias in (home, LOCAL_ALIAS):
            # Of another backend, E002 or E006 tells.
            if alias in connections.settings and hasattr(connections[alias].ops, "name_obstacle"):
                for message in _of_models(models, connections[alias]):
                    found.setdefault(message.msg, message)
    return list(found.values())


def _is_of(model: Any, home: str) -> bool:
    return homes.stamped_home(model) == home and not model._meta.proxy


def _of_models(models: Iterable[Any], connection: Any) -> Iterator[CheckMessage]:
    tables = [
        Named(f"The table {str(model._meta.db_table)!r} of {model._meta.label}", model._meta.db_table, model)
        for model in models
    ]
    yield from _of_names(tables, connection)
    for model in models:
        fields = model._meta.local_concrete_fields
        columns = [Named(f"The column {field.column!r} of {field}", field.column, field) for field in fields]
        yield from _of_names(columns, connection)


def _of_names(named: Iterable[Named], connection: Any) -> Iterator[CheckMessage]:
    """Of tables of one database, or of columns of one table."""
    kept: dict[str, Named] = {}
    for each in named:
        if is_qualified(connection.ops, each.name):
            yield _qualified(each)
        elif why := connection.ops.name_obstacle(each.name):
            yield _unbearable(each, why, connection)
        elif "%" in each.name:
            yield _unjoinable(each, connection)
        other = kept.setdefault(connection.ops.stored_name(each.name), each)
        if other.name != each.name:
            yield _unbearable(each, f"it is cut there, and so it is that of {other.obj} as well", connection)


def _unbearable(named: Named, why: str, connection: Any) -> CheckMessage:
    return Error(
        f"{named.what} cannot have this name on {engine_name(connection)}: {why}.",
        hint="Give it another one, by db_table or db_column, in the core database as well.",
        obj=named.obj,
        id="causeway.E019",
    )


def _qualified(named: Named) -> CheckMessage:
    return Warning(
        f"{named.what} says in which schema it stands as well: what names it beside tables of the child's has no "
        f"place for that.",
        hint="Name the table alone, and its schema in CAUSEWAY or in the search path of the connection.",
        obj=named.obj,
        id="causeway.W019",
    )


def _unjoinable(named: Named, connection: Any) -> CheckMessage:
    return Warning(
        f"{named.what} is found on {engine_name(connection)} by what joins nothing to it alone: Django formats the names "
        f"that a join compares, and a percent sign means something there.",
        hint="Give it another name, by db_table or db_column, in the core database as well.",
        obj=named.obj,
        id="causeway.W019",
    )
