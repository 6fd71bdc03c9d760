"""What a crash leaves between preparing core and committing it: found, and brought to its end.

See ``docs/topics/transactions.rst``. The order is what makes it safe beside live transactions: first what is
prepared, then what was decided, then what is prepared now.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from django.db import Error, IntegrityError, OperationalError, connections

from causeway.conf import LOCAL_ALIAS, staged_cores
from causeway.transactions import decisions
from causeway.transactions.connections import opened, waiting_briefly

COMMITTED = "committed"
ROLLED_BACK = "rolled back"
UNDECIDED = "rolled back, unless it is in progress"
IN_PROGRESS = "in progress"
HELD = "held by its session"
REFUSED = "refused"


class Found(NamedTuple):
    """A prepared transaction, and what became of it.

    ``age`` is in seconds, ``outcome`` one of the texts of this module. ``why`` says what its database
    said, where that ``REFUSED`` to end it.
    """

    home: str
    gid: str
    age: float
    outcome: str
    why: str = ""

    @property
    def said(self) -> str:
        """The outcome, and why."""
        return f"{self.outcome}: {self.why}" if self.why else self.outcome


def recover(dry_run: bool = False) -> list[Found]:
    """Bring every prepared transaction of this installation to its end; returns each with what became of it.

    Raises what ``recovering()`` raises.
    """
    return list(recovering(dry_run))


def recovering(dry_run: bool = False) -> Iterator[Found]:
    """Do it one by one.

    What was decided is committed. What was not is rolled back once it can never be: its row is
    inserted as an abort first, for which the child's transaction, while it lives, holds the key.
    Raises the driver's error where the child's database cannot be asked, before anything is rolled
    back, and where a core cannot be asked, after the others have been. With ``dry_run`` nothing is
    changed, and what would be is told.
    """
    beginning = decisions.prefix()
    homes = [home for home in sorted(staged_cores()) if can_prepare(home)]
    failure = None
    with opened(LOCAL_ALIAS) as local:
        for home in homes:
            try:
                with opened(home) as core:
                    for gid, age in core.prepared(beginning).items():
                        outcome = (foreseen(local, gid),) if dry_run else settle(local, core, gid)
                        if not outcome:
                            continue
                        yield Found(home, gid, decisions.age(gid) if age is None else age, *outcome)
            except Error as error:
                if not local.is_usable():
                    raise
                failure = failure or error
        if failure is not None:
            raise failure
        if not dry_run:
            forget_finished(local, homes, beginning)


def can_prepare(home: str) -> bool:
    """Whether the engine of a core has prepared transactions."""
    connection: Any = connections[home]
    return connection.never_prepares is None


def settle(local: Any, core: Any, gid: str) -> tuple[str, ...]:
    """Commit or roll back one prepared transaction; returns the outcome, and why core refused it.

    Nothing where it was ended meanwhile, by the process that prepared it.
    """
    is_commit = fenced(local, gid)
    if is_commit is None:
        return (IN_PROGRESS,)
    try:
        if is_commit:
            core.commit_prepared(gid)
        elif not core.rollback_prepared(gid):
            return ()
    except Error as error:
        if core.is_held(error):
            return (HELD,)
        if not core.is_usable():
            raise
        return REFUSED, str(error).strip()
    return (COMMITTED if is_commit else ROLLED_BACK,)


def fenced(local: Any, gid: str) -> bool | None:
    """Whether it was decided to commit; False once that can never be; None while its transaction lives."""
    is_commit = decisions.decided(local, gid)
    if is_commit is not None:
        return is_commit
    try:
        with waiting_briefly(local):
            decisions.insert(local, gid, is_abort=True)
    except IntegrityError:
        return decisions.decided(local, gid)
    except OperationalError:
        # It has waited for a lock; or the server is away.
        if not local.is_usable():
            raise
        return None
    return False


def foreseen(local: Any, gid: str) -> str:
    return COMMITTED if decisions.decided(local, gid) else UNDECIDED


def forget_finished(local: Any, homes: list[str], beginning: str) -> None:
    """Delete the decisions on what is prepared nowhere any more.

    They were inserted before it was prepared, and are seen since it was committed: what is not
    prepared after they were read has been ended.
    """
    gids = decisions.recorded(local, beginning)
    if not gids:
        return
    for home in homes:
        with opened(home) as core:
            still = core.prepared(beginning)
        gids = [gid for gid in gids if gid not in still]
    # What a live transaction locks is left to the next recovery.
    with suppress(Error):
        for start in range(0, len(gids), 500):
            with waiting_briefly(local):
                decisions.forget(local, gids[start : start + 500])


def outcome(gid: str) -> bool | None:
    """Whether a transaction whose commit gave an error was committed; None if that cannot be told now."""
    try:
        with opened(LOCAL_ALIAS) as local:
            return fenced(local, gid)
    except Error:
        return None
