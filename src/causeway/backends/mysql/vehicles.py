import base64
import datetime
import decimal
import json
import re
import uuid
from contextlib import suppress

from django.db import Error
from django.db.models import IntegerField
from django.utils.duration import duration_microseconds
from django.utils.functional import cached_property

from causeway.backends.base.columns import stored
from causeway.backends.base.statements import of_temporary
from causeway.backends.base.vehicles import OWN, TYPES, VehiclesMixin, finite_decimal, finite_float
from causeway.exceptions import PlacementError
from causeway.names import quoted, with_parameters

TEXT = re.compile(r"(?:var)?char\s*\((\d+)\)", re.IGNORECASE)
# The types that have a collation.
COLLATED = re.compile(r"(?:var)?char\b|(?:tiny|medium|long)?text\b|enum\b|set\b", re.IGNORECASE)
DECIMAL = re.compile(r"(?:numeric|decimal)\s*\((\d+),\s*(\d+)\)", re.IGNORECASE)
# What fits into a row of 65,535 bytes.
LONGEST = 16_000
PREFIX = 190
# MySQL has the integers of JSON in 64 bits, with a sign or without; a larger one becomes the nearest float.
LARGE = re.compile(r"\d{19}")
LEAST, GREATEST = -(2**63), 2**64 - 1
# Of an older character set, which databases may still have.
BEYOND_UTF8MB3 = re.compile("[\U00010000-\U0010ffff]")
# In as many joins the planner tries too many orders: relations have no keys by which it leaves some out, and a
# twelfth takes it minutes. So far it looks ahead then, in a moment.
MANY_JOINS, DEPTH = 7, 4
# With a LIMIT, a derived table is computed once and gets an index for what it is joined by.
ALL_ROWS = 2**64 - 1


# A read-only transaction, and a missing right.
REFUSALS = {1792, 1044}


