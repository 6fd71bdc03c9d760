"""Whether spanning queries of few core rows leave anything in PostgreSQL's catalog, where temporary tables do."""

from __future__ import annotations

from time import sleep
from typing import NamedTuple

import psycopg
import worker
from measure import process
from peers import LOCAL, Shores, by_hand, staged
from projects import Project, Server

QUERIES = 10_000
# Of the spanning queries, those that need few core rows.
SMALL = slice(0, 3)
# Temporary tables made by hand, to see that the counts show such.
TABLES = 10
CATALOG = ("pg_class", "pg_attribute")


class Extent(NamedTuple):
    """A catalog table: its rows, its dead rows, its size, and the rows that were ever written into it."""

    rows: int
    dead: int
    size: int
    inserted: int


def extents(server: Server) -> dict[str, Extent]:
    """What stands in the tables' pages, and what the server's statistics add."""
    with psycopg.connect(**server.address(), dbname=server.name(LOCAL), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pgstattuple")
        wait_for_others(connection)
        return {table: extent(connection, table) for table in CATALOG}


def wait_for_others(connection: psycopg.Connection) -> None:
    """A connection adds what it did to the statistics when it ends, a moment after its process did."""
    others = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    while connection.execute(others).fetchone():
        sleep(0.05)


def extent(connection: psycopg.Connection, table: str) -> Extent:
    counted = "SELECT tuple_count, dead_tuple_count, table_len, pg_stat_get_tuples_inserted(%s::regclass) "
    return Extent(*connection.execute(counted + "FROM pgstattuple(%s)", [table, table]).fetchone())


def measure(shores: Shores) -> dict[str, dict[str, Extent]]:
    """The extents at the start, and after each step."""
    server = shores.local
    found = {"at the start": extents(server)}
    run(staged(shores), "spanning", SMALL, QUERIES)
    found[f"after {QUERIES:,} staged queries"] = extents(server)
    run(by_hand(shores), "shipping", SMALL, TABLES)
    found[f"after {TABLES:,} temporary tables made by hand"] = extents(server)
    return found


def run(project: Project, group: str, chosen: slice, times: int) -> None:
    with process(project) as peer:
        peer.start()
        peer.ask(worker.repeat, group, peer.ask(worker.names, group)[chosen], times)


def report(found: dict[str, dict[str, Extent]]) -> None:
    print("\n## The catalog of the local database\n")
    columns = [f"{table}: {what}" for table in CATALOG for what in ("rows", "dead", "bytes", "ever written")]
    print(f"| | {' | '.join(columns)} |")
    print(f"|---|{'---:|' * len(columns)}")
    for when, tables in found.items():
        cells = [f"{number:,}" for table in CATALOG for number in tables[table]]
        print(f"| {when} | {' | '.join(cells)} |", flush=True)
