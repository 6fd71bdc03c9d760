from contextlib import contextmanager
from functools import partial

from causeway.backends.base.creation import CreationMixin
from causeway.names import quoted


class MySQLCreationMixin(CreationMixin):
    @contextmanager
    def _nodb_cursor(self):
        # A core database that an interrupted run left behind is referred to by its children.
        with super()._nodb_cursor() as cursor:
            cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
            yield cursor

    def _clone_db(self, source_database_name, target_database_name):
        super()._clone_db(source_database_name, target_database_name)
        _, _, suffix = target_database_name.rpartition("_")
        for creation in self.placed_cores():
            core = creation.connection.settings_dict["NAME"]
            self.point_at_clone(
                target_database_name, core, creation.get_test_db_clone_settings(suffix)["NAME"]
            )

    def point_at_clone(self, database, core, clone):
        """Make the foreign keys of a cloned child refer to the cloned core.

        A dump names the tables of other databases by their full name.
        """
        quote = partial(quoted, self.connection.ops)
        with self._nodb_cursor() as cursor:
            cursor.execute(
                """
                SELECT kcu.constraint_name, kcu.table_name, kcu.column_name,
                    kcu.referenced_table_name, kcu.referenced_column_name, rc.delete_rule
                FROM information_schema.key_column_usage kcu
                JOIN information_schema.referential_constraints rc
                    ON rc.constraint_schema = kcu.constraint_schema
                    AND rc.constraint_name = kcu.constraint_name
                    AND rc.table_name = kcu.table_name
                WHERE kcu.table_schema = %s AND kcu.referenced_table_schema = %s
                    AND rc.constraint_schema = %s
                """,
                [database, core, database],
            )
            for name, table, column, other_table, other_column, rule in cursor.fetchall():
                altered = f"ALTER TABLE {quote(database)}.{quote(table)}"
                cursor.execute(f"{altered} DROP FOREIGN KEY {quote(name)}")
                cursor.execute(
                    f"{altered} ADD CONSTRAINT {quote(name)} FOREIGN KEY ({quote(column)}) "
                    f"REFERENCES {quote(clone)}.{quote(other_table)} ({quote(other_column)}) ON DELETE {rule}"
                )
