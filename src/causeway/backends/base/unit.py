"""The transactions of one child project on several databases, taken as one.

While a block of ``atomic()`` is open on one of its connections, those of the child's own database
and of its staged cores are one unit. Nothing is sent to any of them before it is needed: a
connection begins its transaction with the first statement that writes there. Savepoints of one
hold for all. At the end all are committed or none: by two-phase commit, where more than one was
written.
"""

from contextlib import suppress
from functools import wraps

from django.db import Error, connections

from causeway.backends.base.running import is_running, this_frame
from causeway.backends.base.statements import CONTROL, READ, UNSURE, WRITE, kind_of
from causeway.conf import LOCAL_ALIAS, staged_cores
from causeway.transactions.commit import Commit
from causeway.transactions.decisions import new_gid
from causeway.transactions.leftovers import look_again, recover_once
from causeway.transactions.plain import refuse_in_plain_atomic
from causeway.transactions.roles import deciding_cores, roles


def at_work(method):
    """Note that a method of a unit is at work, until it has come to its end, if by an error of a database.

    What a signal breaks off may be left at any line: by its frame it is told from what is still at work.
    """

    @wraps(method)
    def noting(self, *args, **kwargs):
        if self.working is not None and not self.is_broken_off():
            return method(self, *args, **kwargs)
        self.working = this_frame()
        try:
            result = method(self, *args, **kwargs)
        except Error:
            self.working = None
            raise
        self.working = None
        return result

    return noting


class Mark:
    """A savepoint of one connection, as another one of the unit has it or will have it."""

    def __init__(self, owner, sid, connection, number):
        self.owner = owner
        self.depth = len(owner.atomic_blocks)
        self.sid = sid
        # Each connection numbers its own by itself. (An alias may be any text, and long.)
        self.name = sid if owner is connection else f"causeway{number}_{sid}"
        self.is_sent = False
        self.hooks = len(connection.run_on_commit)
        self.created = len(connection._unit.created)

    def is_of_test(self):
        """Whether a test case set it, which sets one on each connection by itself."""
        blocks = self.owner.atomic_blocks[self.depth : self.depth + 1]
        return self.name != self.sid and any(block._from_testcase for block in blocks)


