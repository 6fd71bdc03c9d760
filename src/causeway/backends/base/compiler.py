"""The compilers qualify a core table where a statement names it as its target.

Columns and aliases keep the bare name: the target is followed by it as its alias, so that
RETURNING, FOR UPDATE OF and every reference stay as Django writes them. A statement of
local tables alone, known by their plain ``str`` names, is left as it is.
"""

from causeway.backends.base.guards import refuse_local_table, refuse_write
from causeway.conf import cores


class SQLCompilerMixin:
    # Compiling is to cost what it costs in Django: no frame more than needed.
    def get_from_clause(self):
        refcounts = self.query.alias_refcount
        # One clause is made of each, in this order. Extra tables add to the counts.
        used = [node for alias, node in self.query.alias_map.items() if refcounts[alias]]
        clauses, params = super().get_from_clause()
        on_core = self.connection.alias in cores()
        ops = self.connection.ops
        for position, node in enumerate(used):
            table = node.table_name
            if type(table) is str and not on_core:
                continue
            if on_core and ops.is_local_table(table):
                refuse_local_table(table, self.query, self.connection.alias)
            if target := ops.target(table):
                # Quoted for the clause a moment ago.
                bare = self.quote_cache.get(table) or ops.quote_name(table)
                if node.table_alias == table:
                    target = f"{target} {bare}"
                clauses[position] = clauses[position].replace(bare, target, 1)
        if self.query.extra_tables:
            clauses = [self.with_extra_table(clause) for clause in clauses]
        return clauses, params

    def with_extra_table(self, clause):
        """A table of ``QuerySet.extra(tables=...)``, which gives bare names, qualified."""
        for table in self.query.extra_tables:
            bare = self.connection.ops.quote_name(table)
            if clause == f", {bare}" and (target := self.connection.ops.placed_core_table(table)):
                return f", {target} {bare}"
        return clause


class WritingMixin(SQLCompilerMixin):
    # What the statement does, for the refusal.
    action = ""

    def as_sql(self):
        model = self.query.model
        table = model._meta.db_table
        # Of an update: the parent models that further statements are brought for.
        parents = getattr(self.query, "related_updates", ())
        on_core = self.connection.alias in cores()
        if type(table) is str and not on_core and not parents:
            return super().as_sql()
        for written in (model, *parents):
            refuse_write(written, self.connection.alias, self.action)
        ops = self.connection.ops
        if on_core and ops.is_local_table(table):
            refuse_local_table(table, self.query, self.connection.alias)
        statement = super().as_sql()
        target = ops.target(table)
        return self.with_target(statement, ops.quote_name(table), target) if target else statement

    def with_target(self, statement, bare, target):
        """The statement, which names its target ``bare``, with the target qualified."""
        sql, params = statement
        return sql.replace(bare, target, 1), params


class SQLInsertCompilerMixin(WritingMixin):
    action = "insert"

    def with_target(self, statement, bare, target):
        return [(sql.replace(bare, target, 1), params) for sql, params in statement]


class SQLDeleteCompilerMixin(WritingMixin):
    action = "delete"

    def with_target(self, statement, bare, target):
        if statement[0].startswith(f"DELETE FROM {bare}"):
            return super().with_target(statement, bare, target)
        # MySQL's deletion over several tables names the target by its alias.
        return statement


class SQLUpdateCompilerMixin(WritingMixin):
    action = "update"
