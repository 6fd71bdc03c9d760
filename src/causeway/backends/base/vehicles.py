"""The two vehicles that bring core rows into a statement of the child: inline, or as a temporary table."""

import datetime
import decimal
import re
import uuid
from contextlib import suppress
from types import SimpleNamespace

from django.db import DatabaseError, Error
from django.utils.functional import cached_property

from causeway.backends.base.columns import is_geometry, kind, stored
from causeway.backends.base.statements import of_temporary
from causeway.exceptions import PlacementError
from causeway.names import with_parameters

INTEGERS = (
    *("AutoField", "BigAutoField", "SmallAutoField", "BigIntegerField", "IntegerField", "SmallIntegerField"),
    *("PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"),
)
TEXTS = (
    *("CharField", "FileField", "FilePathField", "GenericIPAddressField", "JSONField", "SlugField"),
    "TextField",
)

# Python's own. What freezes the time for tests puts classes derived from them in the place of each module's name for
# them, and drivers use these.
OWN = SimpleNamespace(date=datetime.date, datetime=datetime.datetime)

# An escape in JSON of half of a pair of surrogates, where no backslash is escaped itself.
HALF = re.compile(r"\\u(?:d[89ab]..(?!\\ud[c-f])|(?<!\\ud[89ab]..\\u)d[c-f])", re.IGNORECASE)

# By kind, the types of values that a column of it holds.
TYPES = {
    **{kind: {int} for kind in INTEGERS},
    **{kind: {str} for kind in TEXTS},
    "BinaryField": {bytes},
    "BooleanField": {bool},
    "DateField": {OWN.date},
    "DateTimeField": {OWN.datetime},
    "DecimalField": {decimal.Decimal},
    "DurationField": {datetime.timedelta},
    "FloatField": {float},
    "TimeField": {datetime.time},
    "UUIDField": {uuid.UUID},
}


class NoTemporaryTables(Exception):
    """The server makes no temporary tables for this connection, at least not now."""


