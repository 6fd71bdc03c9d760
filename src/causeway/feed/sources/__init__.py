"""Reading core's change log, as each engine lets it be read without losing a row."""

from typing import Any

from causeway.feed.sources.base import Changes, Head, Source
from causeway.feed.sources.mysql import MySQLSource
from causeway.feed.sources.postgresql import PostgreSQLSource
from causeway.feed.sources.sqlite3 import SQLiteSource

__all__ = ["Changes", "Head", "Source", "source_on"]

BY_VENDOR: dict[str, type[Source]] = {
    "mysql": MySQLSource,
    "postgresql": PostgreSQLSource,
    "sqlite": SQLiteSource,
}


def source_on(connection: Any) -> Source:
    """What reads the log over a connection, which it keeps for itself. Raises NotImplementedError."""
    if connection.vendor not in BY_VENDOR:
        raise NotImplementedError(f"There is no change feed of {connection.display_name}.")
    return BY_VENDOR[connection.vendor](connection)
