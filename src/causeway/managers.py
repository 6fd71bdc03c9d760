"""``CoreManager``: the rows that live in the core database."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from django.core.exceptions import ImproperlyConfigured
from django.db import models

from causeway.conf import cores

_T = TypeVar("_T", bound=models.Model, covariant=True)


class CoreManager(models.Manager[_T]):
    """A manager of the core database's rows of a model that has rows in both.

    ``using`` is the alias of the core database; it may be left out where ``CAUSEWAY`` names
    only one. In a project without ``CAUSEWAY``, the core project itself, it manages the
    project's own rows. Raises ``ImproperlyConfigured`` at the first query where there are
    several and none is named, or the named one is unknown.
    """

    reads_core = True

    def __init__(self, using: str | None = None) -> None:
        super().__init__()
        self.core = using

    @property
    def core_alias(self) -> str | None:
        """The alias of the core database, or None in the core project itself."""
        aliases = list(cores())
        if not aliases:
            return None
        if self.core is None and len(aliases) == 1:
            return aliases[0]
        if self.core in aliases:
            return self.core
        asked = "names no core database" if self.core is None else f"names {self.core!r}"
        raise ImproperlyConfigured(
            f"The CoreManager {self.name!r} of {self.model._meta.label} {asked}. "
            f"It must be one of CAUSEWAY: {', '.join(map(repr, aliases))}. "
            f"Write CoreManager(using={aliases[0]!r})."
        )

    @property
    def db(self) -> str:
        return self._db or self.core_alias or super().db

    def get_queryset(self) -> models.QuerySet[_T]:
        queryset: Any = super().get_queryset()
        queryset._db = self._db or self.core_alias
        return cast("models.QuerySet[_T]", queryset)
