"""The library's own signal, and the receivers that Django's signals call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.signals import setting_changed
from django.db.models.signals import pre_delete, pre_save
from django.dispatch import Signal

from causeway import homes
from causeway.backends.base.guards import refuse_write
from causeway.conf import cores

if TYPE_CHECKING:
    from django.db.models import Model


# Sent when a query has been executed for which core rows were staged, before its rows are read: with
# ``report``, a causeway.placements.staged.report.Report, and ``using``, the alias it was executed on.
query_staged = Signal()

# Sent when a round has taken over what changed in core, in the process that ran it: with ``keys``, the set of primary
# keys that were touched, or None where any may have been. ``sender`` is the core model.
core_changed = Signal()

# Sent when a core row is gone that local rows refer to by PROTECT or RESTRICT: with ``relation``, the label of the
# field, and ``keys``, those of the rows that are gone. ``sender`` is the model of the local rows.
deletion_protected = Signal()


def refuse_save(sender: type[Model], using: str, **kwargs: Any) -> None:
    """Saving a row of a READ_ONLY core is refused before its transaction begins."""
    refuse_write(sender, using, "save")


def refuse_deletion(sender: type[Model], using: str, **kwargs: Any) -> None:
    """A deletion that reaches a READ_ONLY core is refused before its first statement that writes."""
    refuse_write(sender, using, "delete")


def register_guards() -> None:
    """Guard every model, now and whenever the setting changes. Called once the apps are ready."""
    _guard_again(setting="CAUSEWAY")
    setting_changed.connect(_guard_again, dispatch_uid="causeway.signals")


def _guard_again(*, setting: str, **kwargs: Any) -> None:
    if setting == "CAUSEWAY":
        for model in apps.get_models():
            guard(model)


def guard(model: type[Model]) -> None:
    """Connect the receivers for a model with rows in a READ_ONLY core, and for no other.

    A receiver of ``pre_delete`` makes Django fetch rows that it could delete unseen.
    """
    home = homes.stamped_home(model)
    homes_of_rows = [home] if home else list(cores()) if homes.stands_in_core(model) else []
    read_only = any(cores()[alias].read_only for alias in homes_of_rows if alias in cores())
    for signal, receiver in ((pre_save, refuse_save), (pre_delete, refuse_deletion)):
        uid = f"causeway.{receiver.__name__}"
        if read_only:
            signal.connect(receiver, sender=model, dispatch_uid=uid)
        else:
            signal.disconnect(sender=model, dispatch_uid=uid)
