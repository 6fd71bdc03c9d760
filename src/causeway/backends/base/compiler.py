"""The compilers qualify a core table where a statement names it as its target.

Columns and aliases keep the bare name: the target is followed by it as its alias, so that
RETURNING, FOR UPDATE OF and every reference stay as Django writes them.
"""

from django.db.models.sql.datastructures import BaseTable, Join

from causeway.backends.base.guards import refuse_read_only


class SQLCompilerMixin:
    def compile(self, node):
        sql, params = super().compile(node)
        if isinstance(node, (BaseTable, Join)) and (target := self.connection.ops.placed_table(node.table_name)):
            bare = self.connection.ops.quote_name(node.table_name)
            if node.table_alias == node.table_name:
                target = f"{target} {bare}"
            sql = sql.replace(bare, target, 1)
        return sql, params

    def with_target(self, sql):
        """The statement with the table that it writes to qualified."""
        table = self.query.get_meta().db_table
        if target := self.connection.ops.placed_table(table):
            return sql.replace(self.connection.ops.quote_name(table), target, 1)
        return sql


class SQLInsertCompilerMixin(SQLCompilerMixin):
    def as_sql(self):
        refuse_read_only(self.query.get_meta().model, "insert")
        return [(self.with_target(sql), params) for sql, params in super().as_sql()]


class SQLDeleteCompilerMixin(SQLCompilerMixin):
    def as_sql(self):
        refuse_read_only(self.query.get_meta().model, "delete")
        return super().as_sql()

    def _as_sql(self, query):
        sql, params = super()._as_sql(query)
        return self.with_target(sql), params


class SQLUpdateCompilerMixin(SQLCompilerMixin):
    def as_sql(self):
        for model in (self.query.get_meta().model, *self.query.related_updates):
            refuse_read_only(model, "update")
        sql, params = super().as_sql()
        return self.with_target(sql), params
