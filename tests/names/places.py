"""Databases whose names are any text, made, read and dropped over the engine's own driver.

Nothing here goes through Django, whose quoting is what is tested.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.databases import RUN_VARIABLE, engine_of
from tests.servers import SERVERS, Server

# How much of a name is kept: characters on MySQL and MariaDB, bytes on PostgreSQL.
LONGEST = {"sqlite3": 120, "mysql": 64, "mariadb": 64, "postgresql": 63}

TABLES = {
    "sqlite3": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    "mysql": "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}


class Place(NamedTuple):
    """Where the tables of a project stand. ``name`` is the database's, ``schema`` one of PostgreSQL's within it."""

    product: str
    name: str
    schema: str = ""

    @property
    def engine(self) -> str:
        return engine_of(self.product)

    @property
    def server(self) -> Server:
        variable = SERVERS[self.product].variable
        return Server.parse(os.environ[variable], variable)

    def settings(self) -> dict[str, Any]:
        """An entry of ``DATABASES``, with Django's own backend."""
        found: dict[str, Any] = {"ENGINE": f"django.db.backends.{self.engine}", "NAME": self.name}
        if self.engine == "sqlite3":
            # In a file, as in a deployment.
            return {**found, "TEST": {"NAME": f"{self.name} (test)"}}
        found |= {"HOST": self.server.host, "PORT": self.server.port}
        found |= {"USER": self.server.user, "PASSWORD": self.server.password}
        if self.engine == "mysql":
            found |= {"OPTIONS": {"charset": "utf8mb4"}, "TEST": {"CHARSET": "utf8mb4"}}
        if self.schema:
            found |= {"OPTIONS": {"options": search_path(self.schema)}}
        return found

    def quoted(self, name: str) -> str:
        return in_quotes(name, "`" if self.engine == "mysql" else '"')

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(connect(self)) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            connection.commit()
            return rows

    def dump(self) -> dict[str, list[str]]:
        """The rows of each table, as text, but of those that this library keeps of transactions."""
        return {
            table: sorted(map(repr, self.rows(f"SELECT * FROM {self.quoted(table)}")))
            for (table,) in self.rows(TABLES[self.engine])
            if not table.startswith("causeway_")
        }


def in_quotes(text: str, quote: str) -> str:
    return quote + text.replace(quote, quote * 2) + quote


def search_path(schema: str) -> str:
    """What libpq takes for the option: it splits at white space, where no backslash is before it."""
    path = in_quotes(schema, '"')
    escaped = "".join(f"\\{character}" if character in " \t\n\\" else character for character in path)
    return f"-c search_path={escaped}"


def connect(place: Place) -> Any:
    """A connection to the database, or to none of them where it has no name."""
    if place.engine == "sqlite3":
        return sqlite3.connect(place.name)
    server = place.server
    login = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    if place.engine == "mysql":
        import MySQLdb  # only where this engine is tested

        return MySQLdb.connect(charset="utf8mb4", **login, **({"database": place.name} if place.name else {}))
    import psycopg  # only where this engine is tested

    return psycopg.connect(
        dbname=place.name or "postgres",
        options=search_path(place.schema) if place.schema else "",
        autocommit=not place.name,
        **login,
    )


def full_name(product: str, name: str, folder: Path) -> str:
    """The name of a database: that of a test, told from those of other runs."""
    if product == "sqlite3":
        return str(folder / name.replace("/", "\N{FRACTION SLASH}"))
    return f"causeway_{os.environ[RUN_VARIABLE]}_{name}"


@contextmanager
def standing(*places: Place) -> Iterator[None]:
    """Empty databases, for as long as the block runs. The test databases of their names are dropped as well."""
    names = dict.fromkeys((place.product, place.name) for place in places if place.engine != "sqlite3")
    try:
        for product, name in names:
            server = Place(product, "")
            characters = " CHARACTER SET utf8mb4" if server.engine == "mysql" else ""
            server.rows(f"CREATE DATABASE {server.quoted(name)}{characters}")
        for place in places:
            if place.schema:
                place.rows(f"CREATE SCHEMA {place.quoted(place.schema)}")
        yield
    finally:
        for product, name in names:
            server = Place(product, "")
            force = " WITH (FORCE)" if server.engine == "postgresql" else ""
            for each in (name, f"test_{name}"):
                server.rows(f"DROP DATABASE IF EXISTS {server.quoted(each)}{force}")
