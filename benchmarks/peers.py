"""What *staged* is measured by: other ways to have core rows beside local ones.

==============  ==================================================================================
``whole``       all tables in one database, stock Django
``fdw``         PostgreSQL: foreign tables in the local database, as postgres_fdw is set up by default
``fdw-tuned``   the same with remote estimates, statistics, and large fetches
``by-hand``     two aliases, stock Django: the two steps that a careful developer writes (``by_hand``)
``staged``      causeway
==============  ==================================================================================

All but ``whole`` share a local and a core database, which have no link to each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from projects import CAUSEWAY, DJANGO, Project, Server, installed

WHOLE, LOCAL, CORE = "whole", "apart_local", "apart_core"


@dataclass(frozen=True)
class Shores:
    """The server of the local database, and the server of the core database."""

    local: Server
    core: Server

    def by_way_of(self, port: int) -> Shores:
        """The same, with core reached over a relay on this machine."""
        return replace(self, core=replace(self.core, host="127.0.0.1", port=port))


def whole(shores: Shores) -> Project:
    return Project("whole", {"DATABASES": {"default": shores.local.settings(DJANGO, WHOLE)}}, core="default")


def foreign(shores: Shores, name: str, schema: str) -> Project:
    default = shores.local.settings(DJANGO, LOCAL, search_path=f"{schema},public")
    settings = {"DATABASES": {"default": default}, "CORE_TABLES_ARE_FOREIGN": True}
    return Project(name, settings, core="default")


def by_hand(shores: Shores) -> Project:
    return Project("by-hand", {"DATABASES": databases(DJANGO, shores)}, spanning="by-hand")


def staged(shores: Shores) -> Project:
    core = {"MODELS": ["wire.Article"], "PLACEMENT": "staged"}
    return Project("staged", {"DATABASES": databases(CAUSEWAY, shores), **installed(core)})


def databases(backends: str, shores: Shores) -> dict:
    return {
        "default": shores.local.settings(backends, LOCAL),
        "core": shores.core.settings(backends, CORE),
    }


def all_peers(shores: Shores) -> list[Project]:
    """In the order of the table's columns."""
    between = []
    if shores.local.engine == shores.core.engine == "postgresql":
        between = [foreign(shores, "fdw", "fdw"), foreign(shores, "fdw-tuned", "fdw_tuned")]
    return [whole(shores), *between, by_hand(shores), staged(shores)]
