"""Compilers of a project with staged cores.

A statement is compiled for the connection where its base table stands, and on the child's own
once it turns out to span. There the core rows it needs are placed before it is executed.
"""

from contextlib import contextmanager, nullcontext
from functools import wraps

from django.db import DatabaseError, NotSupportedError, connections
from django.db.models.expressions import Col
from django.db.models.sql import compiler

from causeway import homes
from causeway.backends.base.compiler import SQLCompilerMixin
from causeway.backends.base.derived import derived
from causeway.backends.base.guards import refers_to_other_rows, refuse_local_table
from causeway.backends.base.statements import of_query
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.placements.mirrored import reading_core
from causeway.placements.staged.content_types import content_type_ids
from causeway.placements.staged.execution import Execution
from causeway.placements.staged.statement import NOTES, OtherDatabase, Statement, current, no_statement
from causeway.placements.staged.writes import (
    delete_by_keys,
    insert_value,
    update_by_keys,
    update_returning_by_keys,
)
from causeway.transactions.created import note

# The column by which Django tells whose a prefetched row is.
PREFETCHED = "_prefetch_related_val_"


class StagingMixin(SQLCompilerMixin):
    # The statement that this one is, or is a part of, while it is compiled.
    statement = None

    def compile(self, node):
        if self.statement is not None:
            if type(node) is Col:
                # Most are; a call of its own would cost as much again.
                self.statement.columns.add((node.alias, node.target.column))
            elif (note := NOTES[type(node)]) is not None:
                note(self.statement, node)
        return super().compile(node)

    def get_from_clause(self):
        clause = super().get_from_clause()
        if self.statement is not None:
            self.statement.reach(self)
        return clause

    def refuse_local(self, table):
        statement = self.statement
        alias = self.connection.alias
        is_of_either = statement is None or homes.has_other_rows_on(alias, statement.compiler.query.model)
        if is_of_either or refers_to_other_rows(self.query, alias):
            refuse_local_table(table, self.query, self.connection.alias)
        raise OtherDatabase

    def refuse_linked(self, table):
        statement = self.statement
        if statement and not homes.has_other_rows_on(self.connection.alias, statement.compiler.query.model):
            raise OtherDatabase

    def as_sql(self, *args, **kwargs):
        outer = current()
        if outer is None:
            # One without an alias is compiled for a schema editor, and never executed.
            return self.whole_sql(*args, **kwargs) if self.using else super().as_sql(*args, **kwargs)
        self.statement = outer
        reached = len(outer.clauses)
        try:
            return super().as_sql(*args, **kwargs)
        except Exception:
            # It is left out of the statement, which needs nothing of what it names.
            del outer.clauses[reached:]
            raise

    def noted_sql(self, *args, may_span=True, **kwargs):
        """The SQL of a whole statement; what it reaches is noted."""
        self.statement = Statement(self, may_span=may_span)
        with self.statement.compiling():
            return super().as_sql(*args, **kwargs)


