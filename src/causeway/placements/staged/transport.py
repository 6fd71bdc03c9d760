"""From what core's driver returns to values that any engine can be given."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models.expressions import Col

from causeway.backends.base.columns import is_geometry, kind, stored
from causeway.placements.staged.relation import Column

Reader = Callable[[Any], Any]


class Stored(Col):
    """A column as it travels: as it is stored, whatever its field selects of it; a geometry as well-known binary."""

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return as_it_travels(self.target, sql), params


def as_it_travels(field: Any, sql: str) -> str:
    """The SQL that selects what is stored in a field's column, made of the SQL of the column."""
    return f"ST_AsBinary({sql})" if is_geometry(field) else sql


NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def readers(
    core_connection: Any, columns: Sequence[Column], child_connection: Any = None
) -> list[Reader | None]:
    """For each column, what makes the canonical value of a value as core's driver returns it.

    None where it is that already. A field's own ``from_db_value()`` is not run: what it would
    decrypt or unpack travels as it is stored. Where the child is given, and keeps its values
    as core does, they stay as they are.
    """
    fields = [stored(column.field) for column in columns]
    return [reader(core_connection, field, child_connection, Col("", field)) for field in fields]


def reader(connection: Any, field: Any, child: Any, expression: Any) -> Reader | None:
    """What makes the canonical value of the expression's, whose field is given; None where it is that already."""
    if is_geometry(field):
        return read_binary if connection.vendor == "postgresql" else None
    what = kind(field, connection)
    if what is None or (child is not None and keep_alike(connection, child, what)):
        return None
    if what == "JSONField":
        return None if keeps_json_as_text(connection) else read_json
    if what == "BinaryField":
        return read_binary if connection.vendor == "postgresql" else None
    if what == "DurationField" and not connection.features.has_native_duration_field:
        converters = [connection.ops.convert_durationfield_value]
    else:
        converters = connection.ops.get_db_converters(expression)
    return converting(converters, expression, connection) if converters else None


def keep_alike(core: Any, child: Any, what: str) -> bool:
    """Whether the child is given a kind of value as core's driver returns it.

    That costs less, and on SQLite it is also more exact than reading it.
    """
    if what == "BinaryField" or core.vendor != child.vendor or core.data_types != child.data_types:
        return False
    if what == "DateTimeField":
        return bool(core.timezone == child.timezone)
    return what != "JSONField" or keeps_json_as_text(core) == keeps_json_as_text(child)


def keeps_json_as_text(connection: Any) -> bool:
    return connection.vendor == "sqlite" or getattr(connection, "mysql_is_mariadb", False)


def converting(converters: list[Any], expression: Any, connection: Any) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            return None
        for convert in converters:
            value = convert(value, expression, connection)
        return value

    return read


def read_json(text: str | None) -> str | None:
    """JSON in ASCII, as Django writes it: MariaDB and SQLite compare it as text."""
    if text is None or text.isascii():
        return text
    return NOT_ASCII.sub(escaped, text)


def escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def read_binary(value: Any) -> bytes | None:
    # psycopg2 returns a memoryview.
    return None if value is None else bytes(value)
