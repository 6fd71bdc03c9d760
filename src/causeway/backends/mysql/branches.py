from contextlib import suppress
from itertools import chain

from django.db import Error, OperationalError, ProgrammingError
from django.utils.functional import cached_property

from causeway.backends.base.branches import BranchesMixin
from causeway.backends.base.statements import CONTROL, Known

# By which the XA transactions of this library are told from others: "CSWY" as a number.
FORMAT_ID = 0x43535759
# There is no such XA transaction; or its session is still there.
XAER_NOTA = 1397
# MySQL answers so where the user may not list what is prepared.
XAER_RMERR = 1401
SYNTAX_ERROR = 1064
# A deadlock, or a certification conflict in a Galera cluster; a lock that was waited for in vain; a row that has
# changed since the snapshot; a certification conflict in group replication; a branch that the server rolled back.
CONFLICTS = {1213, 1205, 1020, 3101, 1402, 1613, 1614}
# With a binary log, what is prepared survives a crash of MySQL since this version.
# https://dev.mysql.com/doc/refman/8.0/en/xa-restrictions.html
CRASH_SAFE = (8, 0, 30)
# https://dev.mysql.com/doc/c-api/en/mysql-set-server-option.html
MULTI_STATEMENTS_OFF = 1
# The parameters that name a transaction, a branch of it, and whose it is. Drivers write them into the statement.
XID = "%s,%s,%s"


class MySQLBranchesMixin(BranchesMixin):
    """Branches are XA transactions from the first statement on: an ordinary one cannot be prepared."""

    begin_is_sent = True
    sql_to_wait_briefly = "SET SESSION innodb_lock_wait_timeout = 1"
    sql_to_read_what_is_committed = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    xid = None
    is_ended = False

    def connect(self):
        super().connect()
        self.xid = None
        for asked in ("is_in_cluster", "loses_what_is_prepared"):
            self.__dict__.pop(asked, None)

    @cached_property
    def is_in_cluster(self):
        with self.cursor() as cursor:
            cursor.execute("SHOW GLOBAL VARIABLES LIKE 'wsrep_on'")
            row = cursor.fetchone()
        return bool(row) and str(row[1]).upper() in {"ON", "1"}

    @cached_property
    def loses_what_is_prepared(self):
        if self.mysql_is_mariadb or self.mysql_version >= CRASH_SAFE:
            return False
        with self.cursor() as cursor:
            cursor.execute("SELECT @@log_bin")
            return bool(cursor.fetchone()[0])

    def two_phase_obstacle(self):
        if self.never_prepares:
            return self.never_prepares
        if self.is_in_cluster:
            return "its server is a node of a Galera cluster, which has no XA transactions"
        if self.loses_what_is_prepared:
            return (
                f"its server, MySQL {'.'.join(map(str, self.mysql_version))} with a binary log, may lose in a crash "
                f"what is prepared (from {'.'.join(map(str, CRASH_SAFE))} on it does not)"
            )
        return None

    def send_one_at_a_time(self):
        # PyMySQL sends no more unless it is asked to.
        if hasattr(self.connection, "set_server_option"):
            with self.wrap_database_errors:
                self.connection.set_server_option(MULTI_STATEMENTS_OFF)

    def begin_branch(self, unit):
        self.is_preparable = unit.has_name() and self.two_phase_obstacle() is None
        if not self.is_preparable:
            self._set_autocommit(False)
            return
        xid = self.xid_of(unit.name())
        self.xa("START", xid)
        self.xid, self.is_ended = xid, False

    def commit_branch(self):
        if self.xid is None:
            super().commit_branch()
            return
        self.end()
        xid, self.xid = self.xid, None
        self.xa("COMMIT", xid, " ONE PHASE")

    def rollback_branch(self):
        if self.xid is None:
            super().rollback_branch()
            return
        if not self.is_ended:
            # After a deadlock the server has ended it, and says so by an error.
            with suppress(Error):
                self.end()
        xid, self.xid = self.xid, None
        self.xa("ROLLBACK", xid)

    def end(self):
        self.xa("END", self.xid)
        self.is_ended = True

    def prepare_branch(self, gid, statements=()):
        ending = [*statements, (f"XA END {XID}", self.xid), (f"XA PREPARE {XID}", self.xid)]
        if not self.sent_at_once(ending):
            for sql, params in ending:
                self.send(sql, params)
        self.xid = None

    def sent_at_once(self, statements):
        """Send them in one round trip; False where the driver or what is between sends one statement at a time."""
        if not self.sends_several:
            return False
        texts, params = zip(*statements, strict=True)
        try:
            with self.cursor() as cursor:
                cursor.execute(Known("; ".join(texts), CONTROL), list(chain(*params)))
                while cursor.nextset():
                    pass
        except ProgrammingError as error:
            if error.args[:1] != (SYNTAX_ERROR,):
                raise
            self.sends_several = False
            return False
        return True

    def commit_prepared(self, gid):
        return self.end_prepared("COMMIT", gid)

    def rollback_prepared(self, gid):
        return self.end_prepared("ROLLBACK", gid)

    def end_prepared(self, verb, gid):
        try:
            self.xa(verb, self.xid_of(gid))
        except Error as error:
            if not self.is_held(error) or gid in self.prepared(gid):
                raise
            return False
        return True

    def is_held(self, error):
        return error.args[:1] == (XAER_NOTA,)

    def xa(self, verb, xid, how=""):
        self.send(f"XA {verb} {XID}{how}", xid)

    def xid_of(self, gid):
        return gid, self.branch_name, FORMAT_ID

    def prepared_like_ours(self):
        found = {}
        for format_id, gid_length, _, name in self.prepared_by_all():
            if format_id == FORMAT_ID and name[gid_length:] == self.branch_name.encode():
                # Nothing tells when it was prepared.
                found[name[:gid_length].decode(errors="replace")] = None
        return found

    def prepared_by_all(self):
        """What the server lists, also other users' transactions, each name in bytes. Raises OperationalError."""
        with self.cursor() as cursor:
            try:
                # MySQL says that a name is text, which anybody's need not be; so it is asked for in digits.
                cursor.execute(Known("XA RECOVER" if self.mysql_is_mariadb else "XA RECOVER CONVERT XID"))
            except OperationalError as error:
                if error.args[:1] != (XAER_RMERR,) or self.mysql_is_mariadb:
                    raise
                raise OperationalError(
                    f"Cannot list what is prepared on {self.alias!r}: MySQL shows it only to who has a right of its "
                    f"own. GRANT XA_RECOVER_ADMIN ON *.* TO {self.account()};"
                ) from error
            rows = cursor.fetchall()
        if self.mysql_is_mariadb:
            return [(*numbers, name.encode() if isinstance(name, str) else name) for *numbers, name in rows]
        return [(*numbers, bytes.fromhex(digits.removeprefix("0x"))) for *numbers, digits in rows]

    def is_conflict(self, error):
        return error.args[:1] != () and error.args[0] in CONFLICTS
