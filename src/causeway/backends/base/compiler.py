"""The compilers qualify a core table where a statement names it as its target.

Columns and aliases keep the bare name: the target is followed by it as its alias, so that
RETURNING, FOR UPDATE OF and every reference stay as Django writes them. A statement of
local tables alone, known by their plain ``str`` names, is left as it is.
"""

from causeway.backends.base.guards import refuse_local_table, refuse_write
from causeway.homes import core_tables


class SQLCompilerMixin:
    def get_from_clause(self):
        refcounts = self.query.alias_refcount
        # One clause is made of each, in this order. Extra tables add to the counts.
        used = [node for alias, node in self.query.alias_map.items() if refcounts[alias]]
        clauses, params = super().get_from_clause()
        on_core = self.connection.is_core
        for position, node in enumerate(used):
            table = node.table_name
            if type(table) is str and not on_core:
                continue
            if target := self.target(table, on_core):
                # Quoted for the clause a moment ago.
                bare = self.quote_cache.get(table) or self.connection.ops.quote_name(table)
                if node.table_alias == table:
                    target = f"{target} {bare}"
                clauses[position] = clauses[position].replace(bare, target, 1)
        if self.query.extra_tables:
            clauses = [self.with_extra_table(clause, on_core) for clause in clauses]
        return clauses, params

    def target(self, table, on_core):
        """The SQL that names a table where its bare name would not do; None where it does."""
        ops = self.connection.ops
        if on_core and ops.is_local_table(table):
            refuse_local_table(table, self.query, self.connection.alias)
        return ops.placed_table(table) or ops.own_table(table)

    def replaced(self, sql, table, target):
        return sql.replace(self.connection.ops.quote_name(table), target, 1)

    def with_extra_table(self, clause, on_core):
        """A table of ``QuerySet.extra(tables=...)``, which gives bare names, qualified."""
        for table in self.query.extra_tables:
            bare = self.connection.ops.quote_name(table)
            if clause == f", {bare}" and (target := self.target(core_tables().get(table), on_core)):
                return f", {target} {bare}"
        return clause


class WritingMixin(SQLCompilerMixin):
    # What the statement does, for the refusal.
    action = ""

    def as_sql(self):
        model, parents = self.query.model, self.reaches_parents()
        table = model._meta.db_table
        on_core = self.connection.is_core
        if type(table) is str and not on_core and not parents:
            return super().as_sql()
        for written in (model, *parents):
            refuse_write(written, self.connection.alias, self.action)
        target = self.target(table, on_core)
        statement = super().as_sql()
        return self.with_target(statement, table, target) if target else statement

    def reaches_parents(self):
        """The parent models that the statement brings further statements for."""
        return ()

    def with_target(self, statement, table, target):
        sql, params = statement
        return self.replaced(sql, table, target), params


class SQLInsertCompilerMixin(WritingMixin):
    action = "insert"

    def with_target(self, statement, table, target):
        return [(self.replaced(sql, table, target), params) for sql, params in statement]


class SQLDeleteCompilerMixin(WritingMixin):
    action = "delete"

    def with_target(self, statement, table, target):
        sql, params = statement
        if sql.startswith(f"DELETE FROM {self.connection.ops.quote_name(table)}"):
            return self.replaced(sql, table, target), params
        # MySQL's deletion over several tables names the target by its alias.
        return statement


class SQLUpdateCompilerMixin(WritingMixin):
    action = "update"

    def reaches_parents(self):
        return self.query.related_updates
