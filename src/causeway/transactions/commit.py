"""The end of a transaction over several databases.

Where more than one was written, by two-phase commit: the decision is inserted in the transaction of
the one that decides, the others are prepared, then its commit decides, and what was prepared is
committed. Whatever fails before the decision undoes all; whatever fails after it is made up for by
``causeway.transactions.recovery``.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from django.db import Error

from causeway.exceptions import TwoPhaseUnavailable
from causeway.transactions import branch_rows, decisions, leftovers
from causeway.transactions.connections import opened
from causeway.transactions.created import grouped
from causeway.transactions.roles import roles

logger = logging.getLogger("causeway.transactions")


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
        self.written = written(unit)
        self.decider: Any = unit.local
        self.branches: list[Any] = []
        # Those that may be prepared, as far as is known.
        self.prepared: list[Any] = []
        # What is no error of a database, such as a signal's, and came while all was committed.
        self.interruption: BaseException | None = None

    def run(self) -> None:
        if len(self.written) < 2:
            self.commit_in_turn(self.written)
            return
        try:
            self.decider, self.branches = roles(self.unit, self.written)
        except TwoPhaseUnavailable:
            if self.unit.is_strict:
                raise
            cores = [connection for connection in self.written if connection is not self.unit.local]
            self.commit_in_turn([*cores, *self.written])
        else:
            self.commit_in_two_phases()
            self.commit_in_turn([])

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
        unit, gid = self.unit, self.unit.name()
        if self.decider not in unit.begun:
            unit.begin(self.decider)
        try:
            expired = self.record(gid)
            self.prepare_all(gid, expired)
            self.decide(gid)
            self.finish_all(gid, expired)
        except BaseException as error:
            # Interrupted where none of these could say what is to become of it.
            for branch in list(self.prepared):
                self.leave(branch, gid, "committed or rolled back", error)
            raise
        if self.interruption is not None:
            raise self.interruption

    @property
    def homes_with_rows(self) -> list[str]:
        """The databases that keep a row of each branch that they commit."""
        return [branch.alias for branch in self.branches if keeps_rows(branch)]

    def record(self, gid: str) -> list[str]:
        """Decide, if what decides is committed; returns the names of what it forgets."""
        with_rows = self.homes_with_rows
        expired = self.expired(with_rows)
        branches = {
            branch.alias: grouped(self.unit.created, branch.alias) if branch.alias in with_rows else None
            for branch in self.branches
        }
        decisions.record(self.decider, gid, branches, expired)
        return expired

    def expired(self, with_rows: list[str]) -> list[str]:
        """The names of decisions that nobody needs any more: what was carried out is there still.

        What is not there was lost since, as by a failover. Its decision is all that tells of it.
        """
        finished = self.decider.finished
        entries = finished.expired(with_rows)
        for branch in self.branches:
            asked = [entry.gid for entry in entries if branch.alias in entry.homes]
            lost = set(asked) - (branch_rows.committed(branch, asked) if asked else set())
            finished.remove(lost)
            entries = [entry for entry in entries if entry.gid not in lost]
        return [entry.gid for entry in entries]

    def prepare_all(self, gid: str, expired: list[str]) -> None:
        try:
            for branch in self.branches:
                self.prepare(branch, gid, expired)
        except BaseException:
            self.undo(gid)
            raise

    def prepare(self, branch: Any, gid: str, expired: list[str]) -> None:
        statements = list(branch_rows.statements(branch, gid, expired)) if keeps_rows(branch) else []
        # Where it fails, it may be prepared all the same.
        self.prepared.append(branch)
        try:
            branch.end_by_prepare(gid, statements)
        except BaseException:
            self.let_go(branch)
            raise
        finally:
            self.unit.begun.remove(branch)

    def decide(self, gid: str) -> None:
        """Commit what decides. Raises what made it fail, unless it turns out to be committed."""
        decider = self.decider
        try:
            decider.end_by_commit()
        except BaseException as error:
            # The reply may be lost, and the server may still be at it.
            outcome_there = self.outcome(gid, error)
            self.unit.begun.remove(decider)
            if outcome_there:
                logger.warning("The reply to the commit of %r was lost; it was committed.", gid)
                return
            if outcome_there is False:
                self.undo(gid)
                forget_abort(decider.alias, gid)
            raise
        self.unit.begun.remove(decider)

    def outcome(self, gid: str, error: BaseException) -> bool | None:
        from causeway.transactions.recovery import outcome  # it commits nothing itself

        if isinstance(error, Error):
            self.let_go(self.decider)
            return outcome(self.decider.alias, gid)
        with suppress(Error):
            self.decider.drop()
        return None

    def let_go(self, connection: Any) -> None:
        """Roll back what may still be open on a connection; one on which that fails is closed."""
        try:
            connection.end_by_rollback()
        except Error:
            with suppress(Error):
                connection.drop()

    def undo(self, gid: str) -> None:
        """Roll back what is prepared: nothing was decided."""
        for branch in list(self.prepared):
            try:
                on_live_connection(branch, branch.rollback_prepared, gid)
            except Error as error:
                self.leave(branch, gid, "rolled back", error)
            except BaseException as error:
                self.leave(branch, gid, "rolled back", error)
                raise
            else:
                self.prepared.remove(branch)

    def finish_all(self, gid: str, expired: list[str]) -> None:
        self.decider.finished.remove(expired)
        unfinished = [branch for branch in self.branches if not self.finish(branch, gid)]
        if not unfinished:
            self.decider.finished.add(gid, self.homes_with_rows)

    def finish(self, branch: Any, gid: str) -> bool:
        """Commit what is prepared; whether that is done."""
        try:
            is_done = on_live_connection(branch, branch.commit_prepared, gid) or self.was_finished(
                branch, gid
            )
        except BaseException as error:  # noqa: BLE001 - the others are to be committed first
            self.leave(branch, gid, "committed", error)
            if not isinstance(error, Error):
                self.interruption = self.interruption or error
            return False
        self.prepared.remove(branch)
        return is_done

    def was_finished(self, branch: Any, gid: str) -> bool:
        """Whether a branch that is not prepared any more was committed by somebody else, and not lost."""
        if not keeps_rows(branch) or branch_rows.committed(branch, [gid]):
            return True
        logger.error(
            "The transaction %r is neither prepared nor committed on %r, though it was decided. 'manage.py causeway "
            "recover' tells whether it is lost.",
            gid,
            branch.alias,
        )
        return False

    def leave(self, branch: Any, gid: str, how: str, error: BaseException) -> None:
        """Leave a branch to recovery."""
        logger.warning(
            "The transaction %r on %r is prepared and has to be %s, but: %s. 'manage.py causeway recover' does it.",
            gid,
            branch.alias,
            how,
            error,
        )
        if branch in self.prepared:
            self.prepared.remove(branch)
        leftovers.look_again(branch.alias, gid)
        with suppress(Error):
            # MariaDB lets nobody else end what is prepared while its session is there.
            branch.drop()


def keeps_rows(branch: Any) -> bool:
    """Whether a database keeps a row of each branch. It cannot be asked in a transaction that has failed."""
    return not branch.has_failed() and branch_rows.stands(branch)


def on_live_connection(branch: Any, end: Any, gid: str) -> bool:
    """End what is prepared; where the connection turns out to be lost, over a new one."""
    try:
        return bool(end(gid))
    except Error:
        if branch.is_usable():
            raise
        branch.drop()
        return bool(end(gid))


def forget_abort(alias: str, gid: str) -> None:
    """Delete the abort that kept a commit from being made late, once all is rolled back."""
    with suppress(Error), opened(alias) as connection:
        decisions.forget(connection, [gid])
