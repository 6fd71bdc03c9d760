"""The compilers qualify a core table where a statement names it as its target.

Columns and aliases keep the bare name: the target is followed by it as its alias, so that
RETURNING, FOR UPDATE OF and every reference stay as Django writes them. A statement of
local tables alone, known by their plain ``str`` names, is left as it is.
"""

from django.db import transaction
from django.db.models.sql import compiler

from causeway import homes
from causeway.backends.base import natural_keys
from causeway.backends.base.deletion import carry_out, left_to_us
from causeway.backends.base.derived import derived
from causeway.backends.base.guards import refuse_joins, refuse_local_table, refuse_write
from causeway.conf import cores
from causeway.names import with_parameters
from causeway.transactions.plain import refuse_in_block_of_core


class SQLCompilerMixin:
    # Compiling is to cost what it costs in Django: no frame more than needed.
    def get_from_clause(self):
        refcounts = self.query.alias_refcount
        # One clause is made of each, in this order. Extra tables add to the counts.
        used = [node for alias, node in self.query.alias_map.items() if refcounts[alias]]
        if unbearable := homes.names_with_percent_signs():
            refuse_joins(used, unbearable)
        clauses, params = super().get_from_clause()
        on_core = self.connection.alias in cores()
        ops = self.connection.ops
        for position, node in enumerate(used):
            table = node.table_name
            if type(table) is str and not on_core:
                continue
            if on_core and ops.is_local_table(table):
                self.refuse_local(table)
            if on_core and ops.is_linked_to_child(table):
                self.refuse_linked(table)
            if target := ops.target(table):
                bare = self.as_quoted(table)
                if table.mapped and ops.mapped(table):
                    target = natural_keys.mapped_table(ops, table, target)
                target = with_parameters(target)
                if node.table_alias == table:
                    target = f"{target} {bare}"
                clauses[position] = put_after(f"{node.join_type} ", clauses[position], bare, target)
        if self.query.extra_tables:
            clauses = [self.with_extra_table(clause) for clause in clauses]
        return clauses, params

    def as_quoted(self, table):
        """A table's name as Django put it into the statement a moment ago: without quotes, where it is a column's too."""
        return self.quote_cache.get(table) or self.connection.ops.quote_name(table)

    def refuse_local(self, table):
        """Raise what stops a statement on core that names a local table."""
        refuse_local_table(table, self.query, self.connection.alias)

    def refuse_linked(self, table):
        """Raise what stops a statement on a staged core that names a table which is linked to the child."""

    def with_extra_table(self, clause):
        """A table of ``QuerySet.extra(tables=...)``, which gives bare names, qualified."""
        for table in self.query.extra_tables:
            bare = self.as_quoted(table)
            if clause == f", {bare}" and (target := self.connection.ops.placed_core_table(table)):
                return f", {with_parameters(target)} {bare}"
        return clause


class WritingMixin(SQLCompilerMixin):
    # What the statement does, for the refusal; and what stands before its target.
    action = before = ""

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
            refuse_in_block_of_core(written, self.connection)
        ops = self.connection.ops
        statement = self.mapped_statement(table) if ops.mapped(table) else super().as_sql()
        # What matches no row at all has raised EmptyResultSet by now, and needs no table.
        if on_core and ops.is_local_table(table):
            self.refuse_local(table)
        target = ops.target(table)
        return self.with_target(statement, table, with_parameters(target)) if target else statement

    def mapped_statement(self, table):
        """The statement of a table that holds ids of core's content types where the query has the child's."""
        self.compile = natural_keys.with_own_ids(self, table)
        return super().as_sql()

    def with_target(self, statement, table, target):
        """The statement, which names the table as its target, with that qualified."""
        sql, params = statement
        return put_after(self.before, sql, self.as_quoted(table), target), params


class SQLInsertCompilerMixin(WritingMixin):
    action = "insert"

    def execute_sql(self, *args, **kwargs):
        rows = super().execute_sql(*args, **kwargs)
        if type(self.query.model._meta.db_table) is not str and homes.is_content_type(self.query.model):
            # The child's own, which core rows may refer to next.
            natural_keys.copy_to_core(self.connection)
        return rows

    def mapped_statement(self, table):
        prepare = self.prepare_value
        self.prepare_value = lambda field, value: prepare(
            field, natural_keys.with_core_id(field, value, table)
        )
        return super().mapped_statement(table)

    def with_target(self, statement, table, target):
        bare = self.connection.ops.quote_name(table)
        return [(sql.replace(bare, target, 1), params) for sql, params in statement]


class SQLDeleteCompilerMixin(WritingMixin):
    action, before = "delete", "DELETE FROM "

    def execute_sql(self, *args, **kwargs):
        fields = left_to_us(self.query.model) if self.connection.reaches_core else []
        if not fields:
            return self.delete(*args, **kwargs)
        with transaction.atomic(self.using, savepoint=False):
            for field in fields:
                carry_out(field, self.query, self.using)
            return self.delete(*args, **kwargs)

    def delete(self, *args, **kwargs):
        result = super().execute_sql(*args, **kwargs)
        if self.connection.home_elsewhere(self.query.model._meta.db_table):
            self.connection.heed_other_projects()
        return result

    def mapped_statement(self, table):
        self.compile = natural_keys.with_own_ids(self, table)
        # MySQL's own way, over several tables, would join by core's ids.
        return compiler.SQLDeleteCompiler.as_sql(self)

    def with_target(self, statement, table, target):
        if statement[0].startswith(f"{self.before}{self.as_quoted(table)}"):
            return super().with_target(statement, table, target)
        # MySQL's deletion over several tables names the target by its alias.
        return statement


class SQLUpdateCompilerMixin(WritingMixin):
    action, before = "update", "UPDATE "

    def mapped_statement(self, table):
        self.query.values = [
            (field, model, natural_keys.with_core_id(field, value, table))
            for field, model, value in self.query.values
        ]
        return super().mapped_statement(table)


def put_after(before, sql, bare, target):
    """SQL whose first ``bare`` after what it begins with, if it begins so, is ``target``."""
    start = len(before) if sql.startswith(before) else 0
    return sql[:start] + sql[start:].replace(bare, target, 1)


# The base of all comes last.
KINDS = {
    compiler.SQLInsertCompiler: SQLInsertCompilerMixin,
    compiler.SQLDeleteCompiler: SQLDeleteCompilerMixin,
    compiler.SQLUpdateCompiler: SQLUpdateCompilerMixin,
    compiler.SQLCompiler: SQLCompilerMixin,
}


def qualifying(theirs):
    """A compiler of a backend, of any kind, as one of ours."""
    for django, mixin in KINDS.items():
        if issubclass(theirs, django):
            return derived(mixin, theirs)
    return theirs
