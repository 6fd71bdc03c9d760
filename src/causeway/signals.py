"""Receivers that Django's own signals call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.signals import setting_changed
from django.db.models.signals import pre_delete

from causeway import homes
from causeway.backends.base.guards import refuse_write
from causeway.conf import cores

if TYPE_CHECKING:
    from django.db.models import Model


def refuse_cascade(sender: type[Model], using: str, **kwargs: Any) -> None:
    """A cascade that reaches a READ_ONLY core is refused before its first statement that writes."""
    refuse_write(sender, using, "delete")


def register_deletion_guard() -> None:
    """Guard every model, now and whenever the setting changes. Called once the apps are ready."""
    _guard_again(setting="CAUSEWAY")
    setting_changed.connect(_guard_again, dispatch_uid="causeway.signals")


def _guard_again(*, setting: str, **kwargs: Any) -> None:
    if setting == "CAUSEWAY":
        for model in apps.get_models():
            guard_deletion(model)


def guard_deletion(model: type[Model]) -> None:
    """Connect the receiver for a model with rows in a READ_ONLY core, and for no other.

    A receiver makes Django fetch rows that it could delete unseen.
    """
    home = homes.stamped_home(model)
    homes_of_rows = [home] if home else list(cores()) if homes.stands_in_core(model) else []
    if any(cores()[alias].read_only for alias in homes_of_rows if alias in cores()):
        pre_delete.connect(refuse_cascade, sender=model, dispatch_uid="causeway.refuse_cascade")
    else:
        pre_delete.disconnect(sender=model, dispatch_uid="causeway.refuse_cascade")
