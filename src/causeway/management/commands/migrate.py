from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoCommand

from causeway import homes
from causeway.conf import cores
from causeway.management.autodetector import CoreAutodetector
from causeway.management.core_apps import core_apps


class Command(DjangoCommand):
    autodetector = CoreAutodetector

    def handle(self, *args, **options):
        database = options["database"]
        if database in cores():
            if homes.may_migrate(database):
                return super().handle(*args, **options)
            # Not even the record of what was applied is this project's to write.
            self.report_all(options)
            return None
        self.report(core_apps([options["app_label"]]), options)
        return super().handle(*args, **options)

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
