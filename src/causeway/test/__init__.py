"""Helpers for the tests of projects that use core models."""

from __future__ import annotations

from django.conf import settings
from django.test.utils import override_settings

__all__ = ["writable_core"]


class writable_core(override_settings):
    """Let tests write to core databases that the settings declare ``READ_ONLY``.

    A decorator for test cases and test methods, and a context manager. ``aliases`` are the
    core databases meant; all of them where none is given.
    """

    def __init__(self, *aliases: str) -> None:
        setting = {
            alias: {**entry, "READ_ONLY": False} if not aliases or alias in aliases else entry
            for alias, entry in settings.CAUSEWAY.items()
        }
        super().__init__(CAUSEWAY=setting)
