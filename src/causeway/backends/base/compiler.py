"""The compilers qualify a core table where a statement names it as its target.

Columns and aliases keep the bare name: the target is followed by it as its alias, so that
RETURNING, FOR UPDATE OF and every reference stay as Django writes them.
"""

from django.db.models.sql.datastructures import BaseTable, Join

from causeway.backends.base.guards import refuse_local_table, refuse_write


class SQLCompilerMixin:
    def compile(self, node):
        sql, params = super().compile(node)
        if isinstance(node, (BaseTable, Join)) and (target := self.target(node.table_name)):
            bare = self.connection.ops.quote_name(node.table_name)
            if node.table_alias == node.table_name:
                target = f"{target} {bare}"
            sql = sql.replace(bare, target, 1)
        return sql, params

    def target(self, table):
        """The SQL that names a table of another database here; None for one of this database."""
        ops = self.connection.ops
        if ops.is_local_table(table):
            refuse_local_table(table, self.query, self.connection.alias)
        return ops.placed_table(table)


class WritingMixin(SQLCompilerMixin):
    # What the statement does, for the refusal.
    action = None

    def as_sql(self):
        for model in (self.query.get_meta().model, *getattr(self.query, "related_updates", ())):
            refuse_write(model, self.connection.alias, self.action)
        return super().as_sql()

    def with_target(self, sql):
        """The statement with the table that it writes to qualified."""
        table = self.query.get_meta().db_table
        if target := self.target(table):
            return sql.replace(self.connection.ops.quote_name(table), target, 1)
        return sql


class SQLInsertCompilerMixin(WritingMixin):
    action = "insert"

    def as_sql(self):
        return [(self.with_target(sql), params) for sql, params in super().as_sql()]


class SQLDeleteCompilerMixin(WritingMixin):
    action = "delete"

    def _as_sql(self, query):
        sql, params = super()._as_sql(query)
        return self.with_target(sql), params


class SQLUpdateCompilerMixin(WritingMixin):
    action = "update"

    def as_sql(self):
        sql, params = super().as_sql()
        return self.with_target(sql), params
