"""The databases of a run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import servers
from tests.databases import SERVER_DATABASES, Databases, PostgreSQLDatabases, SQLiteDatabases

# A folder in memory, where there is one: nothing has to survive, and no commit waits for a disk.
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class SeparateDatabases(PostgreSQLDatabases):
    """Databases of a PostgreSQL server, each for itself, as Django's tests expect them."""

    def name(self, short: str) -> str:
        return f"{self.database}_{short}"

    def settings(self, short: str) -> dict[str, Any]:
        return {**super().settings(short), "OPTIONS": {}}

    def create(self, short: str) -> None:
        self.on_server(f'CREATE DATABASE "{self.name(short)}"')

    def drop(self, short: str) -> None:
        for name in (self.name(short), f"test_{self.name(short)}"):
            self.on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def databases_of(product: str) -> Iterator[Databases]:
    """Databases on one engine, on a running or a throwaway server. Raises ServerError."""
    if kind := servers.SERVERS.get(product):
        found = SeparateDatabases if product == "postgresql" else SERVER_DATABASES[product]
        with kind.stands() as server:
            yield found(server, f"fidelity{os.getpid()}")
    else:
        with tempfile.TemporaryDirectory(prefix="causeway-fidelity-", dir=IN_MEMORY) as folder:
            yield SQLiteDatabases(Path(folder))
