"""``select_for_update()`` of core rows: they are locked in core."""

from __future__ import annotations

from typing import Any

from django.db.models.sql import Query
from django.db.transaction import TransactionManagementError


def lock_as(query: Query, fetched: Query, connection: Any) -> None:
    """Have a query on core lock its rows as ``query`` does. Raises TransactionManagementError."""
    if not connection.features.has_select_for_update:
        return
    if not connection.in_atomic_block:
        raise TransactionManagementError(
            f"Cannot lock core rows outside of a transaction on {connection.alias!r}: select_for_update() of a "
            f"spanning query locks the rows of each database in a transaction of its own. Enter "
            f"transaction.atomic(using={connection.alias!r}) too, or name local relations alone in of=(...)."
        )
    fetched.select_for_update = True
    fetched.select_for_update_nowait = query.select_for_update_nowait
    fetched.select_for_update_skip_locked = query.select_for_update_skip_locked
    fetched.select_for_no_key_update = query.select_for_no_key_update
