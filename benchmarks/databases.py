"""The databases and their rows: the same rows, under the same indexes, for both projects."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from django.apps import apps
from django.core.management.color import no_style
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from projects import Project, Server, Unfit, configure

BATCH = 5_000
START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = ["harbour", "bridge", "council", "market", "railway", "festival", "orchard", "library", "weather"]
# One comment in so many is flagged.
FLAGGED = 1_000
# Those of the linked projects.
DATABASES = ("core", "local", "whole")
# Room for all databases: a throwaway server has 128 MB, and would read from the disk instead.
BUFFER_POOL = 1 << 30


def make(server: Server, databases: Iterable[str]) -> None:
    """Make the databases that a server lacks. Raises Unfit."""
    if server.engine == "mysql":
        make_mysql(server, databases)
    elif server.engine == "postgresql":
        for database in databases:
            make_postgresql(server, database)
    else:
        Path(server.folder).mkdir(parents=True, exist_ok=True)


def make_linked(server: Server) -> None:
    """Make the databases of the linked projects. Raises Unfit."""
    if server.engine == "postgresql":
        # Its schemas are what other engines have databases for.
        make_postgresql(server, "linked", DATABASES)
    else:
        make(server, DATABASES)


def refused(server: Server, reason: object) -> Unfit:
    return Unfit(f"Cannot make databases on {server.host}:{server.port} as {server.user!r}: {reason}.")


def make_mysql(server: Server, databases: Iterable[str]) -> None:
    import MySQLdb

    try:
        with MySQLdb.connect(**server.address()) as connection:
            for database in databases:
                connection.query(
                    f"CREATE DATABASE IF NOT EXISTS {server.name(database)} CHARACTER SET utf8mb4"
                )
            if server.throwaway:
                connection.query(f"SET GLOBAL innodb_buffer_pool_size = {BUFFER_POOL}")
    except MySQLdb.Error as error:
        raise refused(server, error.args[-1]) from error


def make_postgresql(server: Server, database: str, schemas: Iterable[str] = ()) -> None:
    import psycopg

    name = server.name(database)
    try:
        with psycopg.connect(**server.address(), dbname="postgres", autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(**server.address(), dbname=name, autocommit=True) as connection:
            for schema in schemas:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    except psycopg.Error as error:
        raise refused(server, str(error).strip()) from error


def fill(project: Project, core_rows: int, local_rows: int) -> str:
    """Make the tables that the project lacks, with their rows; return what its engines call themselves."""
    configure(project)
    from daily.models import Comment, Content
    from wire.models import Article

    core, linked = project.core, apps.is_installed("causeway")
    tables = [(core, Article, contents(core_rows), core_rows)]
    if linked:
        tables.append((core, Content, contents(core_rows), core_rows))
    tables.append(("default", Comment, comments(core_rows, local_rows), local_rows))
    # Where core is another database, stock Django would refer to a table that is not there.
    Comment._meta.get_field("article").db_constraint = linked or core == "default"
    if any(row_count(alias, model) != count for alias, model, _, count in tables):
        for alias, model, _, _ in reversed(tables):
            drop_table(alias, model)
        for alias, model, rows, _ in tables:
            make_table(alias, model, rows)
        analyze(core)
        analyze("default")
    return " with core in ".join(dict.fromkeys([said("default"), said(core)]))


def said(alias: str) -> str:
    """What the engine calls itself."""
    connection = connections[alias]
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
