"""How a core table comes to stand in the database where a query runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections

from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.exceptions import PlacementError
from causeway.homes import Table
from causeway.placements.base import Placement
from causeway.placements.linked import Linked
from causeway.placements.mirrored import copy_of
from causeway.placements.staged import Staged

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

__all__ = ["AVAILABLE", "Placement", "is_linked", "is_linked_on", "is_placed", "obstacle", "table", "target"]

AVAILABLE: dict[str, Placement] = {"linked": Linked(), "staged": Staged()}
DEFAULT = "linked"


def obstacle(connection: BaseDatabaseWrapper, home: str) -> str | None:
    """Why core tables of ``home`` cannot stand on ``connection``, as a clause; None if they can."""
    if home not in connections.settings:
        return f"DATABASES has no alias {home!r}"
    name = cores()[home].placement or DEFAULT
    placement = AVAILABLE.get(name)
    if placement is None:
        return f"the placement {name!r} is not available in this version"
    return placement.obstacle(connection, home)


def is_linked(home: str) -> bool:
    """Whether the core tables of ``home`` are linked on the child's own connection."""
    return is_linked_on(connections[LOCAL_ALIAS], home)


def is_linked_on(connection: BaseDatabaseWrapper, home: str) -> bool:
    """Whether the core tables of ``home`` themselves stand on the connection, under qualified names."""
    return placement_of(home).is_linked and obstacle(connection, home) is None


def is_placed(home: str) -> bool:
    """Whether queries of the child reach the core tables of ``home``, by whatever placement."""
    return obstacle(connections[LOCAL_ALIAS], home) is None


def placement_of(home: str) -> Placement:
    """The placement that a core database has, or would have if it could."""
    return AVAILABLE.get(cores()[home].placement or DEFAULT) or AVAILABLE[DEFAULT]


def target(connection: BaseDatabaseWrapper, table: Table) -> str:
    """The SQL that names a core table in a statement of a connection that is not its home's.

    Raises PlacementError where no placement can put it there.
    """
    home = table.home
    if home is None:
        raise ValueError(f"{str(table)!r} is a local table.")
    if why := obstacle(connection, home):
        raise PlacementError(
            f"Cannot use the table {str(table)!r} in a query on {connection.alias!r}: its home is the core "
            f"database {home!r}, and {why}. Query the core models by themselves, or put both databases "
            f"on one server (one engine, the same HOST and PORT) so that they can be linked."
        )
    return AVAILABLE[cores()[home].placement or DEFAULT].target(connection, table)


def table(model: type[Model], using: str = LOCAL_ALIAS) -> str:
    """The name to give a model's table in raw SQL on the connection ``using``, quoted.

    It is qualified for a core model: ``cursor.execute(f"SELECT count(*) FROM {table(Article)}")``.
    Ask each time, do not keep it: under a test runner it names the test database. In a statement with parameters, a
    percent sign in it is doubled, as in any name.
    Raises PlacementError where the table does not stand on that connection.
    """
    connection = connections[using]
    name = model._meta.db_table
    if isinstance(name, Table) and name.home not in {None, using}:
        if using == LOCAL_ALIAS and (copy := copy_of(name)):
            return str(connection.ops.quote_name(copy))
        refuse_staged(connection, name)
        return target(connection, name)
    is_local = getattr(name, "home", None) is None and not getattr(name, "in_core", False)
    if using in cores() and is_local and model._meta.managed:
        raise PlacementError(
            f"Cannot name the table {str(name)!r} of {model._meta.label} on the core database {using!r}: it is a local "
            f"model, and core knows no child. Use the connection {LOCAL_ALIAS!r}, which reaches the tables of both."
        )
    return connection.ops.quote_name(name)


def refuse_staged(connection: BaseDatabaseWrapper, table: Table) -> None:
    """Raise PlacementError if the table is there for a connection in queries of the ORM alone."""
    home = table.home
    if home in staged_cores() and obstacle(connection, home) is None:
        raise PlacementError(staged_in_raw_sql(connection, table))


def staged_in_raw_sql(connection: BaseDatabaseWrapper, table: Table) -> str:
    """Why raw SQL finds no table of a staged core on a connection, and what to do."""
    return (
        f"Cannot name the table {str(table)!r} in raw SQL on {connection.alias!r}: its home is the core database "
        f"{table.home!r}, whose tables are staged, and stand here only while a queryset is executed. Use a "
        f"queryset, run the SQL on connections[{table.home!r}], or link the core database."
    )
