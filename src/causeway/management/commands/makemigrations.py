from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.commands.makemigrations import Command as DjangoCommand
from django.db.migrations.loader import MigrationLoader

from causeway.conf import cores
from causeway.management.autodetector import CoreAutodetector
from causeway.management.core_apps import core_apps


class Command(DjangoCommand):
    autodetector = CoreAutodetector

    def handle(self, *app_labels, **options):
        used = [app for app in core_apps() if app.whole and not cores()[app.home].owner]
        skipped = [app for app in used if app.label in app_labels]
        for app in skipped:
            self.stderr.write(f"  Skipping {app}: its migrations are made in the core project.")
        labels = [label for label in app_labels if label not in {app.label for app in skipped}]
        if skipped and not labels:
            return
        homes = {app.label: app.home for app in used}
        if not options["merge"]:
            self.refuse_conflicts(homes)
        elif not labels:
            labels = [config.label for config in apps.get_app_configs() if config.label not in homes]
        super().handle(*labels, **options)

    def refuse_conflicts(self, homes):
        """Django would advise to merge them here."""
        conflicts = MigrationLoader(None, ignore_no_migrations=True).detect_conflicts()
        for label, names in conflicts.items():
            if label in homes:
                raise CommandError(
                    f"The app {label!r} has conflicting migrations ({', '.join(names)}). Its tables live in the core "
                    f"database {homes[label]!r}: merge them in the core project."
                )
