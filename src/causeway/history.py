"""The models of migrations: what they are called today, and which of their columns their tables have today.

A core table is as the installed models have it, whatever a migration of this project knows of its
model: the core project migrates it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.apps import apps
from django.core.signals import setting_changed
from django.db.migrations import RenameField, RenameModel, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader

if TYPE_CHECKING:
    from django.db.models import Model


class Renamings(NamedTuple):
    """New names by old ones, in lower case: of an app's models, and by a model's name of its fields."""

    models: dict[str, str]
    fields: dict[str, dict[str, str]]


def is_of_a_migration(model: type[Model]) -> bool:
    """Whether it stands for the model as it was at some time."""
    return model.__module__ == "__fake__"


def installed_model(model: type[Model]) -> type[Model] | None:
    """The installed model that a model of a migration has become; None if there is none any more."""
    opts = model._meta
    if maker := opts.auto_created:
        return _installed_through(model, cast("type[Model]", maker))
    return _models(opts.app_label).get(latest_name(opts.app_label, opts.model_name or ""))


def _installed_through(model: type[Model], maker: type[Model]) -> type[Model] | None:
    """That of a table made for a ``ManyToManyField``, whose name is that of its model and its own."""
    installed, name = installed_model(maker), (model._meta.model_name or "")
    own = name.removeprefix(f"{maker._meta.model_name}_")
    fields = installed._meta.local_many_to_many if installed else []
    found = [field.remote_field.through for field in fields if field.name.lower() == own]
    return cast("type[Model]", found[0]) if found else None


def _models(app_label: str) -> dict[str, type[Model]]:
    """The installed models of an app by their names."""
    return apps.all_models.get(app_label, {})


def latest_name(app_label: str, model_name: str) -> str:
    """What a model is called after all that its app's migrations rename it to."""
    return _followed(model_name.lower(), lambda: renamings(app_label).models, _models(app_label))


def _followed(name: str, renamed: Any, known: Iterable[str]) -> str:
    """The first name that is known on the way on which a name was changed; the last if none is."""
    seen = {name}
    while name not in known and (name := renamed().get(name, name)) not in seen:
        seen.add(name)
    return name


@cache
def renamings(app_label: str) -> Renamings:
    """What the migrations of an app rename."""
    found = Renamings({}, {})
    for operation in _operations(app_label):
        if isinstance(operation, RenameModel):
            found.models[operation.old_name_lower] = operation.new_name_lower
        elif isinstance(operation, RenameField):
            fields = found.fields.setdefault(operation.model_name_lower, {})
            fields[operation.old_name_lower] = operation.new_name_lower
    return found


def _operations(app_label: str) -> Iterator[Any]:
    try:
        name, _ = MigrationLoader.migrations_module(app_label)
        module = name and import_module(name)
    except (ImportError, LookupError):
        return
    for found in sorted(iter_modules(getattr(module, "__path__", [])), key=lambda found: found.name):
        if found.name[0] not in "_~":
            migration = getattr(import_module(f"{name}.{found.name}"), "Migration", None)
            yield from _flat(getattr(migration, "operations", []))


def _flat(operations: Iterable[Any]) -> Iterator[Any]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _flat(operation.state_operations)
        yield operation


def fit_to_table(model: type[Model], installed: type[Model]) -> None:
    """Have a model of a migration use the columns that its table has today, as the installed model knows it.

    A field that was renamed keeps its name and has the new column. One that is gone is kept, for
    what refers to it, and never read or written. What has come since is added, with its default.
    """
    opts: Any = model._meta
    today = {field.column: field for field in installed._meta.local_concrete_fields}
    names = _field_names(model, installed)
    for field in [field for field in opts.local_concrete_fields if field.column not in today]:
        renamed = names.get(field.name)
        if renamed is not None and renamed.column in today:
            field.column = renamed.column
        else:
            field.concrete = False
            # There is nothing to fetch.
            setattr(model, field.attname, field.get_default())
    opts._expire_cache()
    known = {field.column for field in opts.local_concrete_fields}
    for column, field in today.items():
        if column not in known and not field.is_relation and not getattr(field, "generated", False):
            model.add_to_class(field.name, field.clone())
    opts.ordering = _possible(opts)


def _field_names(model: type[Model], installed: type[Model]) -> dict[str, Any]:
    """The fields of the installed model by the names that they have had under any name of the model."""
    opts, today = model._meta, {field.name: field for field in installed._meta.local_concrete_fields}
    if opts.auto_created:
        # Its columns are named after the models: they stand in one order.
        return {field.name: new for field, new in zip(opts.local_fields, today.values(), strict=False)}
    renamed: dict[str, str] = {}
    for name, fields in renamings(opts.app_label).fields.items():
        if latest_name(opts.app_label, name) == installed._meta.model_name:
            renamed |= fields
    lower = {name.lower(): field for name, field in today.items()}
    names = {field.name: _followed(field.name.lower(), lambda: renamed, lower) for field in opts.local_fields}
    return {name: lower[latest] for name, latest in names.items() if latest in lower}


def _possible(opts: Any) -> list[Any]:
    """What rows are ordered by, without columns that are gone."""
    gone = {field.name for field in opts.local_fields if not field.concrete}
    return [part for part in opts.ordering if not isinstance(part, str) or part.lstrip("-") not in gone]


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting in {"MIGRATION_MODULES", "INSTALLED_APPS"}:
        renamings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="causeway.history")
