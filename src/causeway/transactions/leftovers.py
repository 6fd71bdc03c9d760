"""What a worker that was killed left prepared: the next one looks for it before its first transaction.

What a process leaves itself, where a database is away, it ends itself: a thread tries again every few
seconds until it is done.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import Error, connections

from causeway.conf import LOCAL_ALIAS
from causeway.contexts import holding
from causeway.exceptions import TwoPhaseUnavailable
from causeway.transactions.connections import is_test_database

logger = logging.getLogger("causeway.transactions")

# For how many seconds a look that failed is not tried again, and the thread waits at most between two.
INTERVAL = 5.0
# For how many seconds the thread tries. What is left then is told by a check.
PATIENCE = 3600
# A server takes a moment to see that a connection is gone; until then what it prepared is in progress.
MOMENTS = (0.05, 0.1, 0.2, 0.4)
# When a process is to look on a core next: it has looked where that is None. A forked worker looks again.
_due: dict[tuple[int, str], float | None] = {}
# The transactions that this process has left, which nobody commits any more if they were not decided, and when it was.
_given_up: dict[str, float] = {}
_are_left_alone: ContextVar[bool] = ContextVar("causeway_left_alone", default=False)
# The thread of a process, and the databases where it left something.
_thread: tuple[int, threading.Thread] | None = None
_left: set[str] = set()


@contextmanager
def left_alone() -> Iterator[None]:
    """Meanwhile, in this context, whoever begins a transaction in core only looks, and ends nobody else's."""
    with holding(_are_left_alone, True):
        yield


def recover_once(home: str) -> None:
    """Recover, once in each process, what is prepared on a core. It never keeps the caller from working."""
    key = os.getpid(), home
    due = _due.get(key, 0.0)
    if due is None or time.monotonic() < due or _are_left_alone.get():
        return
    if is_test_database(LOCAL_ALIAS) != is_test_database(home):
        # While test databases are made, one of the two is the real one, whose decisions are on others.
        return
    _due[key] = None
    is_done = look(home)
    for moment in MOMENTS if given_up() else ():
        if is_done is not False:
            break
        time.sleep(moment)
        is_done = look(home)
    if not is_done:
        _due[key] = time.monotonic() + INTERVAL


def look(home: str) -> bool | None:
    """Recover; whether nothing is left on a database and on the child's, or None where it could not be asked."""
    from causeway.transactions.recovery import FOREIGN, LEFT, preparing, recovering

    is_done = True
    if not {home, LOCAL_ALIAS}.intersection(preparing()):
        return True
    try:
        for found in recovering(is_brief=True):
            if found.outcome == FOREIGN:
                continue
            logger.warning("Found %r prepared on %r: %s.", found.gid, found.home, found.said)
            # Where a core decides, the child's own database is prepared.
            is_done = is_done and not (found.home in {home, LOCAL_ALIAS} and found.outcome in LEFT)
    except TwoPhaseUnavailable:
        # Without the tables of decisions nothing was ever prepared; they may come.
        return None
    except Error as error:
        logger.warning("Cannot look for what was left prepared on %r: %s", home, error)
        return None
    return is_done


def given_up() -> Iterable[str]:
    """The transactions that this process has left a moment ago: they cannot be in progress any more.

    Of older ones recovery sees it by itself.
    """
    for gid, since in list(_given_up.items()):
        if time.monotonic() - since > INTERVAL:
            _given_up.pop(gid, None)
    return _given_up.keys()


def look_again(home: str, gid: str) -> None:
    """This process has left a transaction prepared on a database: end it as soon as that can be.

    There is no lock here: an exception that comes between taking it and letting go would keep it for ever.
    """
    global _thread
    _given_up[gid] = time.monotonic()
    for key in list(_due):
        # Whichever core is written next: the child's database may be prepared for any of them.
        if key[0] == os.getpid() and home in {key[1], LOCAL_ALIAS}:
            _due.pop(key, None)
    if is_test_database(LOCAL_ALIAS):
        return
    _left.add(home)
    if _thread is None or _thread[0] != os.getpid() or not _thread[1].is_alive():
        thread = threading.Thread(target=keep_looking, name="causeway-recovery", daemon=True)
        _thread = os.getpid(), thread
        thread.start()


def keep_looking() -> None:
    """Look where something was left, until it is ended."""
    global _thread
    until, interval = time.monotonic() + PATIENCE, 1.0
    while time.monotonic() < until:
        time.sleep(interval)
        interval = min(2 * interval, INTERVAL)
        for home in list(_left):
            # What is left there while this looks counts again.
            _left.discard(home)
            if not look(home):
                _left.add(home)
        connections.close_all()
        if not _left:
            # Whoever leaves something from here on starts another thread. Two of them do no harm.
            _thread = None
            if not _left:
                return
            _thread = os.getpid(), threading.current_thread()
