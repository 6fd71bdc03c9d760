"""Refusals that come before any SQL is sent, each with a sentence."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError
from django.db.models.sql import Query

from causeway import homes, underway
from causeway.conf import LOCAL_ALIAS, cores
from causeway.exceptions import CoreReadOnly, PlacementError

if TYPE_CHECKING:
    from django.db.models import Model


def refuse_write(model: type[Model], alias: str | None, action: str) -> None:
    """Raise CoreReadOnly for a write that would reach a core database declared ``READ_ONLY``."""
    if alias is not None and not homes.reaches_core(alias):
        return
    home = homes.stamped_home(model) or alias
    core = cores().get(home) if home else None
    if core is not None and core.read_only and not underway.is_under_construction(core.alias):
        raise CoreReadOnly(
            f"Cannot {action} {model._meta.label} in the core database {home!r}: CAUSEWAY[{home!r}] declares it "
            f"READ_ONLY. Write it in the core project, or set READ_ONLY to False here."
        )


def refuse_local_table(table, query, alias):
    """Raise PlacementError for a local table in a statement on a core connection.

    Raises EmptyResultSet instead where it is asked for rows that refer to a model with rows in
    both databases: local rows refer to the local ones only. So a cascade from a row of a
    ``CoreManager`` finds nothing there.
    """
    if refers_to_other_rows(query, alias):
        raise EmptyResultSet
    raise PlacementError(local_table_on_core(table, alias))


def refuse_joins(nodes, unbearable):
    """Raise NotSupportedError for a join by a name that is ``unbearable``: Django formats these as Python does."""
    for node in nodes:
        if node.join_type and (lacking := unbearable & names_compared(node)):
            raise NotSupportedError(
                f"Cannot join by the name {min(lacking)!r}: Django formats the names that a join compares, and a "
                f"percent sign means something there. Give the table or the column another name, by db_table or "
                f"db_column."
            )


def names_compared(join):
    return {join.table_alias, join.parent_alias, *chain.from_iterable(join.join_cols)}


def local_table_on_core(table: str, alias: str) -> str:
    """Why a local table cannot be used on a core connection, and what to do."""
    return (
        f"Cannot use the table {str(table)!r} in a query on the core database {alias!r}: it belongs to a local "
        f"model, whose home is {LOCAL_ALIAS!r}, and core knows no child. Leave out using({alias!r}), which a "
        f"CoreManager implies: on {LOCAL_ALIAS!r} the query reaches the tables of both."
    )


def refers_to_other_rows(query, alias):
    """Whether a query on core asks for local rows that refer to a row of a model with rows in both."""
    return any(homes.has_other_rows_on(alias, model) for model in _models_referred_to(query.where, alias))


def _models_referred_to(where, alias):
    """The models to whose rows the conditions hold local rows, by a foreign key or a generic one."""
    for condition, field in _conditions(where):
        if field is None or not field.remote_field or homes.has_rows_in_core(field.model):
            continue
        model = field.remote_field.model
        if homes.is_content_type(model) and isinstance(condition.rhs, int):
            model = model.objects.db_manager(alias).get_for_id(condition.rhs).model_class()
        if model:
            yield model


def _conditions(where):
    """Each condition with the field that it is about, or None."""
    for child in getattr(where, "children", ()):
        if hasattr(child, "children"):
            yield from _conditions(child)
        else:
            yield child, getattr(getattr(child, "lhs", None), "target", None)


def asks_for_content_types(query):
    """Whether a query on core asks, by their natural keys, for content types that are the child's own.

    Django asks so on the connection of a row for the content type that refers to the row. That is
    the child's, unless core rows hold ids of content types: these are other ones in core.
    """
    model = getattr(query, "model", None)
    if model is None or not homes.is_content_type(model) or homes.core_refers_to_content_types():
        return False
    names = {field and field.name for _, field in _conditions(query.where)}
    return names <= {"app_label", "model"} and bool(names) and not homes.has_rows_in_core(model)


def asks_for_local_rows(query):
    """Whether a query on core asks for rows of the child's own, in what answers that."""
    model = getattr(query, "model", None)
    if model is None or not underway.are_local_rows_answered():
        return False
    return homes.stamped_home(model) is None and not homes.stands_in_core(model)


def forget_aliases(where):
    """Have the subqueries of conditions run where their query does, whatever database they name."""
    for condition, _ in _conditions(where):
        for inner in (getattr(condition, "rhs", None), getattr(condition, "query", None)):
            if isinstance(inner, Query):
                inner._db = None
                forget_aliases(inner.where)
