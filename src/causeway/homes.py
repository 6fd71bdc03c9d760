"""Which database each model's rows live in.

A model's home travels with its table name: ``_meta.db_table`` of a core model is a
:class:`Table`, a string that is equal to the bare name and knows the alias. It is set when
the class is prepared, so every query and every migration state carries it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.core.signals import setting_changed
from django.db import connections
from django.db.models.signals import class_prepared

from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.history import fit_to_table, installed_model, is_of_a_migration, latest_name
from causeway.natural_keys import CONTENT_TYPE, Mapped, mapped_columns, refers_to_content_types
from causeway.underway import is_any_migrated, is_as_it_was, is_migrated

if TYPE_CHECKING:
    from django.db.models import Model

# The attribute by which an abstract base names the home of all its children.
HOME_ATTRIBUTE = "causeway_home"


class Table(str):
    """A table name that knows where the table stands.

    ``home`` is the alias of a core database; None for a local table that has a namesake in
    one. ``in_core`` tells that the namesake belongs to the same model, which has a
    ``CoreManager`` or is that of the content types. ``mapped`` are the columns of a core table
    that hold ids of core's content types. ``model`` is the model whose table it is.
    """

    __slots__ = ("home", "in_core", "mapped", "model")
    home: str | None
    in_core: bool
    mapped: Mapped | None
    model: type[Model] | None

    def __new__(
        cls,
        name: str,
        home: str | None,
        in_core: bool = False,
        mapped: Mapped | None = None,
        model: type[Model] | None = None,
    ) -> Table:
        self = super().__new__(cls, name)
        self.home = home
        self.in_core = in_core
        self.mapped = mapped
        self.model = model
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # The class of a table made for a ManyToManyField cannot be pickled by its name.
        label = self.model and self.model._meta.label
        return _table_again, (str(self), self.home, self.in_core, self.mapped, label)


def _table_again(
    name: str, home: str | None, in_core: bool, mapped: Mapped | None, label: str | None
) -> Table:
    try:
        model = apps.get_registered_model(*label.split(".")) if label else None
    except LookupError:
        model = None
    return Table(name, home, in_core, mapped, model)


def home_of(model: type[Model]) -> str | None:
    """The alias of the core database in which the model's rows live; None for a local model.

    A proxy follows its concrete model, a table made for a ``ManyToManyField`` the model of
    the field.
    """
    opts = model._meta
    if maker := _maker(model):
        return home_of(maker)
    concrete = opts.concrete_model or model
    label, name = concrete._meta.app_label, concrete._meta.model_name or ""
    if is_of_a_migration(concrete):
        name = latest_name(label, name)
    return claimed_home(label, name) or declared_home(concrete)


def _maker(model: type[Model]) -> type[Model] | None:
    """The model whose ``ManyToManyField`` made this one."""
    return cast("type[Model] | None", model._meta.auto_created or None)


def claimed_home(app_label: str, model_name: str) -> str | None:
    """The alias whose ``MODELS`` names the app or the model."""
    for core in cores().values():
        if core.claims(app_label, model_name):
            return core.alias
    return None


def declared_home(model: type[Model]) -> str | None:
    """The home that an abstract base of the model names, where ``CAUSEWAY`` has it."""
    alias = named_home(model)
    return alias if alias in cores() else None


def named_home(model: type[Model]) -> str | None:
    """What an abstract base of the model names as its home, known or not.

    Multi-table inheritance does not inherit it: the parent's rows live in core, the child's
    own fields are local. A model of a migration has no abstract bases, so the installed
    model of that name answers for it.
    """
    if is_of_a_migration(model):
        installed = installed_model(model)
        if installed is None:
            return None
        model = installed
    for base in model.__mro__:
        if base is not model and hasattr(base, "_meta") and not base._meta.abstract:
            return None
        if HOME_ATTRIBUTE in vars(base):
            alias = vars(base)[HOME_ATTRIBUTE]
            return None if alias is None else str(alias)
    return None


def model_of(row: Model) -> type[Model]:
    """The model of a row, or of what stands for one: a lazy object such as ``request.user``, or a proxy.

    Its type would be that of the stand-in.
    """
    return row._meta.model


def home_of_label(app_label: str, model_name: str) -> str | None:
    """The home of an installed model, of what one was called before, or of one that only ``MODELS`` still names."""
    name = latest_name(app_label, model_name)
    try:
        return home_of(apps.get_registered_model(app_label, name))
    except LookupError:
        return claimed_home(app_label, name)


def app_home(app_label: str) -> str | None:
    """The alias of the core database that is the home of every model of the app, or None."""
    for core in cores().values():
        if app_label.lower() in core.models:
            return core.alias
    try:
        models = list(apps.get_app_config(app_label).get_models())
    except LookupError:
        return None
    homes = {home_of(model) for model in models}
    return homes.pop() if len(homes) == 1 else None


def stands_in_core(model: type[Model]) -> bool:
    """Whether a local model has rows in core too: one of its managers is a ``CoreManager``."""
    return getattr(model._meta.db_table, "in_core", False)


def has_other_rows_on(alias: str | None, model: type[Model]) -> bool:
    """Whether a local model has rows on a core's connection that are not the child's own.

    Where a core is staged, its rows are read with the child's own content types. Only migrations
    see those of core there.
    """
    if stands_in_core(model) and is_content_type(model) and alias in staged_cores():
        return is_of_a_migration(model) or is_migrated(str(alias))
    return stands_in_core(model)


def has_rows_in_either(model: type[Model]) -> bool:
    """Whether a model has rows of its own in core and in the child's database: it has a ``CoreManager``."""
    return stands_in_core(model) and not is_content_type(model)


