"""Content types and permissions in core: each project makes there what its own models need.

Django makes them at the end of ``migrate``, in the database that was migrated, and leaves them
alone where the router keeps their tables elsewhere. Here its own functions are called for core.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.contrib.auth import management as auth_management
from django.contrib.contenttypes import management as contenttypes_management
from django.contrib.contenttypes.management import RenameContentType
from django.db import DatabaseError, IntegrityError, OperationalError, connections, transaction
from django.db.migrations import RenameModel
from django.db.models.signals import post_migrate, pre_migrate

from causeway import homes, underway
from causeway.backends.base import natural_keys
from causeway.conf import LOCAL_ALIAS, cores
from causeway.exceptions import CoreReadOnly
from causeway.names import with_parameters
from causeway.natural_keys import CONTENT_TYPE
from causeway.placements import is_linked, is_placed

PERMISSION = ("auth", "permission")

# Django's receivers of post_migrate, in its order, by the model whose rows they make. Django 6.1
# brought the renaming of permissions.
MAKERS = [
    (model, maker)
    for model, module, name in (
        (CONTENT_TYPE, contenttypes_management, "create_contenttypes"),
        (PERMISSION, auth_management, "rename_permissions_after_model_rename"),
        (PERMISSION, auth_management, "create_permissions"),
    )
    if (maker := getattr(module, name, None))
]

# How often to look for what is missing before an error counts as one.
ATTEMPTS = 10

READ_ONLY = "is READ_ONLY here. Run migrate once with READ_ONLY set to False."


def register_makers() -> None:
    """Connect what makes rows in core. Called before any app is ready, so that it comes before Django's receivers.

    They find nothing left to do, where two projects that migrate at once could be in each other's way.
    """
    post_migrate.connect(create_in_core, dispatch_uid="causeway.create_in_core")


def register_content_types() -> None:
    """Connect what renames content types. Called once the apps are ready."""
    if installed_apps.is_installed("django.contrib.contenttypes"):
        app = installed_apps.get_app_config("contenttypes")
        pre_migrate.connect(inject_renaming, sender=app, dispatch_uid="causeway.inject_renaming")


def create_in_core(
    app_config: AppConfig, using: str = LOCAL_ALIAS, verbosity: int = 1, stdout: Any = None, **kwargs: Any
) -> None:
    """Make the content types and permissions of an app's models where these are core models.

    It takes the arguments of Django's ``create_permissions``.
    """
    if using != LOCAL_ALIAS:
        return
    arguments = {"using": using, "verbosity": verbosity, **kwargs}
    what = f"content types and permissions of {app_config.label}"
    for home, table, maker in makers():
        # An app that lives there altogether is the core project's, which makes its own.
        if homes.app_home(app_config.label) == home:
            continue
        if not has_table(home, table):
            why = f"has no table {str(table)!r} yet. Run migrate in the core project first, then here again."
            skip(what, home, why, verbosity, stdout)
            break
        try:
            with underway.over_link(home):
                settle(maker, app_config, **arguments)
        except CoreReadOnly:
            skip(what, home, READ_ONLY, verbosity, stdout)
            break


def makers() -> Iterator[tuple[str, str, Callable[..., None]]]:
    """What makes rows in core: functions such as Django's, each with the home and the table of the rows."""
    for home in homes.mapped_homes():
        if is_linked(home):
            yield home, natural_keys.CONTENT_TYPES, copy_content_types
    for label, maker in MAKERS:
        if installed_apps.is_installed(f"django.contrib.{label[0]}"):
            model = installed_apps.get_model(*label)
            own_home = homes.stamped_home(model)
            if own_home is not None and is_placed(own_home):
                yield own_home, model._meta.db_table, maker


def homes_to_fill() -> list[str]:
    """The core databases in which this project may make rows of any core model: it writes there, and no table is missing."""
    found = [alias for alias, core in cores().items() if is_placed(alias) and not core.read_only]
    return [alias for alias in found if is_complete(alias)]


def is_complete(home: str) -> bool:
    """Whether a core database has all its tables. False where it cannot be reached, or a test may not."""
    validation: Any = connections[LOCAL_ALIAS].validation
    try:
        if is_linked(home):
            with connections[LOCAL_ALIAS].cursor() as cursor:
                tables = validation.core_table_names(cursor, home)
        else:
            of_core: Any = connections[home].validation
            tables = of_core.own_tables()
    except (DatabaseError, AssertionError):
        return False
    return not validation.lacking_tables(home, tables)


def has_table(home: str, table: str) -> bool:
    if not is_linked(home):
        return table in connections[home].introspection.table_names()
    validation: Any = connections[LOCAL_ALIAS].validation
    return bool(validation.has_core_table(home, table))


