"""What is prepared on a core: its rows are neither there nor gone, and local rows may refer to them already."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

from django.db import connections

from causeway.exceptions import TransactionsUnfinished, TwoPhaseUnavailable
from causeway.placements import is_linked
from causeway.transactions.installation import prefix
from causeway.transactions.recovery import Found, preparing, recovering
from causeway.transactions.roles import may_be_prepared

# For how many seconds a commit that is under way is waited for, and between two looks.
PATIENCE = 1.0
INTERVAL = 0.01


def prepared_on(home: str) -> Collection[str]:
    """The names of this installation's transactions that are prepared on a core."""
    if is_linked(home) or not may_be_prepared(home):
        return ()
    try:
        beginning = prefix()
    except TwoPhaseUnavailable:
        # Without the tables of decisions nothing was ever prepared.
        return ()
    connection: Any = connections[home]
    return tuple(connection.prepared(beginning))


def wait_for_prepared(home: str, patience: float | None = None) -> None:
    """Wait until what is prepared on a core now has ended, for ``patience`` seconds (``PATIENCE``).

    What core is asked after that is asked after all was committed that local rows read before refer to. What
    is prepared meanwhile does not matter: those rows were committed before it. Raises TransactionsUnfinished.
    """
    until = time.monotonic() + (PATIENCE if patience is None else patience)
    left = set(prepared_on(home))
    while left:
        if time.monotonic() > until:
            raise TransactionsUnfinished(
                f"Cannot tell which rows of {home!r} are gone: {min(left)!r} is prepared there, and what it writes "
                f"may be what is missing. Run manage.py causeway recover, and see that it is ended."
            )
        time.sleep(INTERVAL)
        left.intersection_update(prepared_on(home))


def recovered() -> Iterator[Found]:
    """End what a crash left prepared, where something can be: what ``recovering()`` gives, and raises."""
    if not preparing():
        return
    with suppress(TwoPhaseUnavailable):
        yield from recovering()
