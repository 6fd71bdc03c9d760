"""What a shared app imports: the manager of core rows."""

from django.apps import apps

from causeway.managers import CoreManager

__all__ = ["CoreManager"]

# The core project may do without this app.
if apps.is_installed("causeway"):
    from causeway.mirror.models import MirrorPosition, MirrorTable, Tombstone
    from causeway.transactions.models import Branch, Decision, Installation

    __all__ += ["Branch", "Decision", "Installation", "MirrorPosition", "MirrorTable", "Tombstone"]
