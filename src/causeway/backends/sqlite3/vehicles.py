import datetime
import decimal
import sqlite3
import uuid
from contextlib import contextmanager, suppress

from django.db import Error
from django.utils.duration import duration_microseconds
from django.utils.functional import cached_property

from causeway.backends.base.columns import is_geometry, stored
from causeway.backends.base.statements import of_temporary
from causeway.backends.base.vehicles import OWN, VehiclesMixin, finite_decimal
from causeway.names import with_parameters

# By affinity, the types of values that a column of it keeps as CAST does.
KEPT = {
    "BLOB": (),
    "INTEGER": (int, bool),
    "NUMERIC": (int, bool, float, decimal.Decimal),
    "REAL": (float,),
    "TEXT": (str,),
}


class SQLiteVehiclesMixin(VehiclesMixin):
    inline_limit = 100

    # A column keeps a value of any type.
    types_of_kinds = {}

    @cached_property
    def written_as(self):
        return {
            OWN.date: str,
            OWN.datetime: self.naive,
            datetime.time: self.adapt_timefield_value,
            datetime.timedelta: lambda value: integer_value(duration_microseconds(value)),
            decimal.Decimal: finite_decimal,
            float: float_value,
            int: integer_value,
            uuid.UUID: lambda value: value.hex,
        }

    def integer_range(self, kind):
        # ``written_as`` checks those of all columns.
        return None

    def most_params(self):
        # Before Django 6.0, its features say what SQLite had once.
        self.connection.ensure_connection()
        return self.connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)

    def inline_room(self, params):
        # Each value is a parameter.
        return self.most_params() - params

    def inline_size(self, relation):
        return len(relation.rows) * len(relation.columns)

    def inline_relation(self, relation):
        # VALUES with parameters is exact and costs less than half of json_each().
        width = len(relation.columns)
        columns = self.written(relation)
        selected = ", ".join(
            self.selected(position, column, values)
            for position, (column, values) in enumerate(zip(relation.columns, columns, strict=True), 1)
        )
        row = f"({', '.join(['%s'] * width)})"
        if not relation.rows:
            return f"SELECT {selected} FROM (VALUES ({', '.join(['NULL'] * width)})) WHERE 0", ()
        rows = ", ".join([row] * len(relation.rows))
        # A subquery with a LIMIT is computed once, and not for each row it is joined with.
        params = tuple(value for row in zip(*columns, strict=True) for value in row)
        return f"SELECT {selected} FROM (VALUES {rows}) LIMIT -1", params

    def selected(self, position, column, values):
        """The column with the affinity that the model's has, if that leaves each value as it is."""
        if is_geometry(column.field):
            return self.geometry(column.field, f"column{position}")
        name = affinity(self.bare_type(column.field))
        types = set(map(type, values)) - {type(None)}
        kept = types.issubset(KEPT[name])
        value = f"CAST(column{position} AS {name})" if kept else f"column{position}"
        return value + with_parameters(self.collation(column.field))

    def geometry(self, field, value):
        return f"GeomFromWKB({value}, {stored(field).srid})"

    def written_geometry(self, value):
        return value

    def create_temporary(self, cursor, name, relation, fill=None):
        # In autocommit mode, each row would be committed.
        with self.undone_on_failure(cursor):
            super().create_temporary(cursor, name, relation, fill)

    @contextmanager
    def undone_on_failure(self, cursor):
        """Have what fails leave the transaction as it was, or have Django know that it is not."""
        cursor.execute(of_temporary('SAVEPOINT "causeway_fill"'))
        try:
            yield
            cursor.execute(of_temporary('RELEASE "causeway_fill"'))
        except BaseException:
            with suppress(Error):
                cursor.execute(of_temporary('ROLLBACK TO "causeway_fill"'))
                cursor.execute(of_temporary('RELEASE "causeway_fill"'))
            self.settle()
            raise

    def settle(self):
        """After a failure, have a transaction be open where Django takes one to be open, and only there."""
        connection = self.connection
        if connection.in_atomic_block:
            # SQLite may have rolled all of it back.
            connection.needs_rollback = connection.needs_rollback or not connection.connection.in_transaction
        elif connection.get_autocommit() and connection.connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.connection.rollback()
            if connection.connection.in_transaction:
                connection.close()


def affinity(declared):
    """The affinity of a column of that type, by SQLite's own rules."""
    declared = (declared or "").upper()
    if "INT" in declared:
        return "INTEGER"
    if any(word in declared for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in declared or not declared:
        return "BLOB"
    return "REAL" if any(word in declared for word in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


def float_value(value):
    # It would become NULL.
    if value != value:
        raise ValueError(f"the float {value}")
    return value


def integer_value(value):
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"the integer {value}")
    return value
