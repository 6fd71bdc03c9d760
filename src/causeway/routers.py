"""The router that sends each model to its home and guards the core tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps

from causeway import homes
from causeway.backends.base.guards import refuse_write
from causeway.conf import LOCAL_ALIAS, cores
from causeway.placements import is_linked

if TYPE_CHECKING:
    from django.db.models import Model


class CoreRouter:
    """Core models run on the child's own connection where they are linked, else in their home."""

    def db_for_read(self, model: type[Model] | None, **hints: Any) -> str | None:
        if model is None:  # a RawQuerySet may have none
            return None
        home = homes.stamped_home(model)
        if home is not None:
            return None if is_linked(home) else home
        instance = hints.get("instance")
        if instance is not None and instance._state.db in cores() and not homes.stands_in_core(model):
            # A core row's local relations: its own database has no such table.
            return LOCAL_ALIAS
        return None

    def db_for_write(self, model: type[Model] | None, **hints: Any) -> str | None:
        # Django asks for an instance also in order to validate it, or to write its local
        # relations: signals guard what is done with one.
        if model is not None and hints.get("instance") is None:
            refuse_write(model, None, "write")
        return self.db_for_read(model, **hints)

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool | None:
        if homes.stamped_home(type(obj1)) or homes.stamped_home(type(obj2)):
            return True
        return None

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        if not cores():
            return None
        model = hints.get("model") or _registered(app_label, model_name)
        if model is None:
            return _allow_app(db, app_label)
        home = homes.stamped_home(model)
        if home is None and db not in cores():
            return None
        if home is not None and homes.goes_over_link(home):
            return db == LOCAL_ALIAS
        if db != home and not (home is None and homes.stands_in_core(model)):
            return False
        # Commands that name core (flush, loaddata, dumpdata) ask with the installed model, an
        # operation of a migration with its own, makemigrations with a name alone.
        asks_for_rows = "model" in hints and model.__module__ != "__fake__"
        return asks_for_rows or homes.may_migrate(db)


def _registered(app_label: str, model_name: str | None) -> type[Model] | None:
    if model_name is None:
        return None
    try:
        return apps.get_registered_model(app_label, model_name)
    except LookupError:
        return None


def _allow_app(db: str, app_label: str) -> bool | None:
    """For operations that name no model (``RunSQL``, ``RunPython``)."""
    home = homes.app_home(app_label)
    if db in cores():
        return home == db and homes.may_migrate(db)
    return False if home else None
