from causeway.backends.base.constraints import ForeignKey
from causeway.backends.base.introspection import IntrospectionMixin

FOREIGN_KEYS = """
    SELECT constraint_name, column_name, referenced_table_schema, referenced_table_name
    FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE() AND table_name = %s AND referenced_table_name IS NOT NULL
"""


class CrossDatabaseMixin:
    def foreign_keys(self, cursor, table_name):
        """The constraints of a table of this database that refer to others."""
        cursor.execute(FOREIGN_KEYS, [table_name])
        return [ForeignKey(*row) for row in cursor.fetchall()]

    def get_constraints(self, cursor, table_name):
        # Django sees only foreign keys within the database; altering or removing a field
        # must find the constraint to a core table as well.
        constraints = super().get_constraints(cursor, table_name)
        cursor.execute(
            """
            SELECT constraint_name, column_name, referenced_table_name, referenced_column_name
            FROM information_schema.key_column_usage
            WHERE table_schema = DATABASE()
                AND table_name = %s
                AND referenced_table_schema <> DATABASE()
            ORDER BY ordinal_position
            """,
            [table_name],
        )
        for name, column, other_table, other_column in cursor.fetchall():
            constraint = constraints.setdefault(
                name,
                {"columns": [], "primary_key": False, "unique": False, "index": False, "check": False},
            )
            if column not in constraint["columns"]:
                constraint["columns"].append(column)
            constraint["foreign_key"] = (other_table, other_column)
        return constraints


class MySQLIntrospectionMixin(IntrospectionMixin, CrossDatabaseMixin):
    pass