def has_rows_in_core(model: type[Model]) -> bool:
    """Whether a core database has rows of the model, all of them or some."""
    return stamped_home(model) is not None or stands_in_core(model)


def _has_core_manager(model: type[Model]) -> bool:
    if maker := _maker(model):
        return _has_core_manager(maker)
    if is_of_a_migration(model):
        installed = installed_model(model)
        if installed is None:
            return False
        model = installed
    return any(getattr(manager, "reads_core", False) for manager in model._meta.managers)


def _is_mapped_to(model: type[Model]) -> bool:
    """Whether a model of a migration is that of content types which core rows refer to."""
    opts = model._meta
    return (
        is_of_a_migration(model)
        and (opts.app_label, opts.model_name) == CONTENT_TYPE
        and bool(mapped_homes())
    )


@cache
def mapped_homes() -> frozenset[str]:
    """The core databases with rows that refer to content types, where each project keeps its own."""
    tables = (model._meta.db_table for model in registered_models())
    return frozenset(
        table.home for table in tables if isinstance(table, Table) and table.home and table.mapped
    )


def is_content_type(model: type[Model]) -> bool:
    """Whether it is Django's model of content types, or a proxy of it."""
    opts = (model._meta.concrete_model or model)._meta
    return (opts.app_label, opts.model_name) == CONTENT_TYPE


@cache
def core_refers_to_content_types() -> bool:
    """Whether some core rows hold ids of content types, where each project keeps its own."""
    models = (model for model in registered_models() if stands_in_core(model))
    return bool(mapped_homes()) or any(refers_to_content_types(model) for model in models)


def registered_models() -> list[type[Model]]:
    """Every model that is not swapped out, also of apps that a test case makes unavailable."""
    every = (model for models in apps.all_models.values() for model in models.values())
    return [model for model in every if not model._meta.swapped]


@cache
def core_tables() -> dict[str, Table]:
    """The core tables by their bare name, but for those that a table of the child's shares."""
    models = registered_models()
    own = {model._meta.db_table for model in models if stamped_home(model) is None}
    tables = [table for model in models if isinstance(table := model._meta.db_table, Table) and table.home]
    return {str(table): table for table in tables if table not in own}


@cache
def local_tables() -> frozenset[str]:
    """The tables that stand in the child's own database alone.

    One that no migration makes (``managed = False``) may stand anywhere: the engine's own do.
    """
    both: set[str] = set()
    local: set[str] = set()
    for model in registered_models():
        if stamped_home(model) is None and model._meta.managed:
            (both if stands_in_core(model) else local).add(model._meta.db_table)
    return frozenset(local - both)


