"""Constraints by which local tables refer to core tables: made without keeping others from writing core."""

import time
from typing import NamedTuple

from django.db import Error, IntegrityError, OperationalError
from django.db.backends.ddl_references import Statement

from causeway.placements import is_linked_on

# What may be wrong with a constraint: it is not there; it refers to another table; rows before it were not checked.
MISSING, STALE, UNCHECKED = "missing", "stale", "unchecked"

# For how many seconds a lock on the core table is tried for, and how long to wait between.
PATIENCE = 60
PAUSE = 0.2


class ForeignKey(NamedTuple):
    """A constraint that stands: by which column its table refers to which other one.

    ``namespace`` is the database of that table (PostgreSQL: its schema); None where there is only one.
    """

    name: str
    column: str
    namespace: str | None
    table: str
    is_validated: bool = True


class LeftOut(NamedTuple):
    """A constraint that could not be made, and why, as a clause."""

    table: str
    column: str
    why: str

    def __str__(self):
        return f"{self.table}.{self.column}: {self.why}."


class CoreConstraint(Statement):
    """The statement that makes the constraint of a local column to a core table."""

    @property
    def table(self):
        return self.parts["table"].table

    @property
    def column(self):
        return self.parts["column"].columns[0]

    @property
    def to_table(self):
        return self.parts["to_table"].table

    @property
    def to_column(self):
        return self.parts["to_column"].columns[0]

    @property
    def name(self):
        """Quoted."""
        return str(self.parts["name"])


class CoreConstraintsMixin:
    """Of a schema editor: makes constraints to core tables last, once its own transaction is committed.

    Until a transaction ends that made one, nobody could write the core table.
    """

    is_closing = False

    def _create_fk_sql(self, model, field, suffix):
        statement = super()._create_fk_sql(model, field, suffix)
        if self.other_home(field.target_field.model):
            statement.__class__ = CoreConstraint
        return statement

    def without_inline_constraint(self, field):
        """Have the constraint of a column that is added be a statement of its own, if it refers to core."""
        if field.remote_field and self.other_home(field.remote_field.model):
            self.sql_create_column_inline_fk = None
        else:
            vars(self).pop("sql_create_column_inline_fk", None)

    def execute(self, sql, params=()):
        if not isinstance(sql, CoreConstraint) or self.collect_sql:
            super().execute(sql, params)
        elif not self.is_closing:
            self.deferred_sql.append(sql)

    def __exit__(self, exc_type, exc_value, traceback):
        wanted = [] if exc_type or self.collect_sql else self.wanted_constraints()
        try:
            for constraint in wanted:
                self.refuse_dangling(constraint)
        except BaseException as error:
            # What was done can still be undone.
            super().__exit__(type(error), error, error.__traceback__)
            raise
        self.is_closing = True
        super().__exit__(exc_type, exc_value, traceback)
        for constraint in wanted:
            self.make_constraint(constraint)

    def wanted_constraints(self):
        """The constraints to core that were asked for, one for a column."""
        wanted = [sql for sql in self.deferred_sql if isinstance(sql, CoreConstraint)]
        return list({(each.table, each.column): each for each in wanted}.values())

    def make_constraint(self, constraint):
        """Make a constraint that is not there yet, or note why it is left out."""
        with self.connection.cursor() as cursor:
            there = self.connection.introspection.foreign_keys(cursor, constraint.table)
        target = self.connection.linked_name(constraint.to_table.home), constraint.to_table
        column = self.connection.ops.stored_name(constraint.column)
        if any(key.column == column and self.refers_to(key, *target) for key in there):
            return
        why = self.constraint_obstacle(constraint)
        if why is None:
            try:
                why = self.send_constraint(constraint)
            except Error as error:
                why = " ".join(str(error).split())
        if why is not None:
            self.connection.left_out.append(LeftOut(constraint.table, constraint.column, why))
            self.index_left_out(constraint)

    def core_target(self, field):
        """Where a constraint of a foreign key to core refers to, namespace and table; None where there can be none."""
        table = field.remote_field.model._meta.db_table
        if self.connection.features.supports_foreign_keys_across_databases and is_linked_on(
            self.connection, table.home
        ):
            return self.connection.linked_name(table.home), str(table)
        return None

    def refers_to(self, key, namespace, table):
        """Whether a constraint that stands refers to that table."""
        known = self.connection.ops.table_key
        return (known(key.namespace), known(key.table)) == (known(namespace), known(table))

    def repair_constraint(self, field, wrong):
        """Put right what is wrong with the constraint of a foreign key: by kind, the constraint that stands."""
        constraint = self._create_fk_sql(field.model, field, "_fk_%(to_table)s_%(to_column)s")
        if MISSING in wrong:
            # Before it is without any.
            self.refuse_dangling(constraint)
        if STALE in wrong:
            self.drop_constraints_of(field)
        if MISSING in wrong:
            self.execute(constraint)
        elif UNCHECKED in wrong:
            self.validate(field.model._meta.db_table, self.quote_name(wrong[UNCHECKED].name))

    def constraint_obstacle(self, constraint):
        """Why a constraint cannot be now, as a clause, or None: either table may be older or newer than the models."""
        home = constraint.to_table.home
        here = self.column_there(constraint.table, constraint.column)
        if here is None:
            return f"{constraint.table!r} has no column {constraint.column!r}"
        there = self.column_there(
            constraint.to_table, constraint.to_column, self.connection.linked_name(home)
        )
        if there is None:
            return f"the core database {home!r} has no column {constraint.to_column!r} of {str(constraint.to_table)!r}"
        if not self.can_refer(here, there):
            return f"it is {here.type}, the column of the core database {home!r} is {there.type}"
        return None

    def column_there(self, table, column, namespace=None):
        from causeway.drift import CATALOGS  # which imports the placements

        catalog = CATALOGS[self.connection.vendor](self.connection, namespace)
        found = catalog.tables({catalog.table_key(table)}).get(catalog.table_key(table))
        return found and found.columns.get(catalog.column_key(column))

    def can_refer(self, here, there):
        """Whether a constraint can hold between two columns of these types. The server may refuse it all the same."""
        return True

    def refuse_dangling(self, constraint):
        """Raise IntegrityError where a row refers to no core row."""
        key = None if self.constraint_obstacle(constraint) else self.dangling(constraint)
        if key is not None:
            raise IntegrityError(
                f"Cannot have the column {constraint.column!r} of {constraint.table!r} refer to "
                f"{str(constraint.to_table)!r} in core by a constraint: rows have values such as {key!r}, which no core "
                f"row has. Run manage.py causeway orphans."
            )

    def dangling(self, constraint):
        """A value of the column that no core row has, or None."""
        quote = self.connection.ops.quote_name
        column, to_column = (quote(name) for name in (constraint.column, constraint.to_column))
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"SELECT here.{column} FROM {quote(constraint.table)} here WHERE here.{column} IS NOT NULL AND NOT EXISTS "
                f"(SELECT 1 FROM {self.quote_name(constraint.to_table)} there WHERE there.{to_column} = here.{column}) "
                f"LIMIT 1"
            )
            row = cursor.fetchone()
        return None if row is None else row[0]

    def send_constraint(self, constraint):
        """Make a constraint that is not there; returns why it is left out, or None."""
        raise NotImplementedError

    def index_left_out(self, constraint):
        """Have the index that the engine would have made for a constraint."""

    def trying(self, send, is_locked):
        """Call ``send()``, which gives up soon where others hold locks, until it comes through."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return send()
            except OperationalError as error:
                if not is_locked(error) or time.monotonic() > until:
                    raise
            time.sleep(PAUSE)
