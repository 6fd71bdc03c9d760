"""The local database of PostgreSQL with foreign tables for those of core, in two ways to set them up."""

from __future__ import annotations

import psycopg
from databases import refused
from peers import CORE, LOCAL, Shores
from psycopg import sql

# By the schema of the foreign tables: the options of their server. The first are the defaults.
WAYS = {"fdw": {}, "fdw_tuned": {"use_remote_estimate": "true", "fetch_size": "10000"}}


def make(shores: Shores) -> None:
    """Make them anew. Raises Unfit."""
    local = shores.local
    try:
        with psycopg.connect(**local.address(), dbname=local.name(LOCAL), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgres_fdw")
            for way, options in WAYS.items():
                make_tables(connection, shores, way, options)
            # One who tunes gives the planner statistics as well.
            connection.execute("ANALYZE fdw_tuned.article")
    except psycopg.Error as error:
        raise refused(local, str(error).strip()) from error


def make_tables(connection: psycopg.Connection, shores: Shores, way: str, options: dict[str, str]) -> None:
    core = shores.core
    address = {"host": core.host, "port": str(core.port), "dbname": core.name(CORE), **options}
    account = {"user": core.user, "password": core.password}
    name = sql.Identifier(way)
    for statement in (
        sql.SQL("DROP SERVER IF EXISTS {} CASCADE").format(name),
        sql.SQL("DROP SCHEMA IF EXISTS {}").format(name),
        sql.SQL("CREATE SCHEMA {}").format(name),
        sql.SQL("CREATE SERVER {} FOREIGN DATA WRAPPER postgres_fdw {}").format(name, written(address)),
        sql.SQL("CREATE USER MAPPING FOR CURRENT_USER SERVER {} {}").format(name, written(account)),
        sql.SQL("IMPORT FOREIGN SCHEMA public LIMIT TO (article) FROM SERVER {} INTO {}").format(name, name),
    ):
        connection.execute(statement)


def written(options: dict[str, str]) -> sql.Composed:
    pairs = (
        sql.SQL("{} {}").format(sql.Identifier(name), sql.Literal(value)) for name, value in options.items()
    )
    return sql.SQL("OPTIONS ({})").format(sql.SQL(", ").join(pairs))
