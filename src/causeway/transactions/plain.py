"""Blocks of Django's ``atomic()`` in which both homes are written, or a linked one that they do not cover.

What a block does that writes both is committed as ``causeway.atomic()`` would, where it can be; but it does
not insist. So it is told where it is written: in tests and under DEBUG.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connections

from causeway import homes
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.exceptions import PlainAtomicError
from causeway.transactions.connections import is_test_database

if TYPE_CHECKING:
    from django.db.models import Model

POLICIES = ("error", "warning", "off")


def refuse_in_plain_atomic(unit: Any, connection: Any) -> None:
    """Raise PlainAtomicError, or warn, if the blocks that are open write a second home and none covers both.

    Only blocks that name no alias are judged. Those of Django itself do, around what it writes for
    the sake of one row: the parent of a child model, what a deletion reaches, the log of the admin.
    """
    blocks = [block for member in unit.members for block in member.atomic_blocks if not block._from_testcase]
    is_plain = blocks and all(block.using is None for block in blocks)
    if not is_plain or connection.writes_for_another:
        return
    unit.plainly_written.add(connection.alias)
    written = sorted(unit.plainly_written - {LOCAL_ALIAS})
    if not written or len(unit.plainly_written) < 2:
        return
    message = (
        f"Cannot write {connection.alias!r} in this block of atomic(): it has written "
        f"{', '.join(repr(alias) for alias in sorted(unit.plainly_written - {connection.alias}))}, and a "
        f"transaction of one database does not cover another. Use causeway.atomic(), which commits both or "
        f"neither; or set PLAIN_ATOMIC to 'off' in CAUSEWAY[{written[0]!r}]."
    )
    told(policy_of(written[0], connection), message)


def refuse_in_block_of_core(model: type[Model], connection: Any) -> None:
    """Raise PlainAtomicError, or warn, if a linked core model is written within a block that names its core alone.

    Its rows are written over another connection, and what that block rolls back does not reach them.
    """
    home = homes.stamped_home(model)
    if home in {None, connection.alias, *staged_cores()} or home not in connections.settings:
        return
    if not own_blocks(connections[home]) or own_blocks(connection):
        return
    told(
        policy_of(home, connection, otherwise="warning"),
        f"Cannot write {model._meta.label} in a block of atomic(using={home!r}): the core database {home!r} is linked, so "
        f"its models are written over {connection.alias!r}, which that block does not cover, and would not be rolled back "
        f"with it. Use atomic() without an alias, or causeway.atomic(); or set PLAIN_ATOMIC to 'off' in CAUSEWAY[{home!r}].",
    )


def own_blocks(connection: Any) -> list[Any]:
    """The blocks that are open on a connection, but for those of a test case, and of Django around single writes."""
    return [
        block
        for block in connection.atomic_blocks
        if not block._from_testcase and (block.savepoint or block.using is None)
    ]


def told(policy: str, message: str) -> None:
    if policy == "error":
        raise PlainAtomicError(message)
    if policy == "warning":
        warnings.warn(message, RuntimeWarning, stacklevel=3)


def policy_of(home: str, connection: Any, otherwise: str = "off") -> str:
    """What CAUSEWAY says, or ``otherwise`` where nobody develops or tests."""
    policy = cores()[home].plain_atomic
    if policy is not None:
        return policy
    return "error" if settings.DEBUG or is_test_database(connection.alias) else otherwise