class Unit:
    """One transaction over the databases of a child project.

    ``leader`` is the connection on which its outermost block was entered, or autocommit turned off
    (``is_by_hand``). ``begun`` are the connections with a transaction on their server, ``written`` those of them that
    were written, in the order in which they were; ``touched`` are those that may have been, by raw SQL.
    """

    def __init__(self, leader, is_by_hand=False):
        self.leader = leader
        self.is_by_hand = is_by_hand
        self.members = [connections[alias] for alias in (LOCAL_ALIAS, *sorted(staged_cores()))]
        self.local = self.members[0]
        self.begun = []
        self.written = []
        self.touched = []
        # What is known to be new in core.
        self.created = []
        self.needs_rollback = False
        # Whether a block was entered that asks for all or nothing.
        self.is_strict = False
        # The homes written by plain blocks of the child's own connection, within the outermost one.
        self.plainly_written = set()
        self.gid = None
        # Of the method that begins or ends transactions now; or that did, when it was broken off.
        self.working = this_frame()
        # Whether all was committed, and what waits for that is to run.
        self.is_committed = False
        self.take_over()
        self.working = None

    def take_over(self):
        for member in self.members:
            member.enter(self)

    def has_name(self):
        """Whether its transactions can be prepared as far as the child's database is concerned."""
        if self.is_for_test:
            return False
        try:
            self.name()
        except Error:
            # The child's database may be away, or not be there yet.
            return False
        return True

    def name(self):
        """What its prepared transactions are called. Raises TwoPhaseUnavailable."""
        if self.gid is None:
            gid = new_gid(may_be_in_core=bool(deciding_cores()))
            # What was asked for it may have begun a transaction, which needs it as well.
            self.gid = self.gid or gid
        return self.gid

    @property
    def is_for_test(self):
        """Whether a test case will roll it back."""
        return any(block._from_testcase for member in self.members for block in member.atomic_blocks)

    def be_strict(self):
        """From now on insist on both or neither. Raises TwoPhaseUnavailable where it is too late."""
        if not self.is_strict and not self.is_for_test and len(self.written) > 1:
            roles(self, self.written)
        self.is_strict = True

    def begins_as_branch(self, connection):
        """Whether a transaction is to begin so that it can be prepared, as far as that makes a difference."""
        if self.is_for_test:
            return False
        if connection is not self.local:
            return True
        return self.is_strict and connection.begin_is_sent and bool(deciding_cores())

    @property
    def is_open(self):
        return self.leader.has_open_block or self.is_by_hand

    @property
    def has_block(self):
        """Whether a block is open that is to end before its transaction may be ended."""
        # The leader finds out if its block was left where Django enters or leaves it.
        return (self.leader.has_open_block and self.leader.in_atomic_block) or (
            self.is_by_hand and any(member.has_open_block for member in self.members)
        )

    def has_begun(self, connection):
        return connection in self.begun

    def before(self, connection, sql):
        """Do what a statement needs that is about to be executed on a connection."""
        kind = kind_of(sql)
        if kind == CONTROL or self.needs_rollback or self.working is not None:
            return
        if not self.has_begun(connection):
            if kind == READ and not self.is_asked_for(connection):
                return
            self.begin(connection)
        else:
            self.send_marks(connection)
        if kind != READ and connection is not self.local and self.may_hold_locks(self.local):
            connection.bound_waits()
        if kind == WRITE:
            self.write(connection)
        elif kind == UNSURE and connection not in self.touched:
            self.touched.append(connection)

    def may_hold_locks(self, connection):
        return self.has_begun(connection) and not connection.is_untouched()

    def is_asked_for(self, connection):
        """Whether what is read there is kept from changing, as far as the server does so."""
        return len(connection.atomic_blocks) > 0 or (self.is_by_hand and connection is self.leader)

    @at_work
    def lead(self, begin):
        """Begin the leader's transaction where Django asks for it."""
        try:
            begin()
        except Error:
            self.let_go()
            raise
        self.begun.append(self.leader)

    @at_work
    def begin(self, connection):
        try:
            if connection is not self.local and not self.is_for_test:
                recover_once(connection.alias)
            connection.begin(self)
            self.begun.append(connection)
            self.send_marks(connection)
        except BaseException:
            self.needs_rollback = True
            raise

    def write(self, connection):
        refuse_in_plain_atomic(self, connection)
        if connection in self.written:
            return
        if self.is_strict and self.written and not self.is_for_test:
            roles(self, [*self.written, connection])
        self.written.append(connection)

    # Savepoints

    @at_work
    def save(self, owner, sid):
        """Set a savepoint on every connection: at once where it is asked for, elsewhere when it is needed."""
        if owner.alias == LOCAL_ALIAS and not plain_blocks(owner):
            self.plainly_written = set()
        number = self.members.index(owner)
        for member in self.members:
            member.marks.append(Mark(owner, sid, member, number))
        if self.has_begun(owner):
            self.send_marks(owner)

    def send_marks(self, connection):
        for mark in connection.marks:
            if not mark.is_sent and not mark.is_of_test():
                connection.send_savepoint(mark.name)
                mark.is_sent = True

    @at_work
    def roll_back_to(self, owner, sid):
        for connection, position, mark in self.marked(owner, sid):
            if mark.is_sent:
                connection.send_savepoint_rollback(mark.name)
                # What bounds waits may have been set since.
                connection.is_bounded = False
            del self.created[mark.created :]
            # What it has begun since stays begun: there is nothing in it now.
            del connection.marks[position + 1 :]
            del connection.run_on_commit[mark.hooks :]

    @at_work
    def release(self, owner, sid):
        for connection, position, mark in self.marked(owner, sid):
            if mark.is_sent:
                connection.send_savepoint_commit(mark.name)
            del connection.marks[position:]

    def marked(self, owner, sid):
        """Each connection with what it has of a savepoint, the owner first. It may be set again: the last counts."""
        for member in sorted(self.members, key=lambda member: member is not owner):
            for position, mark in reversed(list(enumerate(member.marks))):
                if mark.owner is owner and mark.sid == sid:
                    yield member, position, mark
                    break

    def has_mark(self, owner, sid):
        """Whether somebody has set a savepoint."""
        return any(mark.owner is owner and mark.sid == sid for mark in owner.marks)

    # The end

    @at_work
    def commit(self):
        """Commit what has begun, all or nothing. Raises what made it fail; then all is rolled back."""
        try:
            Commit(self).run()
        except BaseException:
            self.roll_back(suppressing=True)
            raise
        self.begun = []
        # By hand, what waits for it runs when autocommit is turned on again, as Django has it.
        self.is_committed = not self.is_by_hand
        self.renew()

    @at_work
    def roll_back(self, suppressing=False):
        """Roll back what has begun. A connection on which that fails is closed."""
        begun, self.begun, failure = self.begun, [], None
        for connection in begun:
            try:
                connection.end_by_rollback()
            except Error as error:
                failure = failure or error
                with suppress(Error):
                    connection.drop()
        for member in self.members:
            member.marks.clear()
            member.run_on_commit = []
        self.renew()
        if failure is not None and not suppressing:
            raise failure

    def renew(self):
        """Let another unit begin where this one has ended, if autocommit is off."""
        if self.is_by_hand:
            Unit(self.leader, is_by_hand=True)
            self.is_by_hand = False

    def finish(self, set_autocommit):
        """Let the leader be in autocommit again, by Django's method, and run what waits for the commit.

        The leader's come first. As in Django, none is run after one that raises.
        """
        for member, hooks in self.end(set_autocommit):
            # A block that one of them opens has hooks of its own.
            member.run_on_commit = hooks
            member.run_and_clear_commit_hooks()

    @at_work
    def end(self, set_autocommit):
        """Let every member go; returns what is to run, by member."""
        if self.begun:
            # It was broken off before they could be ended.
            self.abandon()
            return []
        members = sorted(self.members, key=lambda member: member is not self.leader)
        hooks = [(member, member.run_on_commit) for member in members if self.is_committed]
        for member in members:
            member.run_on_commit = []
        try:
            if self.leader.connection is not None:
                set_autocommit(True)
        except Error:
            # What was committed is committed.
            self.leader.drop()
        self.let_go()
        return hooks

    def let_go(self):
        for member in self.members:
            member.leave(self)

    # Broken off

    def is_broken_off(self):
        """Whether what begins or ends its transactions was left without coming to its end."""
        return self.working is not None and not is_running(self.working)

    def is_left_open(self):
        """Whether no block is open, and its members were not let go: Django ends it before it does anything else."""
        return self.working is None and not self.is_open

    def abandon(self):
        """Close the connections: the servers roll back what is open on them, and what is prepared is recovered."""
        self.working, self.begun = this_frame(), []
        # Some may be in the unit before it, or after it.
        self.take_over()
        for member in self.members:
            member.run_on_commit = []
            with suppress(Error):
                member.drop()
        if self.gid is not None:
            for member in self.members:
                look_again(member.alias, self.gid)
        if self.has_block:
            self.needs_rollback = True
        elif self.is_by_hand:
            self.renew()
        else:
            self.let_go()
        self.working = None


def plain_blocks(connection):
    """The blocks of ``atomic()`` open on a connection that are not those of a test case."""
    return [block for block in connection.atomic_blocks if not block._from_testcase]
