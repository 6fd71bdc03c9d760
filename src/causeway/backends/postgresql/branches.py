from django.db import OperationalError, ProgrammingError
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.utils.functional import cached_property

from causeway.backends.base.branches import BranchesMixin
from causeway.transactions.decisions import is_gid

UNDEFINED_OBJECT = "42704"
# libpq's status of a connection with no transaction on its server.
IDLE = 0
# A prepared transaction is ended in its own database alone; names are unique on the server.
PREPARED = """
    SELECT gid, extract(epoch FROM clock_timestamp() - prepared)
    FROM pg_catalog.pg_prepared_xacts
    WHERE database = current_database() AND left(gid, %s) = %s AND right(gid, %s) = %s
"""


class PostgreSQLBranchesMixin(BranchesMixin):
    is_preparable = True
    sql_to_wait_briefly = "SET LOCAL lock_timeout = '1s'"

    def connect(self):
        super().connect()
        self.__dict__.pop("max_prepared", None)

    @cached_property
    def max_prepared(self):
        with self.cursor() as cursor:
            cursor.execute("SHOW max_prepared_transactions")
            return int(cursor.fetchone()[0])

    def is_untouched(self):
        if not is_psycopg3 or self.connection is None:
            return False
        return self.connection.pgconn.transaction_status == IDLE

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
