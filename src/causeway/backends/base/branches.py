import hashlib

from causeway.backends.base.statements import CONTROL, Known
from causeway.transactions.decisions import is_gid
from causeway.transactions.installation import PREFIX


class BranchesMixin:
    """The transaction of a core's connection, as a branch of one over several databases.

    Of an engine that prepares nothing: its branches are begun and committed as Django does it.
    """

    # Whether beginning a transaction is a statement of its own, which a block that stays empty saves.
    begin_is_sent = False
    # Why no database of this engine can be prepared, as a clause; None if some can.
    never_prepares: str | None = None
    # Whether the branch that has begun can be prepared.
    is_preparable = False
    # What makes statements that meet a lock give up after a second: until the transaction ends, where the engine
    # has that, for a pooler may give the session to somebody else; else until the session ends.
    sql_to_wait_briefly: str
    # What keeps a session from reading what others have not committed, where its settings may let it.
    sql_to_read_what_is_committed: str | None = None
    # What a decision's INSERT ends with, for the sake of sessions whose commits would not survive a crash.
    sql_to_be_durable = ""
    # Whether several statements can be sent as one text, as drivers do unless they are told otherwise.
    sends_several = True
    # Whether the transaction that has begun was told to bound its waits for locks.
    is_bounded = False
    # Whether what is executed was asked for on another connection, for the sake of a row there.
    writes_for_another = False

    @property
    def branch_name(self):
        """What tells the branches of one transaction apart, in the 64 bytes that every engine leaves for it."""
        name = self.alias.encode()
        return self.alias if len(name) <= 64 else hashlib.sha256(name).hexdigest()

    def send_one_at_a_time(self):
        """Have the connection, which is open, send no text in which a second statement hides."""

    def is_untouched(self):
        """Whether nothing was executed in the transaction that has begun, which the driver knows without asking."""
        return False

    def has_failed(self):
        """Whether the server does nothing more in the transaction that is open, as the driver knows."""
        return False

    def has_written(self):
        """Whether the transaction that has begun may have changed rows. It may ask the server."""
        return True

    def two_phase_obstacle(self):
        """Why this database cannot be prepared, as a clause; None if it can. It may ask the server."""
        return self.never_prepares

    def bound_waits(self):
        """Have a wait for a lock end by itself, which may be a part of a deadlock that goes through another server."""

    def begin_branch(self, unit):
        self.is_preparable = False
        if hasattr(self, "_start_transaction_under_autocommit"):
            self._start_transaction_under_autocommit()
        else:
            self._set_autocommit(False)

    def commit_branch(self):
        self._commit()
        self._set_autocommit(True)

    def rollback_branch(self):
        self._rollback()
        self._set_autocommit(True)

    def prepare_branch(self, gid, statements=()):
        """End the transaction so that it can be committed whatever happens. If it fails, it is rolled back.

        The statements, each with its parameters, are executed in it before.
        """
        raise NotImplementedError

    def send(self, sql, params):
        """Send a statement that is about the transaction itself."""
        with self.cursor() as cursor:
            cursor.execute(Known(sql, CONTROL), params)

    def commit_prepared(self, gid):
        """Commit what was prepared under that name; whether it was still there."""
        raise NotImplementedError

    def rollback_prepared(self, gid):
        """Roll back what was prepared under that name; whether it was still there."""
        raise NotImplementedError

    def prepared(self, beginning=PREFIX):
        """What is prepared here under names of ours that begin so: each with its age in seconds, or None."""
        found = self.prepared_like_ours()
        return {name: age for name, age in found.items() if name.startswith(beginning) and is_gid(name)}

    def strangers(self):
        """How many transactions are prepared here under names that merely look like one of ours."""
        return sum(not is_gid(name) for name in self.prepared_like_ours())

    def prepared_like_ours(self):
        """What is prepared here under names of our form, which whoever prepares it may choose."""
        return {}

    def is_held(self, error):
        """Whether an error of ending what is prepared says that only the session that prepared it can do so."""
        return False

    def is_conflict(self, error):
        """Whether an error says that a transaction was in the way of others, and may succeed another time."""
        return False
