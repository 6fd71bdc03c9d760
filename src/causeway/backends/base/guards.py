"""Refusals that come before any SQL is sent, each with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import EmptyResultSet

from causeway import homes
from causeway.conf import LOCAL_ALIAS, cores
from causeway.exceptions import CoreReadOnly, PlacementError

if TYPE_CHECKING:
    from django.db.models import Model


def refuse_write(model: type[Model], alias: str | None, action: str) -> None:
    """Raise CoreReadOnly for a write that would reach a core database declared ``READ_ONLY``."""
    home = homes.stamped_home(model) or alias
    core = cores().get(home) if home else None
    if core is not None and core.read_only and not homes.is_under_construction(core.alias):
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
    if any(homes.stands_in_core(model) for model in _models_referred_to(query.where)):
        raise EmptyResultSet
    raise PlacementError(
        f"Cannot use the table {str(table)!r} in a query on the core database {alias!r}: it belongs to a local "
        f"model, whose home is {LOCAL_ALIAS!r}, and core knows no child. Leave out using({alias!r}): on "
        f"{LOCAL_ALIAS!r} the query reaches the tables of both."
    )


def _models_referred_to(where):
    for child in getattr(where, "children", ()):
        yield from _models_referred_to(child)
        field = getattr(getattr(child, "lhs", None), "target", None)
        if field is not None and field.remote_field:
            yield field.remote_field.model
