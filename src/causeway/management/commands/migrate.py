from contextlib import ExitStack
from copy import copy
from functools import wraps

from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import connections
from django.db.migrations import RunPython, SeparateDatabaseAndState

from causeway import homes, underway
from causeway.backends.base.constraints import MISSING
from causeway.backends.base.validation import constrained_core_targets
from causeway.conf import LOCAL_ALIAS, cores
from causeway.constraints import problems, repair
from causeway.exceptions import CoreReadOnly
from causeway.management.autodetector import CoreAutodetector
from causeway.management.content_types import homes_to_fill
from causeway.management.core_apps import core_apps
from causeway.orphans.relations import label_of


def making_rows(operation, aliases):
    """An operation whose Python may make rows of these core databases over the child's connection."""
    if isinstance(operation, RunPython):
        operation = copy(operation)
        operation.code = over_link(operation.code, aliases)
        operation.reverse_code = operation.reverse_code and over_link(operation.reverse_code, aliases)
    elif isinstance(operation, SeparateDatabaseAndState):
        operation = copy(operation)
        inner = operation.database_operations
        operation.database_operations = [making_rows(each, aliases) for each in inner]
    return operation


def over_link(code, aliases):
    @wraps(code)
    def run(apps, schema_editor):
        with underway.over_link(*aliases):
            return code(apps, schema_editor)

    return run


class Command(DjangoCommand):
    autodetector = CoreAutodetector

    def handle(self, *args, **options):
        database = options["database"]
        if database in cores():
            if underway.may_migrate(database):
                self.homes = ()
                with underway.migrating(database):
                    return super().handle(*args, **options)
            # Not even the record of what was applied is this project's to write.
            self.report_all(options)
            return None
        self.report(core_apps([options["app_label"]]), options)
        is_dry = options["plan"] or options["check_unapplied"]
        # Where an older state is asked for, core has or will have older tables too.
        is_back = options["migration_name"] is not None
        if not (is_dry or options["fake"] or is_back):
            self.refuse_lacking_targets(connections[database], options["app_label"])
        self.homes = () if is_dry or database != LOCAL_ALIAS else homes_to_fill()
        try:
            with ExitStack() as self.of_tables, underway.migrating(database), underway.over_link(*self.homes):
                super().handle(*args, **options)
        except CoreReadOnly as error:
            # A migration, or what runs after it, writes rows of core.
            raise CommandError(str(error)) from error
        if getattr(connections[database], "left_out", None) and not is_back:
            self.complete_constraints(options)
        return None

    def complete_constraints(self, options):
        """Make the constraints to core that migrations could not make: their tables are of an older state."""
        missing = [problem for problem in problems() if problem.kind == MISSING]
        for field, why in repair(missing).items():
            if options["verbosity"] >= 1:
                self.stdout.write(
                    f"  {label_of(field)} is left without its constraint to core: {why} Once that is put right, run "
                    f"manage.py causeway constraints --fix."
                )

    def migration_progress_callback(self, action, migration=None, fake=False):
        super().migration_progress_callback(action, migration, fake)
        if migration is None or not self.homes:
            return
        # Meanwhile it is tables that the router is asked for, but by what makes rows.
        if action in {"apply_start", "unapply_start"}:
            migration.operations = [making_rows(operation, self.homes) for operation in migration.operations]
            self.of_tables.enter_context(underway.over_link())
        else:
            self.of_tables.close()

    def sync_apps(self, *args, **kwargs):
        with underway.over_link():
            super().sync_apps(*args, **kwargs)

    def check(self, **kwargs):
        with underway.over_link():
            return super().check(**kwargs)

    def refuse_lacking_targets(self, connection, label):
        """Raise CommandError where a constraint to a core table could not be made.

        The server would say so in the middle of a migration, with half of it done.
        """
        if not getattr(connection.features, "supports_foreign_keys_across_databases", False):
            return
        configs = [apps.get_app_config(label)] if label in apps.app_configs else apps.get_app_configs()
        for model in (model for config in configs for model in config.get_models(include_auto_created=True)):
            for target in constrained_core_targets(model):
                home = homes.home_of(target)
                table = target._meta.db_table
                if not connection.validation.has_core_table(home, table):
                    raise CommandError(
                        f"{model._meta.label} refers to {target._meta.label}, but the core database {home!r} has no "
                        f"table {str(table)!r} yet. Run migrate in the core project first; nothing was changed here."
                    )

    def report_all(self, options):
        label = options["app_label"]
        try:
            skipped = core_apps([label and apps.get_app_config(label).label])
        except LookupError as error:
            raise CommandError(str(error)) from None
        self.report(skipped, options)
        if not skipped and options["verbosity"] >= 1:
            what = f"{label} has no tables" if label else "No app has tables"
            self.stdout.write(f"  Nothing to do: {what} in the core database {options['database']!r}.")

    def report(self, apps, options):
        if options["verbosity"] >= 1:
            for app in apps:
                self.stdout.write(f"  Skipping {app}: {app.reason}.")
