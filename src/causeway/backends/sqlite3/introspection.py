from causeway.backends.base.constraints import ForeignKey
from causeway.backends.base.introspection import IntrospectionMixin


class SQLiteIntrospectionMixin(IntrospectionMixin):
    def foreign_keys(self, cursor, table_name):
        """The constraints of a table of this file, which refer to tables of this file; they have no names."""
        cursor.execute("SELECT * FROM pragma_foreign_key_list(%s, 'main')", [table_name])
        return [ForeignKey("", row[3], None, row[2]) for row in cursor.fetchall()]
