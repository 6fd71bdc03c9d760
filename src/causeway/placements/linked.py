"""Linked: the core table itself, under its qualified name on the child's connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import connections

from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.homes import reaches_core
from causeway.names import quoted
from causeway.placements.base import Placement

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from causeway.homes import Table


class Linked(Placement):
    """For databases of one server, or SQLite files: one connection reaches both."""

    is_linked = True

    def obstacle(self, connection: Any, home: str) -> str | None:
        if connection.alias in staged_cores():
            # On the same server, too, its transactions are others: a constraint would have one wait for the other.
            return f"{connection.alias!r} is a staged core, whose tables stand by themselves"
        local: Any = connections[LOCAL_ALIAS]
        if is_another_to_child(connection) and connection.vendor == local.vendor:
            # A replica is of the whole server: whether it has the core tables too, it says itself.
            connection = local
        link_obstacle: Callable[[BaseDatabaseWrapper], str | None] | None = getattr(
            connection, "link_obstacle", None
        )
        if link_obstacle is None:
            return f"the ENGINE of {connection.alias!r}, {connection.settings_dict['ENGINE']!r}, is not one of causeway's"
        return link_obstacle(connections[home])

    def target(self, connection: Any, table: Table) -> str:
        ops = connection.ops
        # The name is looked up at each compilation, never kept: under a test runner it is
        # the test database's.
        return f"{quoted(ops, connection.linked_name(table.home))}.{ops.quote_name(table)}"


def is_another_to_child(connection: Any) -> bool:
    """Whether a connection is a further one to the child's database, or one to a replica of it."""
    return connection.alias not in {LOCAL_ALIAS, *cores()} and reaches_core(connection.alias)
