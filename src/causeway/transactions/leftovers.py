"""What a worker that was killed left prepared: the next one looks for it before its first transaction."""

from __future__ import annotations

import logging
import os

from django.db import Error

from causeway.conf import LOCAL_ALIAS
from causeway.transactions.connections import is_test_database

logger = logging.getLogger("causeway.transactions")

# The processes and cores that were looked at: a forked worker looks again.
_looked: set[tuple[int, str]] = set()


def recover_once(home: str) -> None:
    """Recover, once in each process, what is prepared on a core. It never keeps the caller from working."""
    if (os.getpid(), home) in _looked:
        return
    if is_test_database(LOCAL_ALIAS) != is_test_database(home):
        # While test databases are made, one of the two is the real one, whose decisions are on others.
        return
    _looked.add((os.getpid(), home))
    from causeway.transactions.recovery import can_prepare, recovering  # which imports the placements

    if not can_prepare(home):
        return
    try:
        for found in recovering():
            logger.warning("Found %r prepared on %r: %s.", found.gid, found.home, found.said)
    except Error as error:
        logger.warning("Cannot look for what was left prepared on %r: %s", home, error)