class SQLCompilerStagingMixin(StagingMixin):
    # What carries the statement out, while it is executed.
    execution = None
    # The alias that it was asked for on; None where it is a part of another's work.
    asked = None

    def whole_sql(self, *args, **kwargs):
        """The SQL of a whole statement, on the connection where it can run."""
        lacks = False
        try:
            sql, params = self.noted_sql(*args, **kwargs)
        except (OtherDatabase, DatabaseError) as error:
            lacks = not isinstance(error, OtherDatabase)
            if self.connection.alias not in cores() or (lacks and not is_lack(error)):
                raise
            self.move_to(LOCAL_ALIAS)
            sql, params = self.noted_sql(*args, **kwargs)
        # What core's engine cannot do, the child's may do with core's rows.
        if self.statement.home and self.connection.alias not in cores() and not lacks:
            self.move_to(self.statement.home)
            sql, params = self.noted_sql(*args, **kwargs)
        self.load_at_home()
        if self.execution and self.statement.clauses:
            sql, params = self.execution.placed(sql, params)
        return of_query(sql), params

    def sql_of_page(self, query, keys):
        """The SQL of the rows of a query with those primary keys, in its order."""
        self.query = query.clone()
        self.query.clear_limits()
        self.query.add_filter("pk__in", keys)
        return self.noted_sql_at_home()

    def sql_moved(self, query, alias):
        """The SQL of another query, of the same rows, on another connection; None where it cannot run there."""
        given = self.query, self.using
        self.query = query
        try:
            self.move_to(alias)
            return self.noted_sql_at_home()
        except (OtherDatabase, DatabaseError) as error:
            if not isinstance(error, OtherDatabase) and not is_lack(error):
                raise
            self.query, alias = given
            self.move_to(alias)
            self.noted_sql_at_home()
            return None

    def noted_sql_at_home(self):
        statement = self.noted_sql()
        self.load_at_home()
        return statement

    def load_at_home(self):
        if self.klass_info:
            load_at_home(self.klass_info, self.asked)

    def move_to(self, alias):
        """Become the compiler of the same query on another connection."""
        connection = connections[alias]
        execution = self.execution
        self.query = requoted(self.query, self.connection, connection)
        self.__class__ = connection.ops.compiler_class(self.query.compiler)
        self.__init__(self.query, connection, alias, self.elide_empty)
        self.execution = execution

    def execute_sql(self, *args, report=None, **kwargs):
        with no_statement():
            self.execution = Execution(self, report)
            return self.execution.run(super().execute_sql, *args, **kwargs)

    def get_select_for_update_of_arguments(self):
        named = super().get_select_for_update_of_arguments()
        if self.statement is None:
            return named
        # What stands in for a core table cannot be locked; its rows are, in core.
        # Its name before Django 6.1.
        quoted = getattr(self, "quote_name", None) or self.quote_name_unless_alias
        names = {quoted(alias): alias for alias, count in self.query.alias_refcount.items() if count}
        staged = {
            name: alias
            for name, alias in names.items()
            if self.statement.staged_home(self.query.alias_map[alias].table_name)
        }
        self.statement.locked = {alias for name, alias in staged.items() if name in named or not named}
        if not staged or not self.connection.features.has_select_for_update_of:
            return named
        local = [name for name in names if name not in staged]
        return [name for name in named if name not in staged] or local


def is_lack(error):
    """Whether an error from compiling a statement says that the engine cannot do it."""
    return isinstance(error, NotSupportedError) or type(error) is DatabaseError


def requoted(query, source, target):
    """The query with the names that a many-to-many prefetch quotes for one connection quoted for another."""
    old, new = (connection.ops.quote_name("x")[0] for connection in (source, target))
    if old == new or not any(name.startswith(PREFETCHED) for name in query.extra):
        return query
    query = query.clone()
    query.extra = {
        name: (requoted_column(sql, old, target.ops) if name.startswith(PREFETCHED) else sql, params)
        for name, (sql, params) in query.extra.items()
    }
    return query


def requoted_column(sql, quote, ops):
    """The SQL that names a column and its table, which has that quote, as another engine has it."""
    table, _, column = sql[1:-1].partition(f"{quote}.{quote}")
    return f"{ops.quote_name(table)}.{ops.quote_name(column)}"


def load_at_home(klass_info, asked):
    """Have the instances that Django makes of the rows know the database that is their home.

    ``asked`` is the alias that the rows were asked for on, which Django takes them to be of.
    """
    for related in klass_info.get("related_klass_infos", ()):
        load_at_home(related, asked)
    model = klass_info["model"]
    alias = alias_at_home(model, asked)
    if alias != asked:
        klass_info["model"] = AtHome(model, alias)


def alias_at_home(model, asked):
    """The alias of which the instances of a model are that were asked for on another."""
    home = homes.stamped_home(model)
    if home is None and asked not in staged_cores():
        return asked
    if homes.is_content_type(model):
        # Django asks for a row's content type on the connection of the row, for which it stands.
        return asked
    if home in staged_cores():
        return home
    is_others = home is None and not homes.has_other_rows_on(asked, model)
    return LOCAL_ALIAS if is_others else asked


class AtHome:
    """Stands in for a model where Django makes instances of it from rows of another database."""

    def __init__(self, model, alias):
        self._meta = model._meta
        self.__qualname__ = model.__qualname__

        @wraps(model.from_db)
        def from_db(db, *args, **kwargs):
            return model.from_db(alias, *args, **kwargs)

        # Django looks at a model's own method for the arguments that it takes.
        from_db.__func__ = model.from_db.__func__
        self.from_db = from_db


