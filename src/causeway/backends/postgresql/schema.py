from django.db import NotSupportedError, transaction

from causeway.backends.base.schema import SchemaEditorMixin

LOCK_NOT_AVAILABLE = "55P03"


class PostgreSQLSchemaEditorMixin(SchemaEditorMixin):
    def send_constraint(self, constraint):
        # Rows that are there are looked through afterwards, while others write.
        try:
            self.trying(lambda: self.add_unvalidated(constraint), is_lock_timeout)
        except NotSupportedError:
            # Of a partitioned table.
            self.execute(str(constraint), None)
        else:
            self.validate(constraint.table, constraint.name)

    def add_unvalidated(self, constraint):
        with transaction.atomic(self.connection.alias):
            # In a transaction of somebody else's the setting would go on.
            if len(self.connection.savepoint_ids) == 0:
                self.execute("SET LOCAL lock_timeout = '20ms'", None)
            self.execute(f"{constraint} NOT VALID", None)

    def validate(self, table, name):
        """Have a constraint hold for rows that were there before it; ``name`` is quoted."""
        self.execute(f"ALTER TABLE {self.quote_name(table)} VALIDATE CONSTRAINT {name}", None)


def is_lock_timeout(error):
    return getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE
