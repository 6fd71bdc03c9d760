"""Blocks of Django's ``atomic()`` in which both homes are written.

What such a block does is committed as ``causeway.atomic()`` would, where it can be; but it does
not insist. So it is told where it is written: in tests and under DEBUG.
"""

from __future__ import annotations

import warnings
from typing import Any

from django.conf import settings

from causeway.conf import LOCAL_ALIAS, cores
from causeway.exceptions import PlainAtomicError
from causeway.transactions.connections import is_test_database

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
    homes = sorted(unit.plainly_written - {LOCAL_ALIAS})
    if not homes or len(unit.plainly_written) < 2:
        return
    message = (
        f"Cannot write {connection.alias!r} in this block of atomic(): it has written "
        f"{', '.join(repr(alias) for alias in sorted(unit.plainly_written - {connection.alias}))}, and a "
        f"transaction of one database does not cover another. Use causeway.atomic(), which commits both or "
        f"neither; or set PLAIN_ATOMIC to 'off' in CAUSEWAY[{homes[0]!r}]."
    )
    policy = policy_of(homes[0], connection)
    if policy == "error":
        raise PlainAtomicError(message)
    if policy == "warning":
        warnings.warn(message, RuntimeWarning, stacklevel=2)


def policy_of(home: str, connection: Any) -> str:
    policy = cores()[home].plain_atomic
    if policy is not None:
        return policy
    return "error" if settings.DEBUG or is_test_database(connection.alias) else "off"
