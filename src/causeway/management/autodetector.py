from django.db.migrations.autodetector import MigrationAutodetector

from causeway import homes
from causeway.conf import cores


class CoreAutodetector(MigrationAutodetector):
    """Finds no changes in core models that this project merely uses."""

    def add_operation(self, app_label, operation, *args, **kwargs):
        name = getattr(operation, "model_name_lower", None) or getattr(operation, "name_lower", "")
        home = homes.app_home(app_label) or homes.home_of_label(app_label, name)
        if home is None or cores()[home].owner:
            super().add_operation(app_label, operation, *args, **kwargs)
