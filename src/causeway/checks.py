"""System checks of the settings and the models. Those that ask a database are in its backend's validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from causeway import homes
from causeway.backends.base.deletion import acts_by_constraint, has_constraint
from causeway.conf import (
    DECISIONS_KEPT,
    FEED,
    LOCAL_ALIAS,
    MAX_STAGED_ROWS,
    PLACEMENTS,
    PROJECT_KEYS,
    cores,
    is_number_of_rows,
    is_number_of_seconds,
    staged_cores,
)
from causeway.managers import CoreManager
from causeway.name_checks import check_names
from causeway.natural_keys import CONTENT_TYPE
from causeway.placements import AVAILABLE, obstacle
from causeway.transactions.plain import POLICIES

CONTENT_TYPES_AND_PERMISSIONS = (CONTENT_TYPE, ("auth", "permission"))

BY_LABEL = (
    "By label, it gives 'mirrored' for some models, and for the others 'linked' or 'staged', one of the two: "
    "{'content': 'mirrored', 'auth': 'staged'}."
)

KEYS = {"MAX_STAGED_ROWS", "MODELS", "OWNER", "PLACEMENT", "PLAIN_ATOMIC", "READ_ONLY", "SCHEMA"}


def register_checks() -> None:
    """Register every check of this module. Called once the apps are ready."""
    for check in (check_shape, check_aliases, check_labels, check_backends, check_placements):
        register(check, "causeway")
    of_models = (check_core_relations, check_declared_homes, check_generic_keys, check_managers)
    for check in (check_claims, *of_models, check_order, check_names):
        register(check, "causeway", Tags.models)


def _entry(alias: str) -> str:
    return f"CAUSEWAY[{alias!r}]"


def check_shape(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    setting = getattr(settings, "CAUSEWAY", {})
    if not isinstance(setting, Mapping):
        return [
            Error(
                f"CAUSEWAY must be a dictionary of core databases by alias, not {type(setting).__name__}.",
                hint="Write CAUSEWAY = {'core': {'MODELS': ['app_label']}}.",
                id="causeway.E001",
            )
        ]
    of_project = [key for key in PROJECT_KEYS if key in setting]
    errors = [error for key in of_project for error in _shape_of_project(key, setting[key])]
    return errors + [
        error
        for alias, entry in setting.items()
        if alias not in {FEED, *of_project}
        for error in _shape_of(alias, entry)
    ]


def _shape_of_project(key: str, value: Any) -> Iterator[CheckMessage]:
    if key == "INSTALLATION" and not (isinstance(value, str) and value):
        yield Error(
            "CAUSEWAY['INSTALLATION'] must be a text: a name that no other project has which uses the same core.",
            hint="Write for instance 'daily', or leave it out. It is no alias of a core database.",
            id="causeway.E001",
        )
    if key == "DECISIONS_KEPT" and not is_number_of_seconds(value):
        yield Error(
            "CAUSEWAY['DECISIONS_KEPT'] must be a number of seconds of at least 0.",
            hint=f"Leave it out for {DECISIONS_KEPT}. It is no alias of a core database.",
            id="causeway.E001",
        )


def _shape_of(alias: str, entry: Any) -> Iterator[CheckMessage]:
    if not isinstance(entry, Mapping):
        hint = f"Write {{'MODELS': [...]}}; the keys are {', '.join(sorted(KEYS))}."
        yield Error(f"{_entry(alias)} must be a dictionary.", hint=hint, id="causeway.E001")
        return
    for key in sorted(set(entry) - KEYS, key=str):
        yield Error(
            f"{_entry(alias)} has the unknown key {key!r}.",
            hint=f"The keys are {', '.join(sorted(KEYS))}.",
            id="causeway.E001",
        )
    labels = entry.get("MODELS", [])
    if isinstance(labels, str) or not all(isinstance(label, str) for label in _iterable(labels)):
        yield Error(
            f"{_entry(alias)}['MODELS'] must be a list of app labels and model labels.",
            hint="Write for instance ['content', 'auth.User'].",
            id="causeway.E001",
        )
    if not isinstance(entry.get("SCHEMA"), (str, NoneType)) or entry.get("SCHEMA") == "":
        yield Error(
            f"{_entry(alias)}['SCHEMA'] must be the name of a schema.",
            hint="Write for instance 'core', or leave it out where the core database is a database of its own.",
            id="causeway.E001",
        )
    if not is_number_of_rows(entry.get("MAX_STAGED_ROWS", 0)):
        yield Error(
            f"{_entry(alias)}['MAX_STAGED_ROWS'] must be an integer of at least 0.",
            hint=f"Leave it out for {MAX_STAGED_ROWS}.",
            id="causeway.E001",
        )
    if entry.get("PLAIN_ATOMIC") not in {None, *POLICIES}:
        yield Error(
            f"{_entry(alias)}['PLAIN_ATOMIC'] must be one of {', '.join(map(repr, POLICIES))}.",
            hint="Leave it out for 'error' in tests and under DEBUG, and 'off' elsewhere.",
            id="causeway.E001",
        )
    for key in ("OWNER", "READ_ONLY"):
        if not isinstance(entry.get(key, False), bool):
            yield Error(
                f"{_entry(alias)}[{key!r}] must be True or False.",
                hint="Leave it out for False.",
                id="causeway.E001",
            )


def _iterable(value: Any) -> Any:
    return value if isinstance(value, (list, tuple, set, frozenset)) else [None]


def check_aliases(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if FEED in connections.settings:
        messages.append(
            Error(
                f"{FEED!r} cannot be an alias of DATABASES: in CAUSEWAY it says which changes the core project logs.",
                hint="Give the database another alias.",
                id="causeway.E002",
            )
        )
    for alias in cores():
        if alias not in connections.settings:
            messages.append(
                Error(
                    f"CAUSEWAY names the core database {alias!r}, which DATABASES does not have.",
                    hint=f"Add DATABASES[{alias!r}] = causeway.sibling(DATABASES['default'], NAME=...).",
                    id="causeway.E002",
                )
            )
        elif alias in {LOCAL_ALIAS, "main", "temp"}:
            messages.append(
                Error(
                    f"{alias!r} cannot be the alias of a core database.",
                    hint="'default' is the project's own database; 'main' and 'temp' are SQLite's own names.",
                    id="causeway.E002",
                )
            )
    return messages


def check_labels(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{_entry(core.alias)}['MODELS'] names {_as_written(core.alias, label)!r}, which is no installed app and no model.",
            hint="Use an app label ('content') or a model label ('auth.User') of INSTALLED_APPS.",
            id="causeway.E003",
        )
        for core in cores().values()
        for label in sorted(core.models)
        if not _is_installed(label)
    ]


def _as_written(alias: str, label: str) -> str:
    """A label with the capitals that CAUSEWAY gives it."""
    written = [str(each) for each in settings.CAUSEWAY[alias]["MODELS"]]
    return next(each for each in written if each.lower() == label)


def _is_installed(label: str) -> bool:
    app_label, _, model_name = label.partition(".")
    config = {config.label.lower(): config for config in apps.get_app_configs()}.get(app_label)
    if config is None:
        return False
    if label.endswith("."):
        return False
    names = {model._meta.model_name for model in config.get_models(include_swapped=True)}
    return not model_name or model_name in names


def check_claims(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for model in apps.get_models():
        opts = model._meta
        claims = [c.alias for c in cores().values() if c.claims(opts.app_label, opts.model_name or "")]
        declared = homes.declared_home(model)
        claims += [declared] if declared and declared not in claims else []
        if len(claims) > 1:
            messages.append(
                Error(
                    f"{opts.label} is claimed by {len(claims)} core databases: {', '.join(map(repr, claims))}.",
                    hint="A model has one home: name it under one alias of CAUSEWAY only.",
                    obj=model,
                    id="causeway.E004",
                )
            )
    return messages


def _is_ours(connection: BaseDatabaseWrapper) -> bool:
    return hasattr(connection, "link_obstacle")


def check_backends(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    if not cores():
        return []
    aliases = [LOCAL_ALIAS, *(alias for alias in cores() if alias in connections.settings)]
    return [
        Error(
            f"DATABASES[{alias!r}] has the ENGINE {connections[alias].settings_dict['ENGINE']!r}, "
            f"which is not one of causeway's.",
            hint=f"Use {_backends_for(connections[alias].vendor)}.",
            id="causeway.E006",
        )
        for alias in dict.fromkeys(aliases)
        if not _is_ours(connections[alias])
    ]


def _backends_for(vendor: str) -> str:
    by_vendor = {
        "mysql": "'causeway.backends.mysql'",
        "postgresql": "'causeway.backends.postgresql'",
        "sqlite": "'causeway.backends.sqlite3'",
    }
    return by_vendor.get(vendor, " or ".join(by_vendor.values()))


def check_placements(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for core in cores().values():
        entry = f"{_entry(core.alias)}['PLACEMENT']"
        by_label = settings.CAUSEWAY[core.alias].get("PLACEMENT")
        if isinstance(by_label, Mapping) and not _is_by_label(by_label):
            messages.append(
                Error(
                    f"{entry} is {by_label!r}.",
                    hint=BY_LABEL if by_label else f"It is one of {', '.join(map(repr, PLACEMENTS))}.",
                    id="causeway.E008",
                )
            )
        elif core.mirrored and "mirrored" not in AVAILABLE:
            messages.append(
                Error(
                    f"{entry} is 'mirrored', which this version does not have yet.",
                    hint=f"This version has {', '.join(map(repr, AVAILABLE))}.",
                    id="causeway.E008",
                )
            )
        elif core.placement is not None and core.placement not in PLACEMENTS:
            names = ", ".join(map(repr, PLACEMENTS))
            messages.append(
                Error(f"{entry} is {core.placement!r}.", hint=f"It is one of {names}.", id="causeway.E008")
            )
        elif core.placement is not None and core.placement not in AVAILABLE:
            messages.append(
                Error(
                    f"{entry} is {core.placement!r}, which this version does not have yet.",
                    hint=f"This version has {', '.join(map(repr, AVAILABLE))}.",
                    id="causeway.E008",
                )
            )
        elif core.alias in staged_cores():
            messages += _check_staging(core.alias)
        elif core.alias in connections.settings and _is_ours(connections[LOCAL_ALIAS]):
            messages += _check_link(core.alias)
    return messages


def _is_by_label(placements: Mapping[Any, Any]) -> bool:
    others = set(map(str, placements.values())) - {"mirrored"}
    return bool(placements) and len(others) <= 1 and others <= set(PLACEMENTS)


def _check_staging(alias: str) -> Iterator[CheckMessage]:
    if cores()[alias].schema:
        yield Error(
            f"{_entry(alias)}['SCHEMA'] is {cores()[alias].schema!r}, but core tables that are staged stand in a "
            f"database of their own.",
            hint="Leave it out. Or, where core is a schema of the child's own database, leave PLACEMENT out.",
            id="causeway.E014",
        )


def _check_link(alias: str) -> Iterator[CheckMessage]:
    local: Any = connections[LOCAL_ALIAS]
    if why := obstacle(local, alias):
        yield Error(
            f"The core database {alias!r} cannot be linked to {LOCAL_ALIAS!r}: {why}.",
            hint=local.link_hint,
            id="causeway.E007",
        )
    else:
        if cores()[alias].schema and not local.links_by_schema:
            yield Error(
                f"{_entry(alias)}['SCHEMA'] is {cores()[alias].schema!r}, but {LOCAL_ALIAS!r} is not on PostgreSQL.",
                hint="Leave it out: the core database is told by its NAME.",
                id="causeway.E014",
            )
        yield from local.validation.check_link(alias)


def check_core_relations(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for model in apps.get_models():
        home = homes.home_of(model)
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            target = field.remote_field and field.remote_field.model
            if not target or isinstance(target, str):
                continue
            # Content types are mapped by their natural key.
            is_local = homes.home_of(target) is None and not homes.is_content_type(target)
            if home is not None and is_local:
                messages.append(
                    Warning(
                        f"The core model {model._meta.label} refers by {field.name!r} to the local model "
                        f"{target._meta.label}: core cannot know the rows of each child.",
                        hint="Turn the relation round, or make the target a core model too.",
                        obj=field,
                        id="causeway.W001",
                    )
                )
            elif home != homes.home_of(target) and acts_by_constraint(field) and not has_constraint(field):
                messages.append(_deletion_without_constraint(model, field, home, homes.home_of(target)))
    return messages


def _deletion_without_constraint(model: Any, field: Any, home: str | None, target: str | None) -> Warning:
    operation = str(field.remote_field.on_delete)
    return Warning(
        f"{model._meta.label}.{field.name} leaves deletions to a constraint by {operation}, and none reaches from "
        f"{home or LOCAL_ALIAS!r} to {target or LOCAL_ALIAS!r}: what this project deletes is followed by its own "
        f"statements, what others delete is not.",
        hint=f"Write {operation.removeprefix('DB_')} to say so in the model, and look for what others leave with "
        f"manage.py causeway orphans.",
        obj=field,
        id="causeway.W008",
    )


def check_generic_keys(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Of models with rows in both databases: those in core hold ids of core's content types."""
    if any(core.claims(*CONTENT_TYPE) for core in cores().values()):
        return []
    return [
        Warning(
            f"{model._meta.label} has rows in core as well, whose generic key {field.name!r} holds an id of core's content "
            f"types: in this project it means another model, or none.",
            hint="Make it a core model, whose ids are mapped; or leave the key of its CoreManager's rows alone.",
            obj=model,
            id="causeway.W009",
        )
        for model in apps.get_models()
        if cores() and homes.has_rows_in_either(model)
        for field in model._meta.private_fields
        if hasattr(field, "ct_field")
    ]


