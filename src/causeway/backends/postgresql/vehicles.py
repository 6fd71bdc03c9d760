import datetime
import decimal
import re
import uuid
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import Error
from django.db.backends.postgresql.psycopg_any import is_psycopg3

from causeway.backends.base.columns import kind, stored
from causeway.backends.base.statements import Known, of_temporary
from causeway.backends.base.vehicles import OWN, NoTemporaryTables, VehiclesMixin
from causeway.backends.postgresql.branches import sqlstate
from causeway.names import with_parameters

# A cast to a type with a length cuts and rounds.
WITH_LENGTH = re.compile(r"(varchar|character varying|numeric|decimal)\s*\(.*\)", re.IGNORECASE)

# What psycopg writes in binary from the types of our values.
BINARY = {
    *(
        "AutoField",
        "BigAutoField",
        "BigIntegerField",
        "BinaryField",
        "BooleanField",
        "CharField",
        "DateField",
    ),
    *("DateTimeField", "DecimalField", "DurationField", "FileField", "FilePathField", "FloatField"),
    *("IntegerField", "PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"),
    *("SlugField", "SmallAutoField", "SmallIntegerField", "TextField", "TimeField", "UUIDField"),
}


# As libpq and both versions of psycopg number it.
IDLE = 0

# On a standby every transaction is read-only.
MAY_MAKE_TEMPORARIES = Known(
    "SELECT current_setting('transaction_read_only') = 'off' "
    "AND has_database_privilege(current_database(), 'TEMPORARY')"
)
# A read-only transaction, and a missing right.
REFUSALS = {"25006", "42501"}


