"""Staged: the rows a query needs, fetched from core first, stand there under the table's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.backends.utils import truncate_name

from causeway.placements.base import Placement

if TYPE_CHECKING:
    from causeway.homes import Table


class Staged(Placement):
    """For databases on other servers or engines: nothing but the two connections is needed."""

    is_linked = False

    def obstacle(self, connection: Any, home: str) -> str | None:
        for other in (connection, connections[home]):
            if not hasattr(other, "link_obstacle"):
                return f"the ENGINE of {other.alias!r}, {other.settings_dict['ENGINE']!r}, is not one of causeway's"
        return None

    def target(self, connection: Any, table: Table) -> str:
        return str(connection.ops.quote_name(relation_name(connection, table)))


def relation_name(connection: Any, table: Table) -> str:
    """What stands in for a core table is called so: no table of the child's can have that name."""
    return truncate_name(f"{table.home}.{table}", connection.ops.max_name_length())
