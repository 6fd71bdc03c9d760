from django.db import NotSupportedError, OperationalError, ProgrammingError
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.utils.functional import cached_property

from causeway.backends.base.branches import BranchesMixin
from causeway.backends.base.statements import CONTROL, Known
from causeway.exceptions import TwoPhaseUnavailable
from causeway.transactions.installation import PREFIX

UNDEFINED_OBJECT = "42704"
# What bounds a wait for a lock in the transaction, unless the project has set a bound of its own: without it PostgreSQL
# waits for ever, and no server sees a deadlock that goes through another one.
BOUND = (
    "SELECT set_config('lock_timeout', %s, true) WHERE current_setting('lock_timeout') = '0'",
    ["20s"],
)
# A serialization failure, a deadlock, and a lock that was waited for in vain.
CONFLICTS = {"40001", "40P01", "55P03"}
# libpq's status of a connection: with no transaction on its server, or with one in which a statement has failed.
IDLE, FAILED = 0, 3
# A prepared transaction is ended in its own database alone; names are unique on the server.
PREPARED = Known("""
    SELECT gid, extract(epoch FROM clock_timestamp() - prepared)
    FROM pg_catalog.pg_prepared_xacts
    WHERE database = current_database() AND left(gid, %s) = %s AND right(gid, %s) = %s
""")


class PostgreSQLBranchesMixin(BranchesMixin):
    is_preparable = True
    # None where a server that speaks its protocol has no such function.
    sql_to_tell_whether_written = Known("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
    # It costs no statement of its own, and what asks for more than 'on' stays.
    sql_to_be_durable = (
        " RETURNING (SELECT set_config('synchronous_commit', 'on', true) "
        "WHERE current_setting('synchronous_commit', true) = 'off')"
    )
    sql_to_wait_briefly = "SET LOCAL lock_timeout = '1s'"

    def connect(self):
        super().connect()
        self.__dict__.pop("max_prepared", None)

    @cached_property
    def max_prepared(self):
        with self.cursor() as cursor:
            cursor.execute("SHOW max_prepared_transactions")
            return int(cursor.fetchone()[0])

    @property
    def transaction_status(self):
        return None if self.connection is None else self.connection.info.transaction_status

    def is_untouched(self):
        return self.transaction_status == IDLE

    def has_failed(self):
        return self.transaction_status == FAILED

    def has_written(self):
        if not self.sql_to_tell_whether_written or self.has_failed():
            return True
        with self.cursor() as cursor:
            cursor.execute(self.sql_to_tell_whether_written)
            return cursor.fetchone()[0]

    def two_phase_obstacle(self):
        if self.never_prepares or self.max_prepared:
            return self.never_prepares
        return "max_prepared_transactions is 0 on its server (set it to max_connections or more, and restart)"

    def begin_branch(self, unit):
        self.is_bounded = False
        self._set_autocommit(False)

    def bound_waits(self):
        if not self.is_bounded:
            self.send(*BOUND)
            self.is_bounded = True

    def prepare_branch(self, gid, statements=()):
        if self.has_failed():
            raise self.failed_transaction()
        # Constraints that are checked now wait for locks, too.
        bound = [] if self.is_bounded else [BOUND]
        ending = [*bound, *statements, ("PREPARE TRANSACTION %s", [self.full_name(gid)])]
        # No parameter of PREPARE is the server's to fill in, and none of several statements.
        texts = [self.ops.compose_sql(sql, params) for sql, params in ending]
        try:
            for text in ["; ".join(texts)] if self.sends_several else texts:
                done = self.status_of(text)
        except NotSupportedError as error:
            raise self.unpreparable_transaction(error) from error
        if not is_psycopg3:
            # It does not see that the server has ended the transaction.
            self._rollback()
        self._set_autocommit(True)
        # A transaction that has failed is rolled back instead, without an error.
        if done != "PREPARE TRANSACTION":
            raise self.failed_transaction()

    def failed_transaction(self):
        return OperationalError(
            f"Cannot prepare the transaction on {self.alias!r}: a statement in it failed, and PostgreSQL rolls it "
            f"back. Enter a block of atomic() around what may fail."
        )

    def unpreparable_transaction(self, error):
        return TwoPhaseUnavailable(
            f"Cannot prepare the transaction on {self.alias!r}: {str(error).strip()}. PostgreSQL prepares none that "
            f"notifies (NOTIFY or pg_notify(), also in a trigger of a table that was written), nor one that has used a "
            f"temporary table or a foreign one. Write such tables in a block of their own, apart from the other database."
        )

    def status_of(self, sql):
        """Send one or several statements; returns what the server says of the last."""
        with self.cursor() as cursor:
            cursor.execute(Known(sql, CONTROL))
            while is_psycopg3 and cursor.nextset():
                pass
            return cursor.statusmessage

    def commit_prepared(self, gid):
        return self.end_prepared("COMMIT PREPARED", gid)

    def rollback_prepared(self, gid):
        return self.end_prepared("ROLLBACK PREPARED", gid)

    def end_prepared(self, verb, gid):
        try:
            self.status_of(self.ops.compose_sql(f"{verb} %s", [self.full_name(gid)]))
        except ProgrammingError as error:
            if sqlstate(error) != UNDEFINED_OBJECT:
                raise
            return False
        return True

    def full_name(self, gid):
        """The name of the branch here of a transaction: one of another core's on the server has another."""
        return gid + self.suffix

    @property
    def suffix(self):
        return f".{self.branch_name}"

    def prepared_like_ours(self):
        with self.cursor() as cursor:
            cursor.execute(PREPARED, [len(PREFIX), PREFIX, len(self.suffix), self.suffix])
            return {name.removesuffix(self.suffix): float(age) for name, age in cursor.fetchall()}

    def is_conflict(self, error):
        return sqlstate(error) in CONFLICTS


def sqlstate(error):
    """What kind of error the server has told, by one of Django's or of the driver's."""
    # psycopg 2 calls it pgcode.
    cause = error.__cause__ or error
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
