"""Triggers that are in the way of a migration are removed before it, and made anew after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.migrations import operations

from causeway.feed.install import own_tables, remove
from causeway.feed.triggers import triggers_of


def make_way(using: str, plan: Any = (), apps: Any = None, **kwargs: Any) -> None:
    """Remove the triggers of tables whose key a migration changes, or which it drops.

    They name the key, so writes would fail between the change and the end of the migration; and the
    guards of MySQL keep a table from being dropped.
    """
    labels = set(changed_keys(plan or ()))
    if not labels or not own_tables():
        return
    connection: Any = connections[using]
    found = triggers_of(connection).found()
    tables = {str(model._meta.db_table) for model in apps.get_models() if model._meta.label_lower in labels}
    remove(connection, sorted(tables & set(found)))


def changed_keys(plan: Any) -> Iterator[str]:
    """The labels of models whose table or key is changed by the migrations of a plan."""
    for migration, _ in plan:
        for operation in migration.operations:
            name = name_of_changed(operation)
            if name is not None:
                yield f"{migration.app_label}.{name}".lower()


def name_of_changed(operation: Any) -> str | None:
    if isinstance(operation, (operations.DeleteModel, operations.CreateModel)):
        return str(operation.name)
    if isinstance(operation, operations.RenameField):
        return str(operation.model_name)
    is_key = getattr(getattr(operation, "field", None), "primary_key", False)
    if isinstance(operation, (operations.AlterField, operations.AddField)) and is_key:
        return str(operation.model_name)
    return str(operation.model_name) if isinstance(operation, operations.RemoveField) else None
