"""The projects that are compared, each a process with settings of its own.

All hold the same apps and the same rows. What *linked* is measured by: a project with causeway, whose
tables stand in two databases, on PostgreSQL in two schemas of one; and a stock project with all tables in
one, whose alias "core" is the core database of the other, for ``using("core")``. What *staged* is
measured by is in ``peers``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.conf import settings

CAUSEWAY, DJANGO = "causeway.backends", "django.db.backends"
APPS = ["wire", "daily"]


class Unfit(Exception):
    """There is nothing to measure; the message says why."""


@dataclass(frozen=True)
class Server:
    """Where the databases of one engine are: a folder of files, or an address and an account."""

    engine: str
    folder: str = ""
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    throwaway: bool = False

    def name(self, database: str) -> str:
        """What ``NAME`` says of the database that the benchmark calls ``database``."""
        if self.engine == "sqlite3":
            return str(Path(self.folder) / f"{database}.sqlite3")
        return f"causeway_bench_{database}"

    def settings(self, backends: str, database: str, search_path: str = "public") -> dict[str, Any]:
        """An entry of ``DATABASES``."""
        entry = {
            "ENGINE": f"{backends}.{self.engine}",
            "NAME": self.name(database),
            "HOST": self.host,
            "PORT": self.port or "",
            "USER": self.user,
            "PASSWORD": self.password,
        }
        if self.engine == "postgresql":
            # No processes beside that of the connection: their work would not be counted.
            options = f"-c search_path={search_path} -c max_parallel_workers_per_gather=0"
            entry["OPTIONS"] = {"options": options}
        return entry

    def address(self) -> dict[str, Any]:
        """Keywords for a driver's connect()."""
        return {"host": self.host, "port": self.port, "user": self.user, "password": self.password}


@dataclass(frozen=True)
class Project:
    """What a process becomes.

    ``core`` is the alias of the database that has the core tables; ``spanning`` is the group of
    ``shapes.GROUPS`` that has the project's way to write the spanning queries.
    """

    name: str
    settings: dict[str, Any]
    core: str = "core"
    spanning: str = "spanning"


def causeway(server: Server) -> Project:
    """The project whose core models are linked."""
    core = {"MODELS": ["wire.Article"], "OWNER": True}
    if server.engine == "postgresql":
        core["SCHEMA"] = "core"
    return Project("causeway", {"DATABASES": linked_databases(CAUSEWAY, "local", server), **installed(core)})


def stock(server: Server, name: str = "stock") -> Project:
    """The project on Django alone, with all tables in its default database."""
    return Project(name, {"DATABASES": linked_databases(DJANGO, "whole", server)}, core="default")


def linked_databases(backends: str, default: str, server: Server) -> dict[str, Any]:
    if server.engine == "postgresql":
        # Its schemas are what other engines have databases for.
        return {
            "default": server.settings(backends, "linked", search_path=default),
            "core": server.settings(backends, "linked", search_path="core"),
        }
    return {"default": server.settings(backends, default), "core": server.settings(backends, "core")}


def installed(core: dict[str, Any]) -> dict[str, Any]:
    """The settings of a project that uses causeway."""
    return {
        "INSTALLED_APPS": ["causeway", *APPS],
        "DATABASE_ROUTERS": ["causeway.routers.CoreRouter"],
        "CAUSEWAY": {"core": core},
    }


def configure(project: Project) -> None:
    """Make this process the project. Once in a process."""
    common = {
        "INSTALLED_APPS": APPS,
        "USE_TZ": True,
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    }
    settings.configure(**{**common, **project.settings})
    django.setup()
