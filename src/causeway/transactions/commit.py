"""The end of a transaction over several databases.

Where more than one was written, by two-phase commit: the decision is inserted in the child's own
transaction, core is prepared, the child's transaction is committed, which decides, and then what
was prepared. Whatever fails before the decision undoes all; whatever fails after it is made up
for by ``causeway.transactions.recovery``.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from django.db import Error

from causeway.conf import LOCAL_ALIAS
from causeway.exceptions import TwoPhaseUnavailable
from causeway.transactions import decisions

logger = logging.getLogger("causeway.transactions")

# So many decisions that nobody needs any more are deleted at a time, with the next one: a statement for each
# would be one of the ten that a transaction over two databases takes.
FINISHED_AT_A_TIME = 20


def written(unit: Any) -> list[Any]:
    """The connections of a unit that were written; of raw SQL that may have, where there is more than one, the server tells."""
    touched = [connection for connection in unit.touched if connection not in unit.written]
    if len(unit.written) + len(touched) < 2:
        return [*unit.written, *touched]
    return [*unit.written, *(connection for connection in touched if connection.has_written())]


class Commit:
    """Commits the transactions of a unit."""

    def __init__(self, unit: Any) -> None:
        self.unit = unit
        self.local: Any = next(member for member in unit.members if member.alias == LOCAL_ALIAS)
        self.written = written(unit)
        self.branches = [connection for connection in self.written if connection.alias != LOCAL_ALIAS]
        self.prepared: list[Any] = []
        # What is no error of a database, such as a signal's, and came while all was committed.
        self.interruption: BaseException | None = None

    def run(self) -> None:
        if len(self.written) < 2:
            self.commit_in_turn(self.written)
        elif why := self.obstacle():
            if self.unit.is_strict:
                raise TwoPhaseUnavailable(f"Cannot commit both databases or neither: {why}.")
            self.commit_in_turn([*self.branches, *self.written])
        else:
            self.commit_in_two_phases()
            self.commit_in_turn([])

    def obstacle(self) -> str | None:
        """Why the cores that were written cannot be prepared, as a clause."""
        for connection in self.branches:
            if why := connection.two_phase_obstacle():
                return str(why)
        try:
            self.unit.name()
        except TwoPhaseUnavailable:
            return f"{LOCAL_ALIAS!r} lacks tables of the app 'causeway' (run migrate)"
        for connection in self.branches:
            if not connection.is_preparable:
                return f"the transaction of {connection.alias!r} was begun where it could not be prepared"
        return None

    def commit_in_turn(self, first: list[Any]) -> None:
        """Commit those that were written, then end those that were only read."""
        unit = self.unit
        for connection in first:
            if connection in unit.begun:
                connection.end_by_commit()
                unit.begun.remove(connection)
        for connection in list(unit.begun):
            try:
                connection.end_by_commit()
            except Error as error:
                if not self.written:
                    # A function may have written all the same.
                    raise
                logger.warning("The end of what was read on %r failed: %s", connection.alias, error)
                with suppress(Error):
                    connection.drop()
            unit.begun.remove(connection)

    def commit_in_two_phases(self) -> None:
        unit, local = self.unit, self.local
        gid = unit.name()
        if local not in unit.begun:
            unit.begin(local)
        forgotten = local.finished_gids if len(local.finished_gids) >= FINISHED_AT_A_TIME else ()
        decisions.record(local, gid, forgotten)
        try:
            for branch in self.branches:
                self.prepare(branch, gid)
        except BaseException:
            self.undo(gid)
            raise
        self.decide(gid)
        unit.begun.remove(local)
        local.finished_gids = local.finished_gids[len(forgotten) :]
        unfinished = [branch for branch in self.branches if not self.finish(branch, gid)]
        if not unfinished:
            local.finished_gids = (*local.finished_gids, gid)
        if self.interruption is not None:
            raise self.interruption

    def prepare(self, branch: Any, gid: str) -> None:
        try:
            branch.prepare_branch(gid)
        except BaseException:
            self.let_go(branch)
            raise
        finally:
            # Where it failed, it may be prepared all the same.
            self.unit.begun.remove(branch)
            self.prepared.append(branch)

    def decide(self, gid: str) -> None:
        """Commit the child's transaction. Raises what made it fail, unless it turns out to be committed."""
        local = self.local
        try:
            local.end_by_commit()
        except BaseException as error:
            # The reply may be lost, and the server may still be at it.
            from causeway.transactions.recovery import outcome  # it commits nothing itself

            if isinstance(error, Error):
                self.let_go(local)
                outcome_there = outcome(gid)
            else:
                with suppress(Error):
                    local.drop()
                outcome_there = None
            if outcome_there:
                logger.warning("The reply to the commit of %r was lost; it was committed.", gid)
                return
            if outcome_there is False:
                self.undo(gid)
            else:
                # MariaDB lets nobody else end what is prepared while its session is there.
                for branch in self.prepared:
                    self.leave(branch, gid, "committed or rolled back", error)
            self.unit.begun.remove(local)
            raise

    def let_go(self, connection: Any) -> None:
        """Roll back what may still be open on a connection; one on which that fails is closed."""
        try:
            connection.end_by_rollback()
        except Error:
            with suppress(Error):
                connection.drop()

    def undo(self, gid: str) -> None:
        """Roll back what is prepared: nothing was decided."""
        for branch in self.prepared:
            try:
                branch.rollback_prepared(gid)
            except Error as error:
                self.leave(branch, gid, "rolled back", error)
            except BaseException as error:
                self.leave(branch, gid, "rolled back", error)
                raise

    def finish(self, branch: Any, gid: str) -> bool:
        """Commit what is prepared; whether that is done."""
        try:
            branch.commit_prepared(gid)
        except BaseException as error:  # noqa: BLE001 - the others are to be committed first
            self.leave(branch, gid, "committed", error)
            if not isinstance(error, Error):
                self.interruption = self.interruption or error
            return False
        return True

    def leave(self, branch: Any, gid: str, how: str, error: BaseException) -> None:
        logger.warning(
            "The transaction %r on %r is prepared and has to be %s, but: %s. 'manage.py causeway recover' does it.",
            gid,
            branch.alias,
            how,
            error,
        )
        with suppress(Error):
            branch.drop()
