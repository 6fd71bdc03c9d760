from django.db.migrations.autodetector import MigrationAutodetector

from causeway import homes
from causeway.conf import cores


class CoreAutodetector(MigrationAutodetector):
    """Finds no changes in core models that this project merely uses.

    A core model of one of the child's own apps, which no other project migrates, is the
    exception: the state of the migrations must know it, or no foreign key could point at it.
    Its operations leave the databases as they are.
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
        if _is_used(homes.app_home(key[0]) or homes.claimed_home(*key)):
            state.models[key] = known
    return state


def _is_used(home):
    return home is not None and not cores()[home].owner
