"""The router that sends each model to its home and guards the core tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.db import connections

from causeway import homes, underway
from causeway.backends.base.guards import local_table_on_core, refuse_write
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.exceptions import PlacementError
from causeway.history import is_of_a_migration, latest_name
from causeway.placements import is_linked, is_placed
from causeway.placements.mirrored import copy_of, reading_core
from causeway.transactions.connections import is_test_database
from causeway.transactions.plain import refuse_in_block_of_core

if TYPE_CHECKING:
    from django.db.models import Model

# This library's own app, and its models that a core keeps rows of too, of transactions over several databases.
OWN_LABEL, KEPT_BY_CORE = "causeway", {"branch", "decision"}
# Every connection that reaches core has the one row of a core model.
ANY = "*"


class CoreRouter:
    """Core models run on the child's own connection where they are linked, else in their home."""

    def db_for_read(self, model: type[Model] | None, **hints: Any) -> str | None:
        if model is None:  # a RawQuerySet may have none
            return None
        instance = hints.get("instance")
        if instance is not None and instance._state.db and not homes.reaches_core(instance._state.db):
            # What belongs to a row of a further database is there too.
            return None
        if migrated := homes.migrated_home(model):
            return migrated
        home = homes.stamped_home(model)
        if home is not None:
            if is_linked(home):
                return None
            # What a row of either database has to do with a core model is found where that row is.
            is_either = instance is not None and homes.has_rows_in_either(homes.model_of(instance))
            if is_either:
                return None
            return LOCAL_ALIAS if copy_of(model._meta.db_table) else home
        if instance is None or instance._state.db not in cores():
            return None
        if homes.has_other_rows_on(instance._state.db, model):
            # A staged core's rows know no other alias: they do not say which of the two is meant.
            is_staged = homes.stamped_home(homes.model_of(instance)) in staged_cores()
            return LOCAL_ALIAS if is_staged else None
        if instance._state.db in staged_cores() and _is_referred_to(model, instance):
            # Nothing would tell the query from one that may run on the child.
            table = model._meta.db_table
            raise PlacementError(local_table_on_core(table, instance._state.db))
        # A core row's local relations: its own database has no such table.
        return None if _is_another_here(instance, model) else LOCAL_ALIAS

    def db_for_write(self, model: type[Model] | None, **hints: Any) -> str | None:
        # Django asks for an instance also in order to validate it, or to write its local
        # relations: signals guard what is done with one.
        if model is None or hints.get("instance") is not None:
            with reading_core():
                return self.db_for_read(model, **hints)
        refuse_write(model, None, "write")
        with reading_core():
            alias = self.db_for_read(model, **hints)
        if alias is None:
            # Before Django opens a block of its own round what it writes.
            refuse_in_block_of_core(model, connections[LOCAL_ALIAS])
        return alias

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool | None:
        databases = {_database(obj1), _database(obj2)}
        if ANY in databases:
            return all(alias in {ANY, None} or homes.reaches_core(alias) for alias in databases)
        if obj1._state.db in cores() or obj2._state.db in cores():
            return len(databases) == 1
        return None

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        if not cores() or not homes.reaches_core(db):
            return None
        model = hints.get("model") or _registered(app_label, model_name)
        if model is None:
            return _allow_app(db, app_label)
        home = homes.stamped_home(model)
        if home is None and db not in cores():
            return None
        if home is not None and underway.goes_over_link(home):
            return db in {LOCAL_ALIAS, home}
        if app_label == OWN_LABEL and model._meta.model_name in KEPT_BY_CORE and db in staged_cores():
            # A test case flushes them with the rest.
            return underway.may_migrate(db) or is_test_database(db)
        # An operation of a migration asks with a model of its own, makemigrations with a name alone. Whoever asks
        # with the installed model means rows.
        asks_for_rows = "model" in hints and not is_of_a_migration(model)
        if db != home and not (home is None and homes.stands_in_core(model)):
            return db == LOCAL_ALIAS and asks_for_rows and _may_make_rows(home)
        return asks_for_rows or underway.may_migrate(db)


def _may_make_rows(home: str | None) -> bool:
    return home is not None and is_placed(home) and underway.may_make_rows(home)


def _database(row: Model) -> str | None:
    """The database whose rows may be related to this one, or ``ANY``.

    Django asks for the content type of a row on the row's connection. Such a one that was asked
    for in core stands for the row.
    """
    model = homes.model_of(row)
    alias = row._state.db
    is_own_type = alias in cores() and not homes.has_other_rows_on(alias, model)
    if is_own_type and homes.is_content_type(model):
        # One of a migration state has no model_class().
        model = _registered(cast("Any", row).app_label, cast("Any", row).model) or model
    if homes.stamped_home(model) and (alias is None or homes.reaches_core(alias)):
        return ANY
    is_local = alias in cores() and not homes.has_other_rows_on(alias, model)
    return LOCAL_ALIAS if is_local else alias


def _is_another_here(row: Model, model: type[Model]) -> bool:
    """Whether a row read in core is another one to those of a local model, which may refer to its key.

    So are the rows of a ``CoreManager``. And a row of any core model is, to those that refer to it by
    a content type too, where content types have other ids in core.
    """
    if homes.has_other_rows_on(row._state.db, homes.model_of(row)):
        return True
    generic = (field for field in row._meta.private_fields if hasattr(field, "bulk_related_objects"))
    has_other_ids = row._state.db in homes.mapped_homes() - staged_cores()
    return has_other_ids and any(field.related_model is model for field in generic)


def _is_referred_to(model: type[Model], row: Model) -> bool:
    """Whether a core row of a ``CoreManager`` holds the key of a row of this local model, and none holds its."""
    if not homes.has_other_rows_on(row._state.db, homes.model_of(row)):
        return False
    concrete = model._meta.concrete_model
    fields: Any = row._meta.get_fields(include_hidden=True)
    related = {
        field.concrete
        for field in fields
        if field.related_model and _concrete(field.related_model) is concrete
    }
    return related == {True}


def _concrete(model: type[Model]) -> type[Model] | None:
    return model._meta.concrete_model


def _registered(app_label: str, model_name: str | None) -> type[Model] | None:
    if model_name is None:
        return None
    try:
        return apps.get_registered_model(app_label, latest_name(app_label, model_name))
    except LookupError:
        return None


def _allow_app(db: str, app_label: str) -> bool | None:
    """For operations that name no model (``RunSQL``, ``RunPython``)."""
    home = homes.app_home(app_label)
    if db in cores():
        return home == db and underway.may_migrate(db)
    return False if home else None
