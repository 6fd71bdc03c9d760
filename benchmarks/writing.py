"""Transactions that are measured: one row of each side, or of one side, in a block."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from typing import Any

from daily.models import Comment
from django.apps import apps
from django.conf import settings
from django.db import connections, transaction
from wire.models import Article

NUMBERS = count(1)
# Whether a block is causeway.atomic(), or Django's own on the side that is written.
IS_OURS = apps.is_installed("causeway") and not getattr(settings, "DJANGOS_BLOCKS", False)


def write_core() -> None:
    Article.objects.using("core").filter(pk=1).update(title=f"title {next(NUMBERS)}")


def write_local() -> None:
    Comment.objects.filter(pk=1).update(text=f"text {next(NUMBERS)}")


def block(alias: str) -> AbstractContextManager[Any]:
    if IS_OURS:
        import causeway

        return causeway.atomic()
    return transaction.atomic(using=alias)


def both_sides() -> None:
    """In one transaction, or in two that know nothing of each other."""
    if IS_OURS:
        with block("default"):
            write_core()
            write_local()
        return
    with block("core"):
        write_core()
    with block("default"):
        write_local()


def core_alone() -> None:
    with block("core"):
        write_core()


def child_alone() -> None:
    with block("default"):
        write_local()


TRANSACTIONS: dict[str, Callable[[], Any]] = {
    "one row on each side": both_sides,
    "one core row": core_alone,
    "one local row": child_alone,
}


def make_tables() -> None:
    """Those that two-phase commit needs in the child's database."""
    from django.core.management import call_command

    call_command("migrate", "causeway", verbosity=0)


DURABILITY = {
    "postgresql": "SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'",
    "mysql": "SELECT @@innodb_flush_log_at_trx_commit = 1",
    "sqlite": "SELECT 1",
}


def durability() -> dict[str, str]:
    """Whether the server of each connection syncs every commit, as far as it says."""
    found = {}
    for connection in connections.all():
        with connection.cursor() as cursor:
            cursor.execute(DURABILITY[connection.vendor])
            found[connection.alias] = "yes" if cursor.fetchone()[0] else "no"
    return found