@cache
def table_names() -> frozenset[str]:
    """The names of all tables that the project knows, in small letters."""
    return frozenset(model._meta.db_table.lower() for model in registered_models())


@cache
def names_with_percent_signs() -> frozenset[str]:
    """The tables and columns of the project, by their names, that have a percent sign in it."""
    models = registered_models()
    columns = {str(field.column) for model in models for field in model._meta.local_concrete_fields}
    return frozenset(name for name in {model._meta.db_table for model in models} | columns if "%" in name)


def stamp(model: type[Model]) -> None:
    """Write the model's home on its table name."""
    opts = model._meta
    home = home_of(model)
    name = str(opts.db_table)
    if home and is_fitted(model) and (today := installed_model(model)):
        fit_to_table(model, today)
        name = str(today._meta.db_table)
    in_core = home is None and bool(cores()) and (_has_core_manager(model) or _is_mapped_to(model))
    mapped = mapped_columns(opts.concrete_model or model) if home else None
    opts.db_table = Table(name, home, in_core, mapped, model) if home or in_core else name


def stamp_namesakes() -> None:
    """Mark the local tables that have the name of a core table. Called once the apps are ready."""
    models = apps.get_models(include_auto_created=True, include_swapped=True)
    names = {str(model._meta.db_table) for model in models if stamped_home(model)}
    for model in models:
        if type(model._meta.db_table) is str and model._meta.db_table in names:
            model._meta.db_table = Table(model._meta.db_table, None)
    if mapped_homes():
        content_type = apps.get_registered_model(*CONTENT_TYPE)
        content_type._meta.db_table = Table(content_type._meta.db_table, None, in_core=True)


def stamped_home(model: type[Model]) -> str | None:
    """The home that a prepared model carries: ``home_of()`` without working it out again."""
    return getattr(model._meta.db_table, "home", None)


def _stamp_prepared(sender: type[Model], **kwargs: Any) -> None:
    _forget_tables()
    if cores():
        stamp(sender)


def _stamp_again(*, setting: str, **kwargs: Any) -> None:
    if setting == "CAUSEWAY":
        _forget_tables()
        for model in apps.get_models(include_auto_created=True, include_swapped=True):
            stamp(model)
        stamp_namesakes()


def _forget_tables() -> None:
    local_tables.cache_clear()
    table_names.cache_clear()
    names_with_percent_signs.cache_clear()
    core_tables.cache_clear()
    mapped_homes.cache_clear()
    core_refers_to_content_types.cache_clear()


def register_homes() -> None:
    """Stamp every model from now on. Called once, before the models are loaded."""
    class_prepared.connect(_stamp_prepared, dispatch_uid="causeway.homes")
    setting_changed.connect(_stamp_again, dispatch_uid="causeway.homes")


def reaches_core(alias: str) -> bool:
    """Whether core tables stand in core for a connection: the child's own, or that of a core.

    A further database of the project is used as Django uses it, and has tables of its own. A
    second connection to the child's database, or to a replica of it, has the same ``NAME``.
    """
    if alias == LOCAL_ALIAS or alias in cores():
        return True
    databases = connections.settings
    return alias in databases and bool(databases[alias]["NAME"] == databases[LOCAL_ALIAS]["NAME"])


def is_fitted(model: type[Model]) -> bool:
    """Whether it is a migration's model of a core table that stands as the installed model has it."""
    home = home_of(model) if is_of_a_migration(model) else None
    return home is not None and not is_as_it_was(home)


def migrated_home(model: type[Model]) -> str | None:
    """The core database where a model's rows are meant while that is being migrated; else None.

    Nothing is on the child's connection yet, or seen there: tables are made and altered in a transaction. Content
    types are those of the core database.
    """
    if not is_any_migrated():
        return None
    home = stamped_home(model)
    candidates = {home} if home else mapped_homes() if is_content_type(model) else ()
    return next((alias for alias in candidates if is_migrated(alias)), None)
