import re
from contextlib import contextmanager

from django.db import NotSupportedError, OperationalError

from causeway.backends.base.schema import SchemaEditorMixin

LOCK_WAIT_TIMEOUT = 1205
# What an engine says that has no such way to alter a table.
NOT_IN_PLACE = {1845, 1846, 1235}


class MySQLSchemaEditorMixin(SchemaEditorMixin):
    def can_refer(self, here, there):
        return self.compared(here) == self.compared(there)

    def compared(self, column):
        from causeway.drift.mysql import MySQLCatalog

        kind = MySQLCatalog(self.connection).type_key(column.type)
        if not self.connection.mysql_is_mariadb:
            # Texts may differ in length. MariaDB would let nobody alter them then.
            kind = re.sub(r"^(var)?char\(\d+\)", "char", kind)
        return kind, column.collation

    def send_constraint(self, constraint):
        # Nobody waits while the rows are looked through: the table is altered unchecked, and what is
        # written from then on is checked.
        with self.unchecked():
            self.trying(lambda: self.alter_in_place(constraint), is_lock_timeout)
        key = self.dangling(constraint)
        if key is None:
            return None
        # It came after rows were looked at first.
        self.execute(
            self.sql_delete_fk % {"table": self.quote_name(constraint.table), "name": constraint.name}, None
        )
        return f"rows have values such as {key!r}, which no core row has"

    def alter_in_place(self, constraint):
        try:
            self.execute(f"{constraint}, ALGORITHM=INPLACE, LOCK=NONE", None)
        except (NotSupportedError, OperationalError) as error:
            if error.args[0] not in NOT_IN_PLACE:
                raise
            self.execute(str(constraint), None)

    @contextmanager
    def unchecked(self):
        """Meanwhile, this session checks no constraints, and gives up soon where others hold a table."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT @@foreign_key_checks, @@lock_wait_timeout")
            checks, timeout = cursor.fetchone()
            # MySQL has no less.
            briefly = 0 if self.connection.mysql_is_mariadb else 1
            cursor.execute("SET foreign_key_checks = 0, lock_wait_timeout = %s", [briefly])
            try:
                yield
            finally:
                cursor.execute("SET foreign_key_checks = %s, lock_wait_timeout = %s", [checks, timeout])

    def index_left_out(self, constraint):
        if self.column_there(constraint.table, constraint.column) is None:
            return
        with self.connection.cursor() as cursor:
            there = self.connection.introspection.get_constraints(cursor, constraint.table)
        if not any(each["index"] and each["columns"][:1] == [constraint.column] for each in there.values()):
            name = self.quote_name(self._create_index_name(constraint.table, [constraint.column]))
            table, column = self.quote_name(constraint.table), self.quote_name(constraint.column)
            self.execute(f"CREATE INDEX {name} ON {table} ({column})", None)


def is_lock_timeout(error):
    return error.args[0] == LOCK_WAIT_TIMEOUT