class PostgreSQLVehiclesMixin(VehiclesMixin):
    inline_limit = 2000

    temporaries_need_transaction = True

    def bare_type(self, field):
        declared = super().bare_type(field)
        match = WITH_LENGTH.fullmatch(declared)
        return match[1] if match else declared

    def integer_range(self, kind):
        # There are no unsigned types: a negative integer fits into the column, whose check a relation has not.
        return super().integer_range(kind and kind.removeprefix("Positive"))

    def most_params(self):
        # What the protocol has room for, where it is not psycopg that puts them in. Django says so from 6.1 on.
        return 2**16 - 1 if getattr(self.connection.features, "uses_server_side_binding", False) else None

    def exact(self, kind, values):
        values = super().exact(kind, values)
        if str not in self.types_of_kinds.get(kind, {str}):
            return values
        texts = [value for value in values if type(value) is str]
        if any("\0" in text for text in texts):
            raise ValueError("a text with the character NUL")
        if kind == "JSONField":
            # MariaDB and SQLite keep JSON as text.
            self.check_escapes(texts, nul=True)
        return values

    def carries_inline(self, columns):
        # The text of any value is known to psycopg 3 alone.
        return is_psycopg3 or all(self.kind(column.field) for column in columns)

    def inline_relation(self, relation):
        arrays, selected, params = [], [], []
        for column, values in zip(relation.columns, self.written(relation), strict=True):
            name, declared = self.quote_name(column.name), self.bare_type(column.field)
            if self.kind(column.field):
                arrays.append(f"%s::{declared}[]")
                value = name
            else:
                # It may be an array, and unnest() would take an array of arrays apart to the last value.
                arrays.append("%s::text[]")
                value = f"CAST({name} AS {declared})"
            params.append(self.array(values))
            selected.append(with_parameters(value + self.collation(column.field)))
        names = ", ".join(with_parameters(self.quote_name(column.name)) for column in relation.columns)
        source = f"unnest({', '.join(arrays)}) AS {self.quote_name(relation.name)} ({names})"
        return f"SELECT {', '.join(selected)} FROM {source}", tuple(params)

    def array(self, values):
        """PostgreSQL's text of an array. (psycopg makes it of a list in three times as long.)"""
        elements = [
            ELEMENTS[type(value)](value) if type(value) in ELEMENTS else quoted(self.text(value))
            for value in values
        ]
        return f"{{{','.join(elements)}}}"

    def text(self, value):
        from psycopg.adapt import PyFormat, Transformer

        self.connection.ensure_connection()
        dumper = Transformer(self.connection.connection).get_dumper(value, PyFormat.TEXT)
        return bytes(dumper.dump(value)).decode()

    def create_temporary(self, cursor, name, relation, fill=None):
        # An error would end the transaction that is open; one that is there for them is begun again.
        if self.connection.may_be_prepared:
            # No transaction can be that has touched one.
            raise NoTemporaryTables
        if not self.connection.get_autocommit():
            cursor.execute(MAY_MAKE_TEMPORARIES)
            if not cursor.fetchone()[0]:
                raise NoTemporaryTables
        super().create_temporary(cursor, name, relation, fill)

    def refuses_temporaries(self, error):
        return sqlstate(error) in REFUSALS

    def lifetime(self):
        return " ON COMMIT DROP" if self.is_in_transaction() else ""

    def is_in_transaction(self):
        """Whether a transaction is open on the server, perhaps one that Django does not know of."""
        connection = self.connection.connection
        status = connection.info.transaction_status if is_psycopg3 else connection.get_transaction_status()
        return status != IDLE

    def fill(self, cursor, target, columns, rows):
        if not is_psycopg3:
            super().fill(cursor, target, columns, rows)
            return
        kinds = {self.kind(column.field) for column in columns}
        # Binary takes a third of the time. A naive datetime has none: it is in the session's time zone.
        binary = kinds <= BINARY - (set() if settings.USE_TZ else {"DateTimeField"})
        statement = of_temporary(f"COPY {target} FROM STDIN{' (FORMAT binary)' if binary else ''}")
        types = [self.bare_type(column.field) for column in columns] if binary else []
        with self.connection.wrap_database_errors, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def ships_from(self, core, columns):
        # In binary, no setting of a session changes what a value is.
        return (
            is_psycopg3
            and core.vendor == "postgresql"
            and all(self.kind(column.field) and kind(stored(column.field), core) for column in columns)
        )

    def ship(self, cursor, target, columns, core, sql, params):
        # The model says the type of each column, which core's own may differ from.
        cast = ", ".join(
            f"{self.quote_name(str(position))}::{self.bare_type(column.field)}"
            for position, column in enumerate(columns)
        )
        statement = Known(f"COPY (SELECT {cast} FROM ({sql}) AS rows) TO STDOUT (FORMAT binary)")
        filled = of_temporary(f"COPY {target} FROM STDIN (FORMAT binary)")
        size = 0
        with core.cursor() as source:
            with (
                self.kept_from_failing(cursor),
                core.wrap_database_errors,
                source.copy(statement, params) as copied,
                self.connection.wrap_database_errors,
                cursor.copy(filled) as copy,
            ):
                for block in copied:
                    size += len(block)
                    copy.write(block)
            return source.rowcount, size

    @contextmanager
    def kept_from_failing(self, cursor):
        """Have an error, which may be core's, not spoil the transaction that is open here."""
        if self.connection.get_autocommit():
            yield
            return
        cursor.execute("SAVEPOINT causeway_copy")
        try:
            yield
        except BaseException:
            with suppress(Error):
                cursor.execute("ROLLBACK TO SAVEPOINT causeway_copy")
            raise
        cursor.execute("RELEASE SAVEPOINT causeway_copy")

    def index(self, cursor, name, relation):
        super().index(cursor, name, relation)
        # The planner knows nothing of the rows before.
        cursor.execute(of_temporary(f"ANALYZE {self.quote_name(name)}"))

    def index_method(self, field):
        # A B-tree takes no long text.
        return " USING hash" if self.bare_type(field) in {"text", "varchar"} else ""


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# By type, the text of a value as an element of an array.
ELEMENTS = {
    type(None): lambda value: "NULL",
    bool: str,
    bytes: lambda value: f'"\\\\x{value.hex()}"',
    OWN.date: str,
    OWN.datetime: lambda value: f'"{value}"',
    datetime.time: str,
    datetime.timedelta: lambda value: f'"{value.days} days +{value.seconds}.{value.microseconds:06} seconds"',
    decimal.Decimal: str,
    float: str,
    int: str,
    str: quoted,
    uuid.UUID: str,
}
