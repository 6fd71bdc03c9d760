from causeway.backends.base.constraints import ForeignKey
from causeway.backends.base.introspection import IntrospectionMixin
from causeway.conf import cores

FOREIGN_KEYS = """
    SELECT f.conname, a.attname, n.nspname, target.relname, f.convalidated
    FROM pg_catalog.pg_constraint f
    JOIN pg_catalog.pg_class target ON target.oid = f.confrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = target.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
    WHERE f.contype = 'f' AND f.conrelid = to_regclass(%s)
"""


class SchemaMixin:
    def foreign_keys(self, cursor, table_name):
        """The constraints of a table of this connection that refer to others."""
        cursor.execute(FOREIGN_KEYS, [self.connection.ops.quote_name(table_name)])
        return [ForeignKey(*row) for row in cursor.fetchall()]

    def get_table_list(self, cursor):
        # A search path may hold more than one schema. Django must not take another project's
        # django_migrations for this one's.
        tables = super().get_table_list(cursor)
        if own := self.connection.own_schema:
            condition, schemas = "NOT n.nspname = ANY(%s)", [own]
        else:
            condition = "n.nspname = ANY(%s)"
            stored = self.connection.ops.stored_name
            schemas = [stored(core.schema) for core in cores().values() if core.schema]
        cursor.execute(
            f"""
            SELECT c.relname
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND pg_catalog.pg_table_is_visible(c.oid)
                AND {condition}
            """,
            [schemas],
        )
        elsewhere = {name for (name,) in cursor.fetchall()}
        return [table for table in tables if table.name not in elsewhere]


class PostgreSQLIntrospectionMixin(IntrospectionMixin, SchemaMixin):
    pass
