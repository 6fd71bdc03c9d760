"""The interface the placements share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from causeway.homes import Table


class Placement(ABC):
    """How core tables come to stand in the database of a connection."""

    # Whether the core tables themselves stand there, so that one connection reaches both.
    is_linked: bool

    @abstractmethod
    def obstacle(self, connection: BaseDatabaseWrapper, home: str) -> str | None:
        """Why tables of ``home`` cannot be placed on ``connection`` this way, as a clause; None if they can."""

    @abstractmethod
    def target(self, connection: BaseDatabaseWrapper, table: Table) -> str:
        """The SQL that names the core table in a statement of ``connection``."""
