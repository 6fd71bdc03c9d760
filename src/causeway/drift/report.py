"""All differences between the models of this project and a core database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from causeway.conf import LOCAL_ALIAS
from causeway.drift.catalog import Catalog, LiveTable
from causeway.drift.comparison import Comparison, Difference
from causeway.drift.joins import joins_to
from causeway.drift.mysql import MySQLCatalog
from causeway.drift.postgresql import PostgreSQLCatalog
from causeway.drift.shared import shared_models
from causeway.drift.sqlite import SQLiteCatalog
from causeway.placements import is_linked

if TYPE_CHECKING:
    from django.db.models import Model

# By the vendor, which a backend that derives from one of Django's keeps.
CATALOGS: dict[str, type[Catalog]] = {
    "mysql": MySQLCatalog,
    "postgresql": PostgreSQLCatalog,
    "sqlite": SQLiteCatalog,
}


def differences(home: str, models: Iterable[type[Model]] | None = None) -> list[Difference]:
    """The differences between the models and the tables of a core database, model by model.

    ``models`` are the ones compared, all of them by default. It asks the connection on which
    core models are queried. Raises ``django.db.Error`` where that cannot be reached, and
    ``ImproperlyConfigured`` for an engine whose catalog is not known.
    """
    core, local = catalogs(home)
    wanted = None if models is None else set(models)
    compared = [model for model in shared_models(home) if wanted is None or model in wanted]
    joins = [join for join in joins_to(home) if wanted is None or join.model in wanted] if local else []
    core_tables = read(core, [*compared, *(join.core_model for join in joins)])
    found: list[Difference] = []
    for model in compared:
        found += Comparison(core, home, model, core_tables).differences()
    if local:
        local_tables = read(local, [join.model for join in joins])
        for join in joins:
            found += join.differences(local, local_tables, core_tables)
    return found


def compared_models(home: str) -> list[type[Model]]:
    """The models that something of the core database can differ from: shared ones, and local ones joined to it."""
    return list(dict.fromkeys([*shared_models(home), *(join.model for join in joins_to(home))]))


def catalogs(home: str) -> tuple[Catalog, Catalog | None]:
    """The catalog of the core tables, and that of the local ones where a query reaches both."""
    linked = is_linked(home)
    connection: Any = connections[LOCAL_ALIAS if linked else home]
    catalog = CATALOGS.get(connection.vendor)
    if catalog is None:
        raise ImproperlyConfigured(
            f"Cannot compare the models with the core database {home!r}: causeway knows the catalogs of "
            f"{', '.join(CATALOGS)}, not that of {connection.vendor}."
        )
    if not linked:
        return catalog(connection), None
    return catalog(connection, connection.linked_name(home)), catalog(connection)


def read(catalog: Catalog, models: Iterable[type[Model]]) -> dict[str, LiveTable]:
    return catalog.tables({catalog.table_key(model._meta.db_table) for model in models})