class WriteAtHome:
    """A statement that writes, on the connection of its table's home."""

    # The alias that it was asked for on.
    asked = None

    @contextmanager
    def at_home(self):
        """Where it was asked for on another alias, for the sake of a row there, note that."""
        connection = self.connection
        before, connection.writes_for_another = (
            connection.writes_for_another,
            self.asked not in {None, self.using},
        )
        try:
            # What is written in core depends on core.
            with no_statement(), reading_core() if self.using in cores() else nullcontext():
                yield
        finally:
            connection.writes_for_another = before


class SQLInsertCompilerStagingMixin(WriteAtHome, SQLCompilerMixin):
    # The ids of content types in core, if the table holds some.
    content_type_ids = None

    def execute_sql(self, *args, **kwargs):
        with self.at_home():
            rows = super().execute_sql(*args, **kwargs)
        note(self, rows)
        return rows

    def as_sql(self):
        self.content_type_ids = content_type_ids(self.connection, self.query.model)
        return super().as_sql()

    def prepare_value(self, field, value):
        if self.content_type_ids is not None:
            value = self.content_type_ids.with_core_id(field, value)
        value = super().prepare_value(field, value)
        if hasattr(value, "as_sql") and not self.reaches(value):
            return insert_value(self, field, value)
        return value

    def reaches(self, value):
        """Whether an expression names tables of this home alone."""
        try:
            with Statement(self, may_span=False).compiling():
                self.compile(value)
        except OtherDatabase:
            return False
        return True


class WritingStagingMixin(WriteAtHome, StagingMixin):
    content_type_ids = None

    def whole_sql(self):
        """The SQL of a statement that reaches tables of its own home alone. Raises OtherDatabase."""
        self.content_type_ids = content_type_ids(self.connection, self.query.model)
        return self.noted_sql(may_span=False)

    def compile(self, node):
        ids = self.content_type_ids
        if ids is not None and isinstance(node, Col) and node.target.column in ids.columns:
            raise OtherDatabase
        return super().compile(node)


class SQLUpdateCompilerStagingMixin(WritingStagingMixin):
    def pre_sql_setup(self):
        if self.query.count_active_tables() > 1 and not self.query.related_updates:
            # Where MySQL cannot update a table that it reads, Django would look for the keys by itself here, and then
            # write by them whatever became of the rows.
            self.get_from_clause()
        return super().pre_sql_setup()

    def whole_sql(self):
        given = self.query.values
        try:
            return super().whole_sql()
        finally:
            self.query.values = given

    def noted_sql(self, *args, **kwargs):
        if (ids := self.content_type_ids) is not None:
            values = [
                (field, model, ids.with_core_id(field, value)) for field, model, value in self.query.values
            ]
            if any(field.column in ids.columns and hasattr(value, "as_sql") for field, _, value in values):
                raise OtherDatabase
            self.query.values = values
        return super().noted_sql(*args, **kwargs)

    def execute_sql(self, *args, **kwargs):
        given = self.as_given()
        with self.at_home():
            try:
                return super().execute_sql(*args, **kwargs)
            except OtherDatabase:
                return update_by_keys(self, given)

    def execute_returning_sql(self, returning_fields):
        # Of Django 6.0 and later.
        given = self.as_given()
        with self.at_home():
            try:
                return super().execute_returning_sql(returning_fields)
            except OtherDatabase:
                return update_returning_by_keys(self, given, returning_fields)

    def as_given(self):
        """The query as it is before it is compiled."""
        changes = self.query.related_updates or self.query.count_active_tables() > 1
        # Compiling such a one changes its conditions.
        return self.query.clone() if changes else self.query


class SQLDeleteCompilerStagingMixin(WritingStagingMixin):
    def execute_sql(self, *args, **kwargs):
        with self.at_home():
            try:
                return super().execute_sql(*args, **kwargs)
            except OtherDatabase:
                return delete_by_keys(self)


# The base of all comes last.
KINDS = {
    compiler.SQLInsertCompiler: SQLInsertCompilerStagingMixin,
    compiler.SQLDeleteCompiler: SQLDeleteCompilerStagingMixin,
    compiler.SQLUpdateCompiler: SQLUpdateCompilerStagingMixin,
    compiler.SQLCompiler: SQLCompilerStagingMixin,
}


def staging(ours):
    """A compiler of ours, of any kind, for a project with staged cores."""
    for django, mixin in KINDS.items():
        if issubclass(ours, django):
            return derived(mixin, ours)
    return ours
