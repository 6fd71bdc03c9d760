"""What it takes to bring all core rows into a temporary table beside the local ones, and nothing more.

By itself, without an index: the least that a query over all core rows pays when core is elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from databases import BATCH
from django.db import connections, transaction
from wire.models import Article

FIELDS = Article._meta.local_concrete_fields
COLUMNS = ", ".join(field.column for field in FIELDS)
SELECT = f"SELECT {COLUMNS} FROM {Article._meta.db_table}"
TABLE = "shipped"


def ways() -> dict[str, Callable[[], None]]:
    """What is measured, by name."""
    vendors = {connection.vendor for connection in connections.all()}
    if vendors == {"postgresql"}:
        return {"as rows, by COPY": as_rows, "as the server writes them, COPY to COPY": as_stream}
    return {"as rows": as_rows}


@contextmanager
def temporary_table() -> Iterator:
    """A cursor of the local database, with an empty table."""
    connection = connections["default"]
    columns = ", ".join(f"{field.column} {field.rel_db_type(connection)}" for field in FIELDS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {TABLE} ({columns})")
        yield cursor
        cursor.execute(f"DROP TABLE {TABLE}")


def as_rows() -> None:
    with connections["core"].cursor() as cursor:
        cursor.execute(SELECT)
        rows = cursor.fetchall()
    with temporary_table() as cursor:
        fill = {"postgresql": copy, "sqlite": one_by_one}.get(connections["default"].vendor, many_at_once)
        fill(cursor, rows)


def copy(cursor, rows: list[tuple]) -> None:
    with cursor.copy(f"COPY {TABLE} ({COLUMNS}) FROM STDIN") as stream:
        for row in rows:
            stream.write_row(row)


def many_at_once(cursor, rows: list[tuple]) -> None:
    """The driver writes one statement for each batch."""
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        cursor.executemany(insert(), batch)


def one_by_one(cursor, rows: list[tuple]) -> None:
    """SQLite has no way to send; its rows are in this process."""
    # As the backend stores a time.
    texts = ((*row[:-1], str(row[-1])) for row in rows)
    cursor.connection.cursor().executemany(insert().replace("%s", "?"), texts)


def insert() -> str:
    return f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(['%s'] * len(FIELDS))})"


def as_stream() -> None:
    with (
        connections["core"].cursor() as core,
        temporary_table() as cursor,
        core.copy(f"COPY ({SELECT}) TO STDOUT") as source,
        cursor.copy(f"COPY {TABLE} FROM STDIN") as sink,
    ):
        for block in source:
            sink.write(block)
