from causeway.backends.base.server import ServerMixin
from causeway.backends.base.statements import Known
from causeway.names import quoted

PRIMARY = Known("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')")
# A role without rights sees how many there are, and not their states.
STANDBYS = Known("""
    SELECT count(*), current_setting('synchronous_standby_names'), current_setting('synchronous_commit')
    FROM pg_catalog.pg_stat_replication
""")
# Without synchronous_commit the last transactions may be lost as well; with a decision it is turned on.
FSYNC = Known("SELECT current_setting('fsync')")
# A server that merely speaks the protocol may lack the function, and a role the right.
TELLS_ITSELF = Known("""
    SELECT coalesce(has_function_privilege(to_regprocedure('pg_catalog.pg_control_system()'), 'EXECUTE'), false)
""")
# Made with the cluster, and taken over by its standbys; the database's own number.
IDENTITY = Known("""
    SELECT system_identifier || '/' || (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    FROM pg_catalog.pg_control_system()
""")
# Of one running server, and without any right.
PLACE = Known("""
    SELECT concat_ws(' ', pg_postmaster_start_time()::text, oid, current_schema()::text)
    FROM pg_catalog.pg_database WHERE datname = current_database()
""")
USER = Known("SELECT current_user")
HAS_TABLE = Known("SELECT to_regclass(quote_ident(%s)) IS NOT NULL")
MAY_INSERT = Known("""
    SELECT has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
        AND has_table_privilege(c.oid, 'DELETE')
    FROM pg_catalog.pg_class c WHERE c.oid = to_regclass(quote_ident(%s))
""")


class PostgreSQLServerMixin(ServerMixin):
    def why_not_primary(self):
        with self.cursor() as cursor:
            cursor.execute(PRIMARY)
            is_standby, read_only = cursor.fetchone()
        if is_standby:
            return "its server is a standby, which shows no prepared transactions"
        return "its sessions are read-only" if read_only == "on" else None

    def why_standbys_lag(self):
        with self.cursor() as cursor:
            cursor.execute(STANDBYS)
            number, names, waits_for = cursor.fetchone()
        if not number:
            return None
        if not names:
            return f"it has {number} standbys, and none of them is synchronous (synchronous_standby_names is empty)"
        if waits_for in {"off", "local"}:
            return f"its commits wait for no standby (synchronous_commit is {waits_for!r})"
        return None

    def why_not_durable(self):
        with self.cursor() as cursor:
            cursor.execute(FSYNC)
            return "fsync is off" if cursor.fetchone()[0] == "off" else None

    def identity(self):
        with self.cursor() as cursor:
            cursor.execute(TELLS_ITSELF)
            if not cursor.fetchone()[0]:
                return ""
            cursor.execute(IDENTITY)
            return f"postgresql {cursor.fetchone()[0]}"

    def account(self):
        with self.cursor() as cursor:
            cursor.execute(USER)
            return quoted(self.ops, cursor.fetchone()[0])

    def place(self):
        with self.cursor() as cursor:
            cursor.execute(PLACE)
            return cursor.fetchone()[0]

    def has_table(self, table):
        with self.cursor() as cursor:
            cursor.execute(HAS_TABLE, [table])
            return cursor.fetchone()[0]

    def may_insert(self, table):
        with self.cursor() as cursor:
            cursor.execute(MAY_INSERT, [table])
            row = cursor.fetchone()
        return bool(row and row[0])
