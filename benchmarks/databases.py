"""The databases and their rows: the same rows, under the same indexes, for both projects."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from projects import CAUSEWAY, Server, Unfit, configure

BATCH = 5_000
START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = ["harbour", "bridge", "council", "market", "railway", "festival", "orchard", "library", "weather"]
# One comment in so many is flagged.
FLAGGED = 1_000
# Room for all databases: a throwaway server has 128 MB, and would read from the disk instead.
BUFFER_POOL = 1 << 30


def make(server: Server, throwaway: bool) -> None:
    """Make the databases that a MariaDB or MySQL server lacks. Raises Unfit."""
    import MySQLdb

    account = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    try:
        with MySQLdb.connect(**account) as connection:
            for database in ("core", "local", "whole"):
                connection.query(
                    f"CREATE DATABASE IF NOT EXISTS {server.name(database)} CHARACTER SET utf8mb4"
                )
            if throwaway:
                connection.query(f"SET GLOBAL innodb_buffer_pool_size = {BUFFER_POOL}")
    except MySQLdb.Error as error:
        raise Unfit(
            f"Cannot make databases on {server.host}:{server.port} as {server.user!r}: {error.args[-1]}."
        ) from error


def fill(side: str, server: Server, core_rows: int, local_rows: int) -> str:
    """Make the tables that the project lacks, with their rows; return what the engine calls itself."""
    if server.folder:
        Path(server.folder).mkdir(parents=True, exist_ok=True)
    configure(side, server)
    from daily.models import Comment, Content
    from wire.models import Article

    # The stock project has every table in its default database.
    core = "core" if side == CAUSEWAY else "default"
    made = [
        make_table(core, Article, contents(core_rows), core_rows),
        make_table("default", Comment, comments(core_rows, local_rows), local_rows),
    ]
    if side == CAUSEWAY:
        made.append(make_table(core, Content, contents(core_rows), core_rows))
    if any(made):
        analyze(core)
        analyze("default")
    connection = connections["default"]
    if connection.vendor == "sqlite":
        return f"SQLite {'.'.join(map(str, connection.Database.sqlite_version_info))}"
    connection.ensure_connection()
    return f"{connection.display_name} {'.'.join(map(str, connection.mysql_version))}"


def make_table(alias: str, model: type[Model], rows: Iterator[tuple], count: int) -> bool:
    """Make the table with its ``count`` rows, unless it is there with as many; return whether it was made."""
    connection = connections[alias]
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        if str(model._meta.db_table) in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {table}")
            if cursor.fetchone()[0] == count:
                return False
            with connection.constraint_checks_disabled():
                cursor.execute(f"DROP TABLE {table}")
    with connection.schema_editor() as editor:
        editor.create_model(model)
        # The indexes wait until the editor closes: they are made from all rows at once.
        insert(connection, model, rows)
    return True


def insert(connection: BaseDatabaseWrapper, model: type[Model], rows: Iterator[tuple]) -> None:
    names = [connection.ops.quote_name(field.column) for field in model._meta.local_concrete_fields]
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"
    with connection.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(statement, batch)


def analyze(alias: str) -> None:
    """Bring the statistics up to date, from every page: samples would let the plans differ by chance."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("ANALYZE main")
            return
        for table in map(connection.ops.quote_name, connection.introspection.table_names(cursor)):
            cursor.execute(f"ALTER TABLE {table} STATS_SAMPLE_PAGES=65535")
            cursor.execute(f"ANALYZE TABLE {table}")
            cursor.fetchall()


def contents(count: int) -> Iterator[tuple]:
    """Rows of an article or a content: id, title, slug, created_at."""
    numbers = random.Random(1)
    for number in range(1, count + 1):
        words = numbers.choices(WORDS, k=3)
        yield number, f"{' '.join(words)} {number}", f"{'-'.join(words)}-{number}", at(number)


def comments(core_rows: int, count: int) -> Iterator[tuple]:
    """Rows of a comment: id, article, reply_to, created_at, flagged, text. Some articles have far more than others."""
    numbers = random.Random(2)
    for number in range(1, count + 1):
        article = int(core_rows * numbers.random() ** 2) + 1
        flagged = numbers.randrange(FLAGGED) == 0
        yield number, article, None, at(number), flagged, f"comment {number} on article {article}"


def at(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S")
