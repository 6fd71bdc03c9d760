"""Transactions that are measured: one row of each side, or of one side, in a block."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from itertools import count
from typing import Any

from daily.models import Comment
from django.db import connections, transaction
from wire.models import Article

NUMBERS = count(1)

Block = Callable[[str], AbstractContextManager[Any]]


def write_core() -> None:
    Article.objects.using("core").filter(pk=1).update(title=f"title {next(NUMBERS)}")


def write_local() -> None:
    Comment.objects.filter(pk=1).update(text=f"text {next(NUMBERS)}")


def ours(alias: str) -> AbstractContextManager[Any]:
    import causeway

    return causeway.atomic()


def djangos(alias: str) -> AbstractContextManager[Any]:
    return transaction.atomic(using=alias)


def both_sides() -> None:
    """In one transaction."""
    with ours("core"):
        write_core()
        write_local()


def both_sides_untold() -> None:
    """The same where core keeps no row of the branch: nobody can tell then what it loses in a failover."""
    from causeway.transactions import branch_rows

    stands, branch_rows.stands = branch_rows.stands, lambda *args: False
    try:
        both_sides()
    finally:
        branch_rows.stands = stands


def each_side() -> None:
    """In two transactions that know nothing of each other."""
    with djangos("core"):
        write_core()
    with djangos("default"):
        write_local()


def core_alone(block: Block) -> None:
    with block("core"):
        write_core()


def child_alone(block: Block) -> None:
    with block("default"):
        write_local()


def transactions(both: Callable[[], None], block: Block) -> dict[str, Callable[[], Any]]:
    return {
        "one row on each side": both,
        "one core row": partial(core_alone, block),
        "one local row": partial(child_alone, block),
    }


GROUPS = {
    "causeway's blocks": transactions(both_sides, ours),
    "causeway's blocks, no branch row": transactions(both_sides_untold, ours),
    "django's blocks": transactions(each_side, djangos),
}


def make_tables() -> None:
    """Those that two-phase commit needs in the child's database, and the one that the core project makes in core."""
    from django.core.management import call_command

    from causeway.transactions import branch_rows
    from causeway.transactions.checks import made_by_hand

    call_command("migrate", "causeway", verbosity=0)
    core = connections["core"]
    if branch_rows.BRANCHES not in core.introspection.table_names():
        with core.cursor() as cursor:
            # The right on it follows, which its maker has.
            cursor.execute(made_by_hand(core).partition(";")[0])


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
