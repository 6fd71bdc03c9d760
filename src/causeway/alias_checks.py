"""System checks of what DATABASES and DATABASE_ROUTERS say beside the core databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections, router
from django.utils.module_loading import import_string

from causeway import homes
from causeway.backends.base.creation import LEFT_OUT
from causeway.backends.base.validation import are_named_alike, one_database
from causeway.conf import FEED, LOCAL_ALIAS, cores
from causeway.managers import CoreManager
from causeway.placements import is_linked
from causeway.routers import CoreRouter

SETTING = "CAUSEWAY"


def register_alias_checks() -> None:
    """Register every check of this module. Called once the apps are ready."""
    of_settings = (
        check_router,
        check_one_database,
        check_idle_router,
        check_further_aliases,
        check_time_zones,
    )
    for check in (*of_settings, check_mirrors):
        register(check, "causeway")
    for check in (check_routers_before, check_core_managers):
        register(check, "causeway", Tags.models)


def check_one_database(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Core databases that the settings name as the child's own. Others the databases tell."""
    local: Any = connections[LOCAL_ALIAS]
    return [
        one_database(home)
        for home in linkable()
        if home != LOCAL_ALIAS and are_named_alike(local, connections[home])
    ]


def check_router(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    if not cores():
        return []
    for each in settings.DATABASE_ROUTERS:
        try:
            kind = import_string(each) if isinstance(each, str) else type(each)
        except ImportError:
            continue  # Django says so itself, at the first query.
        if isinstance(kind, type) and issubclass(kind, CoreRouter):
            return []
    return [
        Error(
            "DATABASE_ROUTERS lacks 'causeway.routers.CoreRouter', so core tables are not kept apart.",
            hint="Put it first: DATABASE_ROUTERS = ['causeway.routers.CoreRouter'].",
            id="causeway.E005",
        )
    ]


def check_idle_router(app_configs: Any = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """The router is there, and nothing for it to do."""
    setting = getattr(settings, SETTING, None) or {}
    if cores() or not isinstance(setting, Mapping) or FEED in setting:
        return
    if any(isinstance(each, CoreRouter) for each in routers()):
        others = [name for name in dir(settings) if name.isupper() and name != SETTING]
        meant = get_close_matches(SETTING, others, n=1, cutoff=0.75)
        yield Warning(
            f"DATABASE_ROUTERS has CoreRouter, but {SETTING} names no core database: every model is local.",
            hint=f"Is {meant[0]} to be {SETTING}?"
            if meant
            else f"Write {SETTING} = {{'core': {{'MODELS': ['app_label']}}}}, or leave the router out.",
            id="causeway.W010",
        )


def check_core_managers(app_configs: Any = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """Models whose rows all stand in core, with a manager for those that stand there as well."""
    for model in apps.get_models():
        home = homes.home_of(model)
        names = [each.name for each in model._meta.managers if isinstance(each, CoreManager)]
        if home is not None and names:
            yield Warning(
                f"{model._meta.label} is a core model, whose rows all stand in {home!r}, and has the CoreManager "
                f"{names[0]!r}: its other managers find no rows of this project's own.",
                hint=f"Take the model out of {SETTING}[{home!r}]['MODELS'] to have rows in both databases, or leave the "
                f"CoreManager out.",
                obj=model,
                id="causeway.W011",
            )


def check_further_aliases(app_configs: Any = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """Further connections to the child's own database, or to a replica, by which core tables are not found."""
    if not cores():
        return
    for alias in connections.settings:
        if alias in {LOCAL_ALIAS, *cores()} or not homes.reaches_core(alias):
            continue
        if not hasattr(connections[alias], "link_obstacle"):
            engine = connections[alias].settings_dict["ENGINE"]
            yield Warning(
                f"DATABASES[{alias!r}] is a connection to the database of {LOCAL_ALIAS!r}, or to a replica, with the "
                f"ENGINE {engine!r}, which knows of no core: there, core tables are missing, or are old tables of this "
                f"project's.",
                hint=f"Give it the ENGINE of {LOCAL_ALIAS!r}.",
                id="causeway.W012",
            )


def check_time_zones(app_configs: Any = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """Linked cores whose times would be read in another zone than they are kept in."""
    local: Any = connections[LOCAL_ALIAS]
    for home in linkable():
        core: Any = connections[home]
        if local.features.supports_timezones or not is_linked(home):
            continue
        if settings.USE_TZ and core.timezone_name != local.timezone_name:
            yield Warning(
                f"DATABASES[{home!r}] has the TIME_ZONE {core.timezone_name!r}, but core tables that are linked are read and "
                f"written over {LOCAL_ALIAS!r}, in {local.timezone_name!r}: their times come out wrong.",
                hint=f"Give both databases one TIME_ZONE, or write 'staged' for PLACEMENT in {SETTING}[{home!r}].",
                id="causeway.W013",
            )


def check_mirrors(app_configs: Any = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """Cores that are to be another database under test."""
    for home in linkable():
        mirrored = connections[home].settings_dict["TEST"].get(LEFT_OUT)
        if mirrored:
            yield Warning(
                f"TEST of DATABASES[{home!r}] has 'MIRROR': {mirrored!r}, which is left out: the test database of a core is "
                f"its own.",
                hint="Remove MIRROR there. It is for a second alias of one database, such as a replica.",
                id="causeway.W014",
            )


def routers() -> list[Any]:
    """Those of DATABASE_ROUTERS; none where one cannot be imported, which Django says at the first query."""
    try:
        return list(router.routers)
    except ImportError:
        return []


def linkable() -> list[str]:
    return [home for home in cores() if home in connections.settings]


def check_routers_before(app_configs: Any = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """Routers that are asked before ours, and answer for core models."""
    if not any(isinstance(each, CoreRouter) for each in routers()):
        return
    for each in takewhile(lambda each: not isinstance(each, CoreRouter), routers()):
        model, does = next(taken_by(each), (None, None))
        if model is not None:
            name = f"{type(each).__module__}.{type(each).__qualname__}"
            yield Error(
                f"DATABASE_ROUTERS has {name!r} before CoreRouter, and it {does}.",
                hint="Put 'causeway.routers.CoreRouter' first.",
                obj=model,
                id="causeway.E017",
            )


def taken_by(other: Any) -> Iterator[tuple[Any, str]]:
    """The core models for which a router answers otherwise than ours, and what it does."""
    for model in apps.get_models(include_auto_created=True):
        home = homes.home_of(model)
        if home is None:
            continue
        label = model._meta.label
        for method, verb in (("db_for_read", "reads"), ("db_for_write", "writes")):
            alias = getattr(other, method, lambda model: None)(model)
            if alias is not None and alias != home and not is_a_way_to_core(alias, home):
                yield model, f"{verb} the core model {label} in {alias!r}"
        names = {"model_name": model._meta.model_name, "model": model}
        if hasattr(other, "allow_migrate") and other.allow_migrate(
            LOCAL_ALIAS, model._meta.app_label, **names
        ):
            yield model, f"lets migrate make the table of the core model {label} in {LOCAL_ALIAS!r}"


def is_a_way_to_core(alias: str, home: str) -> bool:
    return alias in connections.settings and homes.reaches_core(alias) and is_linked(home)