def check_managers(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    aliases = list(cores())
    return [
        Error(
            f"The CoreManager {manager.name!r} of {model._meta.label} "
            + ("names no core database." if manager.core is None else f"names {manager.core!r}."),
            hint=f"It must name one of CAUSEWAY: write CoreManager(using={aliases[0]!r}).",
            obj=model,
            id="causeway.E010",
        )
        for model in apps.get_models()
        for manager in model._meta.managers
        if aliases and isinstance(manager, CoreManager) and not _names_core(manager.core, aliases)
    ]


def _names_core(name: str | None, aliases: list[str]) -> bool:
    return name in aliases or (name is None and len(aliases) == 1)


def check_declared_homes(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    if not cores():
        return []
    return [
        Error(
            f"{model._meta.label} names the home {alias!r}, which CAUSEWAY does not have.",
            hint=f"{homes.HOME_ATTRIBUTE} is one of {', '.join(map(repr, cores()))}.",
            obj=model,
            id="causeway.E011",
        )
        for model in apps.get_models()
        if (alias := homes.named_home(model)) and alias not in cores()
    ]


def check_order(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    shared = next(
        (home for label in CONTENT_TYPES_AND_PERMISSIONS if (home := homes.home_of_label(*label))), None
    )
    order = [config.name for config in apps.get_app_configs()]
    contenttypes = "django.contrib.contenttypes"
    if shared is None or contenttypes not in order or "causeway" in order[: order.index(contenttypes)]:
        return []
    return [
        Warning(
            f"INSTALLED_APPS has {contenttypes!r} before 'causeway', so remove_stale_contenttypes is Django's own: "
            f"it could delete from the core database {shared!r} what other projects use.",
            hint=f"Put 'causeway' before {contenttypes!r}.",
            id="causeway.W005",
        )
    ]
