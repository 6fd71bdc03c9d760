"""Which models say something of the tables of a core database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps

from causeway import homes
from causeway.conf import cores

if TYPE_CHECKING:
    from django.db.models import Model


def shared_models(home: str) -> list[type[Model]]:
    """The models whose table stands in the core database: also those with a ``CoreManager``."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy and (homes.stamped_home(model) == home or has_rows_in(model, home))
    ]


def has_rows_in(model: type[Model], home: str) -> bool:
    """Whether a ``CoreManager`` of the local model manages its rows in the core database."""
    if not homes.stands_in_core(model):
        return False
    # The table of a ManyToManyField goes with the model of the field.
    maker: Any = model._meta.auto_created or model
    named = {manager.core for manager in maker._meta.managers if getattr(manager, "reads_core", False)}
    return home in named or (None in named and len(cores()) == 1)
