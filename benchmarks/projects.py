"""The two projects that are compared: one with causeway, one with Django alone.

Both hold the same apps and the same rows. The causeway project keeps them in two databases, on
PostgreSQL in two schemas of one, the stock project in one; its alias "core" is the core database
of the other, for ``using("core")``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.conf import settings

CAUSEWAY, STOCK = "causeway", "stock"
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

    def name(self, database: str) -> str:
        """What ``NAME`` says of the database that the benchmark calls ``database``."""
        if self.engine == "sqlite3":
            return str(Path(self.folder) / f"{database}.sqlite3")
        if self.engine == "postgresql":
            # Its databases are schemas of this one.
            return "causeway_bench"
        return f"causeway_bench_{database}"

    def settings(self, backends: str, database: str) -> dict[str, Any]:
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
            options = f"-c search_path={database} -c max_parallel_workers_per_gather=0"
            entry["OPTIONS"] = {"options": options}
        return entry


def configure(side: str, server: Server) -> None:
    """Make this process one of the two projects. Once in a process."""
    backends = "causeway.backends" if side == CAUSEWAY else "django.db.backends"
    databases = {
        "default": server.settings(backends, "local" if side == CAUSEWAY else "whole"),
        "core": server.settings(backends, "core"),
    }
    common = {"DATABASES": databases, "USE_TZ": True, "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField"}
    if side == STOCK:
        settings.configure(**common, INSTALLED_APPS=APPS)
    else:
        core = {"MODELS": ["wire.Article"], "OWNER": True}
        if server.engine == "postgresql":
            core["SCHEMA"] = "core"
        settings.configure(
            **common,
            INSTALLED_APPS=["causeway", *APPS],
            DATABASE_ROUTERS=["causeway.routers.CoreRouter"],
            CAUSEWAY={"core": core},
        )
    django.setup()
