"""The log and the triggers, as each engine has them."""

from typing import Any

from causeway.feed.triggers.base import Triggers
from causeway.feed.triggers.mysql import MySQLTriggers
from causeway.feed.triggers.postgresql import PostgreSQLTriggers
from causeway.feed.triggers.sqlite3 import SQLiteTriggers

__all__ = ["Triggers", "triggers_of"]

BY_VENDOR: dict[str, type[Triggers]] = {
    "mysql": MySQLTriggers,
    "postgresql": PostgreSQLTriggers,
    "sqlite": SQLiteTriggers,
}


def triggers_of(connection: Any) -> Triggers:
    """What makes the log and its triggers in the database of a connection. Raises NotImplementedError."""
    if connection.vendor not in BY_VENDOR:
        raise NotImplementedError(f"There is no change feed for {connection.display_name}.")
    return BY_VENDOR[connection.vendor](connection)
