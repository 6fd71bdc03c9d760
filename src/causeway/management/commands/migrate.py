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
            self.report(core_apps([options["app_label"]]), options)
            return None
        self.report(core_apps([options["app_label"]]), options)
        return super().handle(*args, **options)

    def report(self, apps, options):
        if options["verbosity"] >= 1:
            for app in apps:
                self.stdout.write(f"  Skipping {app}: {app.reason}.")
