"""Staged: the rows a query needs, fetched from core first, stand there under the table's name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connections

from causeway.homes import table_names
from causeway.names import own_name
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
    """What stands in for a core table is called so: no table that the project knows has that name."""
    home, name = str(table.home), str(table)
    # Names may have dots.
    is_another = "." in home or f"{home}.{name}".lower() in table_names()
    return relation_name_of(home, name, is_another, connection.ops.max_name_length())


@cache
def relation_name_of(home: str, table: str, is_another: bool, longest: int | None) -> str:
    return own_name(repr((home, table)) if is_another else f"{home}.{table}", longest)
