"""The two projects that are compared: one with causeway, one with Django alone.

Both hold the same apps and the same rows. The causeway project keeps them in two databases,
the stock project in one; its alias "core" is the core database of the other, for
``using("core")``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.conf import settings

import causeway

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
        """The name of the database that the benchmark calls ``database``."""
        if self.engine == "sqlite3":
            return str(Path(self.folder) / f"{database}.sqlite3")
        return f"causeway_bench_{database}"


def configure(side: str, server: Server) -> None:
    """Make this process one of the two projects. Once in a process."""
    backends = "causeway.backends" if side == CAUSEWAY else "django.db.backends"
    default: dict[str, Any] = {
        "ENGINE": f"{backends}.{server.engine}",
        "NAME": server.name("local" if side == CAUSEWAY else "whole"),
        "HOST": server.host,
        "PORT": server.port or "",
        "USER": server.user,
        "PASSWORD": server.password,
    }
    databases = {"default": default, "core": causeway.sibling(default, NAME=server.name("core"))}
    common = {"DATABASES": databases, "USE_TZ": True, "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField"}
    if side == STOCK:
        settings.configure(**common, INSTALLED_APPS=APPS)
    else:
        settings.configure(
            **common,
            INSTALLED_APPS=["causeway", *APPS],
            DATABASE_ROUTERS=["causeway.routers.CoreRouter"],
            CAUSEWAY={"core": {"MODELS": ["wire.Article"], "OWNER": True}},
        )
    django.setup()
