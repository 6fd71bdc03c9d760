"""The key by which the child's database is told from others that share a core."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models.signals import post_migrate

from causeway.conf import LOCAL_ALIAS
from causeway.transactions import decisions


def make_key(using: str, apps: Any = apps, **kwargs: Any) -> None:
    """Give the database a key where it has none: a new one, or one that flush emptied."""
    if using != LOCAL_ALIAS:
        return
    try:
        installation = apps.get_model("causeway", "Installation")
    except LookupError:
        return
    installation.objects.using(using).get_or_create(id=1)
    decisions.forget_key()


def register_installation() -> None:
    post_migrate.connect(
        make_key, sender=apps.get_app_config("causeway"), dispatch_uid="causeway.transactions.installation"
    )