class MySQLVehiclesMixin(VehiclesMixin):
    inline_limit = 5000

    # From a core database on MySQL they come as they are stored.
    types_of_kinds = {
        **TYPES,
        "BooleanField": {bool, int},
        "DurationField": {datetime.timedelta, int},
        "UUIDField": {uuid.UUID, str},
    }

    @property
    def reopens_temporary(self):
        return self.connection.mysql_is_mariadb

    @property
    def has_json_table(self):
        version = (10, 6) if self.connection.mysql_is_mariadb else (8, 0, 4)
        return self.connection.mysql_version >= version

    def carries_inline(self, columns):
        # In place of what its character set lacks, JSON_TABLE writes a question mark.
        return (
            self.has_json_table
            and all(self.kind(column.field) for column in columns)
            and (self.character_set.startswith("utf8") or not any(map(self.is_collated, columns)))
        )

    @property
    def has_no_temporary(self):
        """Whether temporary tables are out of reach: MySQL has none in an XA transaction, which its session leaves."""
        return self.connection.xid is not None and not self.connection.mysql_is_mariadb

    def carried_inline(self, relations, params=0):
        if not self.has_no_temporary:
            return super().carried_inline(relations, params)
        return [relation for relation in relations if self.carries_inline(relation.columns)]

    def statement_over(self, head, sql):
        if sql.count(" JOIN ") < MANY_JOINS:
            return super().statement_over(head, sql)
        if self.connection.mysql_is_mariadb:
            return f"SET STATEMENT optimizer_search_depth = {DEPTH} FOR {head} {sql}"
        hinted = sql.replace("SELECT", f"SELECT /*+ SET_VAR(optimizer_search_depth = {DEPTH}) */", 1)
        return f"{head} {hinted}"

    def create_temporary(self, cursor, name, relation, fill=None):
        if self.has_no_temporary:
            raise PlacementError(
                f"Cannot stage rows of {relation.name!r} on {self.connection.alias!r}: they need a temporary table, and "
                f"MySQL has none in a transaction that is to be prepared. Ask for them before causeway.atomic()."
            )
        super().create_temporary(cursor, name, relation, fill)

    @property
    def character_set(self):
        """The first word of the collation that texts have here if nothing else is said."""
        return self.text_rules()[0].partition("_")[0]

    def is_collated(self, column):
        return bool(COLLATED.match(self.bare_type(column.field)))

    def exact(self, kind, values):
        values = super().exact(kind, values)
        if str not in self.types_of_kinds.get(kind, {str}):
            return values
        texts = [value for value in values if type(value) is str]
        if kind == "JSONField":
            if not self.connection.mysql_is_mariadb:
                self.check_json(texts)
        elif self.character_set in {"utf8", "utf8mb3"} and any(map(BEYOND_UTF8MB3.search, texts)):
            raise ValueError("a text with a character of four bytes")
        return values

    def check_json(self, texts):
        """Raise ValueError for JSON that MySQL, which takes it apart, refuses or changes."""
        self.check_escapes(texts, nul=False)
        for text in filter(LARGE.search, texts):
            json.loads(text, parse_int=fitting_integer)

    @cached_property
    def written_as(self):
        native = self.connection.features.has_native_uuid_field
        return {
            OWN.date: str,
            OWN.datetime: self.naive,
            datetime.time: self.adapt_timefield_value,
            datetime.timedelta: duration_microseconds,
            decimal.Decimal: lambda value: f"{finite_decimal(value):f}",
            float: finite_float,
            uuid.UUID: str if native else lambda value: value.hex,
        }

    def integer_range(self, kind):
        # Django has no range of these, and stores them as tinyint and bigint.
        if kind == "BooleanField":
            return -(2**7), 2**7 - 1
        return super().integer_range("BigIntegerField" if kind == "DurationField" else kind)

    def inline_relation(self, relation):
        columns = self.written(relation)
        taken, selected = [], []
        for position, (column, values) in enumerate(zip(relation.columns, columns, strict=True)):
            name = with_parameters(self.quote_name(column.name))
            declared, value = self.in_json(column.field, values)
            taken.append(f"{name} {declared} PATH '$[{position}]' ERROR ON ERROR")
            selected.append(value.format(name))
        sql = (
            f"SELECT {', '.join(selected)} FROM JSON_TABLE(%s, '$[*]' COLUMNS ({', '.join(taken)})) "
            f"{self.quote_name(relation.name)} LIMIT {ALL_ROWS}"
        )
        return sql, (json.dumps(list(zip(*columns, strict=True)), ensure_ascii=False, default=in_base64),)

    def in_json(self, field, values):
        """The type of a column of JSON_TABLE, and the expression that makes the model's of it."""
        declared = self.bare_type(field).lower()
        if declared.endswith("blob"):
            return "longtext CHARACTER SET ascii", "FROM_BASE64({})"
        if declared == "uuid":
            return "char(36) CHARACTER SET ascii", "CAST({} AS UUID)"
        if declared == "json" and not self.connection.mysql_is_mariadb:
            return "longtext", "CAST({} AS JSON)"
        declared = self.fitting_type(field, values)
        if COLLATED.match(declared) and " COLLATE " not in declared:
            # MySQL would give it the collation of the connection, which is no table's.
            declared += f" COLLATE {quoted(self, self.text_rules()[0])}"
        return declared, "{}"

    def fitting_type(self, field, values):
        """The type of the model's column, wide enough.

        Without a word, JSON_TABLE would cut a longer text, and any statement round a decimal.
        """
        declared = self.bare_type(field)
        if declared == "json" and self.connection.mysql_is_mariadb:
            return "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        if match := TEXT.fullmatch(declared):
            longest = max(map(len, filter(None, values)), default=0)
            if longest > int(match[1]):
                declared = f"varchar({longest})" if longest <= LONGEST else "longtext"
        if match := DECIMAL.fullmatch(declared):
            declared = wide_decimal(int(match[1]), int(match[2]), values)
        return declared + self.collation(field)

    def geometry(self, field, value):
        # As GeoDjango writes them here: MySQL compares none of two coordinate systems.
        return f"ST_GeomFromWKB(UNHEX({value}))"

    def definitions(self, relation, values):
        types = [
            self.fitting_type(column.field, found)
            for column, found in zip(relation.columns, values, strict=True)
        ]
        names = [self.quote_name(column.name) for column in relation.columns]
        columns = [f"{name} {declared}" for name, declared in zip(names, types, strict=True)]
        # An index made later would end the transaction.
        indexes = [
            f"PRIMARY KEY ({name})"
            if self.is_whole_key(relation, column.field)
            else f"KEY ({name}{self.prefix(declared)})"
            for column, name, declared in zip(relation.columns, names, types, strict=True)
            if column.name in relation.keys or self.is_whole_key(relation, column.field)
        ]
        return columns + indexes

    def is_whole_key(self, relation, field):
        """Whether a column can be the table's primary key, by whose order rows are grouped as they are read.

        Two texts that core tells apart may be the same here.
        """
        return relation.has_key and field.primary_key and isinstance(stored(field), IntegerField)

    def index(self, cursor, name, relation):
        pass

    def prefix(self, declared):
        """How much of a column can be indexed, in parentheses; nothing if all of it."""
        match = TEXT.match(declared)
        is_long = (
            int(match[1]) > PREFIX if match else declared.split()[0] in self.connection._limited_data_types
        )
        return f"({PREFIX})" if is_long else ""

    def copy_temporary(self, cursor, name, original):
        """Make a temporary table of that name with the columns, indexes and rows of another."""
        copy, original = self.quote_name(name), self.quote_name(original)
        cursor.execute(of_temporary(f"CREATE TEMPORARY TABLE {copy} LIKE {original}"))
        try:
            cursor.execute(of_temporary(f"INSERT INTO {copy} SELECT * FROM {original}"))
        except BaseException:
            with suppress(Error):
                self.drop_temporary(cursor, name)
            raise

    def refuses_temporaries(self, error):
        return error.args[0] in REFUSALS

    def drop_temporary(self, cursor, name):
        # Any other DROP would end the transaction.
        cursor.execute(of_temporary(f"DROP TEMPORARY TABLE IF EXISTS {self.quote_name(name)}"))


def wide_decimal(digits, places, values):
    """The type of decimals with so many digits and places, or with as many more as the texts of them have."""
    parts = [value.lstrip("-0").partition(".") for value in values if value is not None]
    whole = max((len(part[0]) for part in parts), default=0)
    fraction = max((len(part[2]) for part in parts), default=0)
    whole, places = max(whole, digits - places), max(fraction, places)
    return f"numeric({whole + places}, {places})"


def fitting_integer(digits):
    if not LEAST <= (integer := int(digits)) <= GREATEST:
        raise ValueError(f"JSON with the integer {integer}")
    return integer


def in_base64(value):
    return base64.b64encode(value).decode("ascii")
