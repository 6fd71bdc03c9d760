from django.db.migrations.autodetector import MigrationAutodetector

from causeway import homes
from causeway.conf import cores


class CoreAutodetector(MigrationAutodetector):
    """Finds no changes in core models that this project merely uses.

    Only the creation of a core model in an app with local ones is written, where no migration
    knows the model yet: no foreign key could point at it otherwise. It leaves the databases as
    they are.
    """

    def __init__(self, from_state, to_state, questioner=None):
        super().__init__(from_state, _frozen(from_state, to_state), questioner)

    def add_operation(self, app_label, operation, *args, **kwargs):
        if not _is_used(homes.app_home(app_label)):
            super().add_operation(app_label, operation, *args, **kwargs)


def _frozen(from_state, to_state):
    """The wanted state with the used core models as the migrations know them, so nothing is asked."""
    state = to_state.clone()
    for key, known in from_state.models.items():
        if _is_used(homes.app_home(key[0]) or homes.home_of_label(*key)):
            state.models[key] = known
    return state


def _is_used(home):
    return home is not None and not cores()[home].owner
