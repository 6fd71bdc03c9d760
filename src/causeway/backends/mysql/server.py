from contextlib import suppress

from django.db import DatabaseError

from causeway.backends.base.server import ServerMixin
from causeway.backends.base.statements import Known

READ_ONLY = Known(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'innodb_read_only')"
)
STATUS = Known(
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Slaves_connected', 'Rpl_semi_sync_master_status', "
    "'Rpl_semi_sync_source_status')"
)
# MySQL counts them nowhere else.
REPLICAS = Known("SHOW REPLICAS")
DURABILITY = Known(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog')"
)
IDENTITY = Known(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid', 'hostname', 'datadir', 'wsrep_on', "
    "'group_replication_group_name')"
)
OWN_DATABASE = Known("SELECT DATABASE()")
# What the nodes of a Galera cluster have in common.
CLUSTER = Known("SHOW GLOBAL STATUS LIKE 'wsrep_cluster_state_uuid'")
# Asked with rights that an application seldom has. The columns have other names on each product.
REPLICA = Known("SHOW REPLICA STATUS")
# Of a table, a column.
DENIED = {1142, 1143}
THREADS = ("_io_running", "_sql_running")


class MySQLServerMixin(ServerMixin):
    def why_not_primary(self):
        if any(value.upper() not in {"OFF", "0"} for value in self.shown(READ_ONLY).values()):
            return "its server is read-only, as a replica is"
        if self.is_replicating():
            return "its server is a replica of another"
        return None

    def is_replicating(self):
        """Whether the server takes over what another one writes, as far as the user may know."""
        with suppress(DatabaseError), self.cursor() as cursor:
            cursor.execute(REPLICA)
            names = [column[0].lower() for column in cursor.description or ()]
            for row in cursor.fetchall():
                states = (value for name, value in zip(names, row, strict=True) if name.endswith(THREADS))
                if any(str(state).lower() != "no" for state in states):
                    return True
        return False

    def why_standbys_lag(self):
        status = self.shown(STATUS)
        number = int(status.get("slaves_connected", 0)) or self.number_of_replicas()
        is_waited_for = any(value == "ON" for name, value in status.items() if name.startswith("rpl_semi"))
        if not number or is_waited_for:
            return None
        return f"it has {number} replicas, and no commit waits for one (semi-synchronous replication is off)"

    def number_of_replicas(self):
        """How many there are, as far as the user may know."""
        with suppress(DatabaseError), self.cursor() as cursor:
            cursor.execute(REPLICAS)
            return len(cursor.fetchall())
        return 0

    def why_not_durable(self):
        set_to = self.shown(DURABILITY)
        if set_to["innodb_flush_log_at_trx_commit"] != "1":
            return f"innodb_flush_log_at_trx_commit is {set_to['innodb_flush_log_at_trx_commit']}"
        if set_to["log_bin"] == "ON" and set_to["sync_binlog"] != "1":
            return f"sync_binlog is {set_to['sync_binlog']}"
        return None

    def shown(self, sql):
        """What a SHOW statement tells, by names in lower case."""
        with self.cursor() as cursor:
            cursor.execute(sql)
            return {name.lower(): str(value) for name, value in cursor.fetchall()}

    def identity(self):
        return f"{self.server_identity()}/{self.settings_dict['NAME']}"

    def place(self):
        return f"{self.server_identity()}/{self.ops.table_key(self.own_database())}"

    def own_database(self):
        """The database of the connection, as the server calls it."""
        with self.cursor() as cursor:
            cursor.execute(OWN_DATABASE)
            return cursor.fetchone()[0]

    def server_identity(self):
        said = self.shown(IDENTITY)
        cluster = said.get("group_replication_group_name")
        if said.get("wsrep_on") == "ON":
            cluster = self.shown(CLUSTER).get("wsrep_cluster_state_uuid")
        # MariaDB has had one of its own since 10.7.
        server = said.get("server_uuid") or said.get("server_uid") or f"{said['hostname']}:{said['datadir']}"
        return f"{self.vendor} {cluster or server}"

    def may_insert(self, table):
        if not self.has_table(table):
            return False
        table = self.ops.quote_name(table)
        # EXPLAIN needs the rights of the statement that it explains, and carries nothing out.
        statements = (
            f"INSERT INTO {table} SELECT * FROM {table} WHERE 1 = 0",
            f"DELETE FROM {table} WHERE 1 = 0",
        )
        try:
            with self.cursor() as cursor:
                for statement in statements:
                    cursor.execute(Known(f"EXPLAIN {statement}"))
                    cursor.fetchall()
        except DatabaseError as error:
            if error.args[:1] and error.args[0] in DENIED:
                return False
            raise
        return True
