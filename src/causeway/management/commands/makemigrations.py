from django.core.management.commands.makemigrations import Command as DjangoCommand

from causeway.conf import cores
from causeway.management.autodetector import CoreAutodetector
from causeway.management.core_apps import core_apps


class Command(DjangoCommand):
    autodetector = CoreAutodetector

    def handle(self, *app_labels, **options):
        used = [app for app in core_apps(app_labels) if app.whole and not cores()[app.home].owner]
        for app in used if app_labels else ():
            self.stderr.write(f"  Skipping {app}: its migrations are made in the core project.")
        kept = [label for label in app_labels if label not in {app.label for app in used}]
        if kept or not app_labels:
            super().handle(*kept, **options)
