"""The key by which the child's database is told from others that share a core."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models.signals import post_migrate

from causeway.conf import LOCAL_ALIAS
from causeway.transactions import decisions
from causeway.transactions.connections import is_test_database


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


@contextmanager
def kept_key(using: str) -> Iterator[None]:
    """Leave a database the key that it has, whatever is emptied: processes that run know it."""
    has_key = (
        using == LOCAL_ALIAS
        and not is_test_database(using)
        and decisions.INSTALLATIONS in connections[using].introspection.table_names()
    )
    rows = list(apps.get_model("causeway", "Installation").objects.using(using)) if has_key else []
    yield
    for row in rows:
        row.save(using=using)
    decisions.forget_key()


def register_installation() -> None:
    post_migrate.connect(
        make_key, sender=apps.get_app_config("causeway"), dispatch_uid="causeway.transactions.installation"
    )
