"""The blocks of ``atomic()`` that are open on a connection, as Django notes them."""

from typing import Any


class Blocks(list[Any]):
    """The blocks of ``atomic()`` that are open on a connection, which is within those of its unit's others as well.

    Django asks for the last one where another is to be durable.
    """

    def __init__(self, connection, blocks=()):
        super().__init__(blocks)
        self.connection = connection

    def __bool__(self):
        return bool(len(self) or self.others())

    def __getitem__(self, position):
        if position != -1:
            return super().__getitem__(position)
        blocks = [*self.others(), *self]
        # A durable block may be within those of a test case.
        return next((block for block in reversed(blocks) if not block._from_testcase), blocks[-1])

    def others(self):
        unit = self.connection.unit
        members = unit.members if unit is not None else ()
        return [
            block for member in members if member is not self.connection for block in member.atomic_blocks
        ]


class BlocksMixin:
    """What Django keeps of blocks while they are open, and of what waits for their commit."""

    # Whether a block is open of which Django asked this connection to begin the transaction.
    has_open_block = False
    # Whether Django has not yet noted that block.
    is_entering = False

    def all_blocks(self):
        """The blocks that are open on this connection, or on another one of its unit."""
        return [*self.atomic_blocks.others(), *self.atomic_blocks]

    @property
    def goes_on(self):
        """Whether the connection is made or closed within a unit that is open: blocks and their savepoints stay."""
        return self._unit is not None and self.is_detached and self._unit.is_open

    @property
    def atomic_blocks(self):
        return self._atomic_blocks

    @atomic_blocks.setter
    def atomic_blocks(self, blocks):
        if not self.goes_on:
            self._atomic_blocks = Blocks(self, blocks)

    @property
    def savepoint_ids(self):
        return self._savepoint_ids

    @savepoint_ids.setter
    def savepoint_ids(self, ids):
        if not self.goes_on:
            self._savepoint_ids = ids

    @property
    def run_on_commit(self):
        return self._run_on_commit

    @run_on_commit.setter
    def run_on_commit(self, hooks):
        # What waits for the commit goes on waiting: the transaction may have been committed.
        if self._unit is None or not self.is_detached:
            self._run_on_commit = hooks

    @property
    def run_commit_hooks_on_set_autocommit_on(self):
        # A connection that is made within a unit is in autocommit before anything is committed.
        return self._runs_hooks and not self.is_detached

    @run_commit_hooks_on_set_autocommit_on.setter
    def run_commit_hooks_on_set_autocommit_on(self, value):
        self._runs_hooks = value

    @property
    def in_atomic_block(self):
        if self._detaching is not None and self.is_detached:
            return False
        if self.has_open_block:
            return not self.lacks_block()
        unit = self.unit
        return unit is not None and unit.has_block

    @in_atomic_block.setter
    def in_atomic_block(self, value):
        if not self.goes_on:
            self.has_open_block = self.is_entering = value

    def lacks_block(self):
        """Whether the outermost block was left where Django enters or leaves it; then its transaction is closed.

        Django asks once between having it open and noting the block.
        """
        if self._atomic_blocks or not self.commit_on_exit:
            return False
        is_entering, self.is_entering = self.is_entering, False
        if not is_entering:
            self.break_off()
        return not is_entering

    def break_off(self):
        """Close what is open, as if no block were."""
        self.has_open_block, self.savepoint_ids = False, []
        if self._unit is None:
            self.drop()
        else:
            self._unit.abandon()