class VehiclesMixin:
    """Of an engine's operations. A relation is a ``placements.staged.relation.Relation``."""

    # Up to how many rows the inline relation is the faster one: benchmarks/changeover.py measures it.
    inline_limit = 0

    # How many characters and bytes of texts go inline in one statement: far less than a server takes.
    inline_characters = 1_000_000

    # A value of another type is refused: SQLite keeps it in any column, and so does a core table whose columns
    # are not what its model says.
    types_of_kinds = TYPES

    # Whether a statement may name one temporary table twice. Where not, ``copy_temporary()`` makes further ones.
    reopens_temporary = True

    # Whether temporary tables are made in a transaction, and are gone with it.
    temporaries_need_transaction = False

    def carries_inline(self, columns):
        """Whether an inline relation holds every value of such columns as a table would."""
        return True

    def carried_inline(self, relations, params=0):
        """Those of the relations of one statement that go inline; it has ``params`` parameters besides."""
        room, chosen = self.inline_room(params), []
        for relation in sorted(relations, key=lambda relation: len(relation.rows)):
            if len(relation.rows) > self.inline_limit or not self.carries_inline(relation.columns):
                continue
            size = self.inline_size(relation)
            if size <= room:
                room -= size
                chosen.append(relation)
        return chosen

    def most_params(self):
        """How many parameters a statement can have; None where nothing limits them."""
        return self.connection.features.max_query_params

    def inline_room(self, params):
        """What ``inline_size()`` of all relations of a statement may come to."""
        return self.inline_characters

    def inline_size(self, relation):
        return sum(map(length, zip(*relation.rows, strict=True)))

    def inline_relation(self, relation):
        """A SELECT of the rows, in one statement with its parameters, typed as the model's columns are here."""
        raise NotImplementedError

    def ships_from(self, core, columns):
        """Whether rows of a core connection with such columns can go to a table here as core's server writes them."""
        return False

    def ship(self, cursor, target, columns, core, sql, params):
        """Have the rows of a query on core go to a table; returns how many they are, and their bytes."""
        raise NotImplementedError

    def statement_over(self, head, sql):
        """The statement of a SELECT with what goes before it, which names the relations."""
        return f"{head} {sql}"

    def create_temporary(self, cursor, name, relation, fill=None):
        """Make a temporary table of that name with the rows, indexed by their keys.

        ``fill`` may bring them instead, given the cursor, and the name of the table with those of the
        columns. No transaction ends or begins by it. If it fails, nothing of it is left. Raises
        NoTemporaryTables where the server makes none here.
        """
        values = self.written(relation)
        definitions = ", ".join(self.definitions(relation, values))
        made = f"CREATE TEMPORARY TABLE {self.quote_name(name)} ({definitions}){self.lifetime()}"
        try:
            cursor.execute(of_temporary(made))
        except DatabaseError as error:
            if self.refuses_temporaries(error):
                raise NoTemporaryTables from error
            raise
        try:
            names = ", ".join(self.quote_name(column.name) for column in relation.columns)
            target = f"{self.quote_name(name)} ({names})"
            if fill is None:
                self.fill(cursor, target, relation.columns, list(zip(*values, strict=True)))
            else:
                fill(cursor, target)
            self.index(cursor, name, relation)
        except BaseException:
            # Within a transaction that has failed it goes with that, or with the connection.
            with suppress(Error):
                self.drop_temporary(cursor, name)
            raise

    def refuses_temporaries(self, error):
        """Whether an error from making a temporary table says that none is made here, whatever it is like."""
        return False

    def definitions(self, relation, values):
        """What stands in parentheses in the statement that makes a table for the values."""
        return [f"{self.quote_name(name)} {self.column_type(field)}" for name, field in relation.columns]

    def lifetime(self):
        """A clause that says how long a temporary table is kept."""
        return ""

    def fill(self, cursor, target, columns, rows):
        """Insert rows into a table; ``target`` is its name with those of the columns."""
        if rows:
            places = ", ".join(self.placeholder(column.field) for column in columns)
            insert = f"INSERT INTO {with_parameters(target)} VALUES ({places})"
            cursor.executemany(of_temporary(insert), rows)

    def index(self, cursor, name, relation):
        """Index a filled table."""
        for position, column in enumerate(relation.columns):
            if column.name in relation.keys:
                index, key = self.quote_name(f"{name}_{position}"), self.quote_name(column.name)
                method = self.index_method(column.field)
                on = f"{self.quote_name(name)}{method} ({key})"
                cursor.execute(of_temporary(f"CREATE INDEX {index} ON {on}"))

    def index_method(self, field):
        return ""

    def drop_temporary(self, cursor, name):
        cursor.execute(of_temporary(f"DROP TABLE IF EXISTS {self.quote_name(name)}"))

    def kind(self, field):
        return kind(stored(field), self.connection)

    def bare_type(self, field):
        """The type of the model's column here, as a column that refers to it has it: without AUTO_INCREMENT."""
        if field not in self.bare_types:
            self.bare_types[field] = stored(field).rel_db_type(self.connection)
        return self.bare_types[field]

    # By field, as each query asks for its columns again, and models do not change.
    @cached_property
    def bare_types(self):
        return {}

    @cached_property
    def declared_collations(self):
        return {}

    def collation(self, field):
        """A COLLATE clause with a space before it, where the field names a collation that there is here."""
        if field not in self.declared_collations:
            self.declared_collations[field] = stored(field).db_parameters(self.connection).get("collation")
        collation = self.declared_collations[field]
        if not collation or not self.has_collation(collation):
            return ""
        return f" COLLATE {self.quote_name(collation)}"

    def column_type(self, field):
        # SpatiaLite declares no type for a geometry.
        return (self.bare_type(field) or "") + self.collation(field)

    def geometry(self, field, value):
        """The SQL of a geometry, made of that of its well-known binary, which says no coordinate system."""
        return value

    def written_geometry(self, value):
        """What ``geometry()`` is given for a well-known binary: digits, in place of bytes."""
        return value.hex()

    def placeholder(self, field):
        return self.geometry(field, "%s") if is_geometry(field) else "%s"

    @cached_property
    def written_as(self):
        """By the type of a canonical value, what makes of it what the driver is given for a column here."""
        return {}

    def written(self, relation):
        """The columns of a relation, each with its values as the driver is given them. Raises PlacementError."""
        values_by_column = zip(*relation.rows, strict=True) if relation.rows else [()] * len(relation.columns)
        return [
            self.written_values(relation, column, values)
            for column, values in zip(relation.columns, values_by_column, strict=True)
        ]

    def written_values(self, relation, column, values):
        if is_geometry(column.field):
            return [None if value is None else self.written_geometry(value) for value in values]
        try:
            return self.exact(self.kind(column.field), values)
        except ValueError as error:
            raise PlacementError(
                f"Cannot stage rows of {relation.name!r} on {self.connection.alias!r}: the column {column.name!r} "
                f"holds a value that {self.connection.display_name} cannot: {error}. Filter out the rows that have "
                f"it, or leave the column out with only() or defer()."
            ) from error

    def exact(self, kind, values):
        """The values as the driver is given them. Raises ValueError if a column of the kind would change one."""
        types = set(map(type, values)) - {type(None)}
        if any(issubclass(found, OWN.date) and found not in vars(OWN).values() for found in types):
            values = list(map(without_frozen_time, values))
            types = set(map(type, values)) - {type(None)}
        if others := types - self.types_of_kinds.get(kind, types):
            raise ValueError(f"a Python {min(other.__name__ for other in others)} in a column of {kind}")
        write = self.written_as
        if not write.keys().isdisjoint(types):
            values = [write[type(value)](value) if type(value) in write else value for value in values]
        if integers := self.integer_range(kind):
            self.check_integers(values, *integers)
        return values

    def integer_range(self, kind):
        """The least and the greatest integer of a column of the kind; None if it has no integers, or any."""
        return self.integer_field_range(kind) if kind in INTEGERS else None

    def check_integers(self, values, least, greatest):
        """Raise ValueError for one outside the range: psycopg would send its last bits, JSON_TABLE take the nearest."""
        found = [value for value in values if value is not None]
        for value in (min(found), max(found)) if found else ():
            if not least <= value <= greatest:
                raise ValueError(f"the integer {value}")

    def check_escapes(self, texts, nul):
        """Raise ValueError for JSON with an escape of what is no character, ``nul`` among it if it is true."""
        for text in texts:
            if "\\u" not in text:
                continue
            plain = text.replace("\\\\", "/")
            if (nul and "\\u0000" in plain) or HALF.search(plain):
                what = r"\u0000, or with " if nul else ""
                raise ValueError(f"JSON with {what}half of a pair of surrogates")

    def naive(self, value):
        """A datetime as text, in the time zone of the connection if it has one of its own."""
        if value.tzinfo is not None:
            # Quicker than adapt_datetimefield_value(), which is not meant for thousands.
            value = value.astimezone(self.connection.timezone).replace(tzinfo=None)
        return str(value)


def length(values):
    """How long the texts of a column are together."""
    found = [value for value in values if value]
    return sum(map(len, found)) if {str, bytes}.issuperset(map(type, found)) else 0


def without_frozen_time(value):
    """A date or datetime as Python's own; any other value as it is."""
    if isinstance(value, OWN.datetime):
        return OWN.datetime.combine(value, value.timetz())
    return OWN.date.fromordinal(value.toordinal()) if isinstance(value, OWN.date) else value


def finite_decimal(value):
    if not value.is_finite():
        raise ValueError(f"the decimal {value}")
    return value


def finite_float(value):
    if value - value != 0:
        raise ValueError(f"the float {value}")
    return value
