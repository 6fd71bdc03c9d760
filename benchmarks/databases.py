"""The databases and their rows: the same rows, under the same indexes, for both projects."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from django.core.management.color import no_style
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from projects import CAUSEWAY, Server, Unfit, configure

BATCH = 5_000
START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = ["harbour", "bridge", "council", "market", "railway", "festival", "orchard", "library", "weather"]
# One comment in so many is flagged.
FLAGGED = 1_000
DATABASES = ("core", "local", "whole")
# Room for all databases: a throwaway server has 128 MB, and would read from the disk instead.
BUFFER_POOL = 1 << 30


def make(server: Server, throwaway: bool) -> None:
    """Make the databases that a server lacks. Raises Unfit."""
    if server.engine == "mysql":
        make_mysql(server, throwaway)
    else:
        make_postgresql(server)


def refused(server: Server, reason: object) -> Unfit:
    return Unfit(f"Cannot make databases on {server.host}:{server.port} as {server.user!r}: {reason}.")


def make_mysql(server: Server, throwaway: bool) -> None:
    import MySQLdb

    account = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    try:
        with MySQLdb.connect(**account) as connection:
            for database in DATABASES:
                connection.query(
                    f"CREATE DATABASE IF NOT EXISTS {server.name(database)} CHARACTER SET utf8mb4"
                )
            if throwaway:
                connection.query(f"SET GLOBAL innodb_buffer_pool_size = {BUFFER_POOL}")
    except MySQLdb.Error as error:
        raise refused(server, error.args[-1]) from error


def make_postgresql(server: Server) -> None:
    """One database, whose schemas are what other engines have databases for."""
    import psycopg

    account = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    name = server.name("whole")
    try:
        with psycopg.connect(**account, dbname="postgres", autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(**account, dbname=name, autocommit=True) as connection:
            for database in DATABASES:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {database}")
    except psycopg.Error as error:
        raise refused(server, str(error).strip()) from error


def fill(side: str, server: Server, core_rows: int, local_rows: int) -> str:
    """Make the tables that the project lacks, with their rows; return what the engine calls itself."""
    if server.folder:
        Path(server.folder).mkdir(parents=True, exist_ok=True)
    configure(side, server)
    from daily.models import Comment, Content
    from wire.models import Article

    # The stock project has every table in its default database.
    core = "core" if side == CAUSEWAY else "default"
    tables = [(core, Article, contents(core_rows), core_rows)]
    if side == CAUSEWAY:
        tables.append((core, Content, contents(core_rows), core_rows))
    tables.append(("default", Comment, comments(core_rows, local_rows), local_rows))
    if any(row_count(alias, model) != count for alias, model, _, count in tables):
        for alias, model, _, _ in reversed(tables):
            drop_table(alias, model)
        for alias, model, rows, _ in tables:
            make_table(alias, model, rows)
        analyze(core)
        analyze("default")
    connection = connections["default"]
    connection.ensure_connection()
    return f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"


def row_count(alias: str, model: type[Model]) -> int | None:
    """The number of the table's rows; None where there is no table."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        if str(model._meta.db_table) not in connection.introspection.table_names(cursor):
            return None
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(model._meta.db_table)}")
        return cursor.fetchone()[0]


def drop_table(alias: str, model: type[Model]) -> None:
    connection = connections[alias]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {connection.ops.quote_name(model._meta.db_table)}")


def make_table(alias: str, model: type[Model], rows: Iterator[tuple]) -> None:
    connection = connections[alias]
    with connection.schema_editor() as editor:
        editor.create_model(model)
        # The indexes wait until the editor closes: they are made from all rows at once.
        insert(connection, model, rows)
    with connection.cursor() as cursor:
        # The rows brought their keys: PostgreSQL counts on from the last one that it gave itself.
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


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
        if connection.vendor == "postgresql":
            analyze_postgresql(connection, cursor)
            return
        for table in map(connection.ops.quote_name, connection.introspection.table_names(cursor)):
            cursor.execute(f"ALTER TABLE {table} STATS_SAMPLE_PAGES=65535")
            cursor.execute(f"ANALYZE TABLE {table}")
            cursor.fetchall()


def analyze_postgresql(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
    tables = connection.introspection.table_names(cursor)
    if "comment" in tables:
        # The column with the most detailed statistics decides how many rows are looked at for all:
        # every one, so. Those of a boolean stay short, and planning quick.
        cursor.execute("ALTER TABLE comment ALTER flagged SET STATISTICS 10000")
    for table in map(connection.ops.quote_name, tables):
        # The server would vacuum by itself some time later, and disturb the figures.
        cursor.execute(f"VACUUM ANALYZE {table}")


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