def settle(maker: Callable[..., None], *args: Any, **kwargs: Any) -> None:
    """Make what is missing, and look again where another project made some of it meanwhile."""
    for _ in range(ATTEMPTS - 1):
        try:
            return maker(*args, **kwargs)
        except (IntegrityError, OperationalError):
            continue
    return maker(*args, **kwargs)


def skip(what: str, home: str, why: str, verbosity: int, stdout: Any) -> None:
    if verbosity >= 1:
        (stdout or sys.stdout).write(f"  Skipping the {what}: the core database {home!r} {why}\n")


def copy_content_types(app_config: AppConfig, **kwargs: Any) -> None:
    """Make an app's content types here, where the project keeps its own, and in core."""
    contenttypes_management.create_contenttypes(app_config, **kwargs)
    if kwargs["using"] == LOCAL_ALIAS:
        natural_keys.copy_to_core(connections[LOCAL_ALIAS])


def inject_renaming(
    plan: Any = None, using: str = LOCAL_ALIAS, verbosity: int = 1, stdout: Any = None, **kwargs: Any
) -> None:
    """Let every planned renaming of a model rename its content type in core too, and that of a core model here."""
    if using != LOCAL_ALIAS:
        return
    for migration, _ in plan or ():
        inject_renaming_here(migration)
    for home, (migration, _) in product(content_type_homes(), plan or ()):
        # An app that lives there altogether is renamed by the core project.
        renamings = [] if homes.app_home(migration.app_label) == home else renamings_of(migration)
        for position, renaming in reversed(renamings):
            if cores()[home].read_only:
                what = f"renaming of the content type {migration.app_label}.{renaming.old_name_lower}"
                skip(what, home, READ_ONLY, verbosity, stdout)
            else:
                names = renaming.old_name_lower, renaming.new_name_lower
                migration.operations.insert(position + 1, RenameInCore(migration.app_label, *names))


def inject_renaming_here(migration: Any) -> None:
    """Let the renamings of core models rename the content types that this project keeps of them itself.

    Django's own operation is skipped, as all of an app that lives in core.
    """
    if homes.app_home(migration.app_label) is None or homes.home_of_label(*CONTENT_TYPE) is not None:
        return
    for position, renaming in reversed(renamings_of(migration)):
        names = renaming.old_name_lower, renaming.new_name_lower
        migration.operations.insert(position + 1, RenameHere(migration.app_label, *names))


def renamings_of(migration: Any) -> list[tuple[int, RenameModel]]:
    operations = enumerate(migration.operations)
    return [(position, operation) for position, operation in operations if isinstance(operation, RenameModel)]


def content_type_homes() -> list[str]:
    """The core databases that keep content types: theirs alone, or beside this project's own."""
    home = homes.home_of_label(*CONTENT_TYPE)
    return [alias for alias in ([home] if home else homes.mapped_homes()) if is_placed(alias)]


class RenameHere(RenameContentType):
    """Renames the content type that this project keeps of a core model."""

    def database_forwards(self, app_label: str, *args: Any) -> None:
        # The router is asked for the app whose row it is.
        super().database_forwards(CONTENT_TYPE[0], *args)

    def database_backwards(self, app_label: str, *args: Any) -> None:
        super().database_backwards(CONTENT_TYPE[0], *args)

    def _rename(self, apps: Any, *args: Any) -> None:
        # A plan may come to the renaming before it comes to the table.
        if CONTENT_TYPE in {(model._meta.app_label, model._meta.model_name) for model in apps.get_models()}:
            super()._rename(apps, *args)


class RenameInCore(RenameContentType):
    """Renames the content type that core keeps of a renamed model."""

    def _rename(self, apps: Any, schema_editor: Any, old_model: str, new_model: str) -> None:
        if schema_editor.connection.alias != LOCAL_ALIAS:
            return
        if home := homes.home_of_label(*CONTENT_TYPE):
            # Core's table is as the installed model has it, whatever this migration knows of it.
            with underway.over_link(home):
                super()._rename(installed_apps, schema_editor, old_model, new_model)
            return
        for home in content_type_homes():
            self.rename_beside_own(schema_editor.connection, home, old_model, new_model)

    def rename_beside_own(self, connection: Any, home: str, old_model: str, new_model: str) -> None:
        # The table itself is where it is linked, else on core's own connection.
        connection = connection if is_linked(home) else connections[home]
        table = natural_keys.core_table(connection.ops, home) or connection.ops.quote_name(
            natural_keys.CONTENT_TYPES
        )
        statement = f"UPDATE {with_parameters(table)} SET model = %s WHERE app_label = %s AND model = %s"
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                cursor.execute(statement, [new_model, self.app_label, old_model])
        except IntegrityError:
            # As Django does where there is one of the new name: the old one is left as it is.
            return
