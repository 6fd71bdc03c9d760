from django.db import OperationalError, ProgrammingError
from django.utils.functional import cached_property

from causeway.backends.base.branches import BranchesMixin
from causeway.backends.base.statements import Known
from causeway.transactions.decisions import is_gid

UNDEFINED_OBJECT = "42704"
# libpq's status of a connection: with no transaction on its server, or with one in which a statement has failed.
IDLE, FAILED = 0, 3
# A prepared transaction is ended in its own database alone; names are unique on the server.
PREPARED = """
    SELECT gid, extract(epoch FROM clock_timestamp() - prepared)
    FROM pg_catalog.pg_prepared_xacts
    WHERE database = current_database() AND left(gid, %s) = %s AND right(gid, %s) = %s
"""


class PostgreSQLBranchesMixin(BranchesMixin):
    is_preparable = True
    # None where a server that speaks its protocol has no such function.
    sql_to_tell_whether_written = Known("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
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
        if self.max_prepared:
            return None
        return "max_prepared_transactions is 0 on its server (set it to max_connections or more, and restart)"

    def begin_branch(self, unit):
        self._set_autocommit(False)

    def prepare_branch(self, gid):
        with self.cursor() as cursor:
            cursor.execute(self.naming("PREPARE TRANSACTION", gid))
            # A transaction that has failed is rolled back instead, without an error.
            done = cursor.statusmessage
        self._set_autocommit(True)
        if done != "PREPARE TRANSACTION":
            raise OperationalError(
                f"Cannot prepare the transaction on {self.alias!r}: a statement in it failed, and PostgreSQL has "
                f"rolled it back. Enter a block of atomic() around what may fail."
            )

    def commit_prepared(self, gid):
        self.end_prepared("COMMIT PREPARED", gid)

    def rollback_prepared(self, gid):
        return self.end_prepared("ROLLBACK PREPARED", gid)

    def end_prepared(self, verb, gid):
        try:
            with self.cursor() as cursor:
                cursor.execute(self.naming(verb, gid))
        except ProgrammingError as error:
            if getattr(error.__cause__, "sqlstate", None) != UNDEFINED_OBJECT:
                raise
            return False
        return True

    def naming(self, verb, gid):
        """The statement that does so to the branch here of a transaction. None of these takes a parameter."""
        return self.ops.compose_sql(f"{verb} %s", [gid + self.suffix])

    @property
    def suffix(self):
        return f".{self.branch_name}"

    def prepared(self, beginning):
        with self.cursor() as cursor:
            cursor.execute(PREPARED, [len(beginning), beginning, len(self.suffix), self.suffix])
            found = {name.removesuffix(self.suffix): float(age) for name, age in cursor.fetchall()}
        return {gid: age for gid, age in found.items() if is_gid(gid)}
