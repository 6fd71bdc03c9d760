"""Connections whose transactions are part of a unit: see ``causeway.backends.base.unit``."""

from functools import partial

from django.db import InterfaceError, OperationalError, connections
from django.db.transaction import TransactionManagementError

from causeway.backends.base.blocks import BlocksMixin
from causeway.backends.base.running import is_running, this_frame
from causeway.backends.base.unit import Unit
from causeway.conf import LOCAL_ALIAS, staged_cores
from causeway.placements.mirrored import note_write
from causeway.transactions.finished import Finished
from causeway.transactions.roles import deciding_cores


class TransactionsMixin(BlocksMixin):
    """Of the connection of a child's own database, or of a core."""

    _unit = None
    _needs_rollback = False
    # How many transactions were committed here.
    commits = 0
    # Of what makes or closes the connection, or ends its transaction, which Django does outside of blocks.
    _detaching = None
    # Whether the transaction that has begun is a branch, as that of a core is.
    is_branch = False

    def __init__(self, *args, **kwargs):
        self.marks = []
        self.finished = Finished()
        super().__init__(*args, **kwargs)
        if staged_cores() and self.alias in {LOCAL_ALIAS, *staged_cores()}:
            self.execute_wrappers.append(self.follow)

    @property
    def is_detached(self):
        """Whether the connection is being made or closed, or its transaction ended."""
        return self._detaching is not None and is_running(self._detaching)

    @property
    def unit(self):
        """The unit that is open, if one is."""
        unit = self._unit
        if unit is None or (self._detaching is not None and self.is_detached):
            return None
        # What is_open says, without a call: each statement asks for it several times.
        return unit if unit.leader.has_open_block or unit.is_by_hand else None

    def enter(self, unit):
        self._unit = unit
        self.marks = []

    def leave(self, unit):
        if self._unit is unit:
            self._unit = None

    @property
    def sharing(self):
        """The unit whose fate is that of this connection: for the leader also while Django ends it."""
        unit = self._unit
        return unit if unit is not None and unit.leader is self and not self.is_detached else self.unit

    @property
    def needs_rollback(self):
        unit = self.sharing
        return self._needs_rollback if unit is None else unit.needs_rollback

    @needs_rollback.setter
    def needs_rollback(self, value):
        unit = self.sharing
        if unit is None:
            self._needs_rollback = value
        else:
            unit.needs_rollback = value

    @property
    def begins_late(self):
        """Whether the unit, and not Django, begins the transaction of this connection."""
        unit = self.unit
        return unit is not None and (unit.leader is not self or self.leads_late or unit.is_by_hand)

    @property
    def leads_late(self):
        """Whether it begins its transaction with the first statement, where it is the leader."""
        return self.alias != LOCAL_ALIAS or self.begin_is_sent

    # What was broken off

    def settle(self, is_ending=False):
        """Close what an exception has broken off that is no error of a database; whether there was any.

        ``is_ending``: it is called to end the transaction.
        """
        unit = self._unit
        if unit is None or not (unit.is_broken_off() or (unit.is_left_open() and not is_ending)):
            return False
        unit.abandon()
        return True

    def refuse_broken_off(self, action, is_ending=False):
        """Raise TransactionManagementError where an exception has broken off what begins or ends transactions."""
        if self.settle(is_ending):
            raise TransactionManagementError(
                f"Cannot {action} on {self.alias!r}: an exception that is no error of a database came while its "
                f"transaction was being begun or ended, so it was closed, and all is rolled back. Enter the "
                f"outermost block again."
            )

    def _cursor(self, *args, **kwargs):
        if self._unit is not None:
            self.settle()
        return super()._cursor(*args, **kwargs)

    def get_autocommit(self):
        self.settle()
        return False if self.begins_late else super().get_autocommit()

    def set_autocommit(self, autocommit, force_begin_transaction_with_broken_autocommit=False):
        is_for_block = force_begin_transaction_with_broken_autocommit
        if self.is_detached:
            # Made within a unit, which begins its transaction.
            super().set_autocommit(True)
            return
        if self.settle(is_ending=autocommit) and autocommit and self._unit is None:
            # The next connection is in autocommit.
            return
        if not autocommit and self.may_lead():
            self.lead(is_for_block)
            return
        if self.unit is not None and self.unit.is_by_hand and not is_for_block:
            self.validate_no_atomic_block()
            if autocommit and self.unit.leader is self:
                self.end_by_hand()
            return
        unit = self._unit
        # One that is made anew within the block begins in autocommit, which does not end the unit.
        if autocommit and unit is not None and unit.leader is self and not unit.is_open:
            unit.finish(super().set_autocommit)
            return
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)

    def lead(self, is_for_block):
        """Begin a unit: for a block of Django's, or because autocommit is turned off by hand."""
        if not is_for_block:
            # It makes the connection, and refuses what Django refuses.
            super().set_autocommit(True)
            Unit(self, is_by_hand=True)
        elif self.leads_late:
            Unit(self)
        else:
            self.is_branch = False
            Unit(self).lead(partial(super().set_autocommit, False, True))

    def end_by_hand(self):
        """Commit what is open, and be in autocommit again."""
        self._unit.commit()
        # Another one by then.
        unit = self._unit
        unit.is_by_hand = False
        unit.is_committed = True
        unit.finish(super().set_autocommit)

    def may_lead(self):
        return bool(
            staged_cores()
            and self.alias in {LOCAL_ALIAS, *staged_cores()}
            and self.unit is None
            and connections[self.alias] is self
        )

    def follow(self, execute, sql, params, many, context):
        self.announce(sql)
        try:
            result = execute(sql, params, many, context)
        except (OperationalError, InterfaceError):
            # It may have been done all the same.
            note_write(self, sql)
            raise
        note_write(self, sql)
        return result

    def announce(self, sql):
        """Let the unit that is open do what a statement needs that is about to be executed here."""
        if self._unit is None:
            return
        self.settle()
        unit = self.unit
        if unit is not None:
            unit.before(self, sql)

    @property
    def ending(self):
        """The unit that is ended with this connection's transaction."""
        unit = self._unit
        return unit if unit is not None and (unit.leader is self or unit.is_by_hand) else None

    def commit(self):
        self.refuse_broken_off("commit", is_ending=True)
        unit = self.ending
        if unit is None:
            super().commit()
        else:
            self.validate_thread_sharing()
            self.validate_no_atomic_block()
            unit.commit()
            self.errors_occurred = False
        self.commits += 1

    def rollback(self):
        is_closed = self.settle(is_ending=True)
        unit = self.ending
        if unit is None and not is_closed:
            return super().rollback()
        self.validate_thread_sharing()
        self.validate_no_atomic_block()
        if not is_closed:
            unit.roll_back()
        self.errors_occurred = False
        self.needs_rollback = False
        self.run_on_commit = []
        return None

    # A transaction of the unit on this connection

    @property
    def may_be_prepared(self):
        """Whether what is open here may be prepared at its end, because a core cannot be."""
        unit = self.unit
        return unit is not None and unit.local is self and not unit.is_for_test and bool(deciding_cores())

    def begin(self, unit):
        """Begin it on the server."""
        self.is_branch = self.alias != LOCAL_ALIAS or unit.begins_as_branch(self)
        if self.is_branch:
            self.begin_branch(unit)
        else:
            # Where a branch begins in a way of its own, any other transaction cannot be prepared.
            self.is_preparable = not self.begin_is_sent and self.never_prepares is None
            self.detached(super().set_autocommit, False, True)

    def end_by_commit(self):
        """Commit it by itself."""
        if self.is_branch:
            self.commit_branch()
        else:
            if not self.is_untouched():
                self._commit()
            self.end_own()

    def end_by_prepare(self, gid, statements):
        """Prepare it under that name, after some last statements."""
        self.prepare_branch(gid, statements)
        if not self.is_branch:
            self.end_own()

    def end_by_rollback(self):
        if self.closed_in_transaction:
            # The server rolled it back with the connection.
            self.drop()
        elif self.is_branch:
            self.rollback_branch()
        else:
            self._rollback()
            self.end_own()

    def end_own(self):
        # Of the leader of a block, Django does it.
        if self._unit.leader is not self or self._unit.is_by_hand:
            self.detached(super().set_autocommit, True)

    def drop(self):
        """Be without a connection, whose transaction nobody ends otherwise than by that."""
        try:
            if not self.closed_in_transaction:
                self.detached(super().close)
        finally:
            self.connection = None
            self.closed_in_transaction = False

    def detached(self, function, *args):
        outer, self._detaching = self._detaching, this_frame()
        try:
            return function(*args)
        finally:
            self._detaching = outer

    def send_savepoint(self, name):
        super()._savepoint(name)

    def send_savepoint_rollback(self, name):
        super()._savepoint_rollback(name)

    def send_savepoint_commit(self, name):
        super()._savepoint_commit(name)

    def _savepoint(self, sid):
        self.refuse_broken_off("set a savepoint")
        unit = self.unit
        if unit is None:
            super()._savepoint(sid)
        else:
            unit.save(self, sid)

    def _savepoint_rollback(self, sid):
        self.refuse_broken_off("roll back to a savepoint")
        unit = self.unit
        if unit is not None and unit.has_mark(self, sid):
            unit.roll_back_to(self, sid)
        else:
            super()._savepoint_rollback(sid)

    def _savepoint_commit(self, sid):
        self.refuse_broken_off("release a savepoint")
        unit = self.unit
        if unit is not None and unit.has_mark(self, sid):
            unit.release(self, sid)
        else:
            super()._savepoint_commit(sid)

    # The connection itself

    def connect(self):
        unit = self.unit
        if unit is None and self._unit is None and not self.may_lead():
            super().connect()
            return
        self.detached(super().connect)
        if unit is None and not self.settings_dict["AUTOCOMMIT"] and self.may_lead():
            self.lead(is_for_block=False)

    def close_if_health_check_failed(self):
        if not self.health_check_enabled or self.health_check_done:
            return
        unit = self.unit
        if unit is None or unit.has_begun(self):
            super().close_if_health_check_failed()
        else:
            self.detached(super().close_if_health_check_failed)

    def close_if_unusable_or_obsolete(self):
        if self.has_open_block and not self._atomic_blocks:
            self.break_off()
        self.settle()
        unit = self.unit
        if unit is None or not unit.is_by_hand:
            super().close_if_unusable_or_obsolete()
        elif unit.leader is self:
            if self.connection is None:
                # Django closes it here since autocommit is off. It was broken off, which closed the connection alone.
                self.close()
            super().close_if_unusable_or_obsolete()
        elif not unit.has_begun(self):
            # That autocommit is off is the leader's doing.
            self.detached(super().close_if_unusable_or_obsolete)

    def close(self):
        self.settle(is_ending=True)
        unit = self.unit
        if unit is None:
            super().close()
        elif not unit.has_begun(self) and self is not unit.leader:
            self.detached(super().close)
        elif unit.is_by_hand:
            self.close_by_hand(unit)
        else:
            super().close()
            if self is unit.leader:
                # Django does not end the transaction of a connection that is closed.
                unit.begun = [connection for connection in unit.begun if connection is not self]
                unit.roll_back(suppressing=True)

    def close_by_hand(self, unit):
        """Close it where autocommit is off: what was done on each connection is lost with it."""
        has_block = unit.has_block
        self.detached(super().close)
        unit.begun = [connection for connection in unit.begun if connection is not self]
        unit.roll_back(suppressing=True)
        if has_block:
            self._unit.needs_rollback = True
        elif self is unit.leader:
            self._unit.is_by_hand = False

    def is_usable(self):
        return self.connection is not None and super().is_usable()
