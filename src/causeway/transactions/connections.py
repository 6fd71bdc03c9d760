"""Connections beside those that Django keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections


@contextmanager
def opened(alias: str) -> Iterator[Any]:
    """A further connection to a database, in autocommit, which no transaction of the caller concerns.

    A statement of it that meets a lock gives up after a second. Raises the driver's error where the
    database is away.
    """
    connection: Any = connections[alias].copy()
    connection.settings_dict["AUTOCOMMIT"] = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(connection.sql_to_wait_briefly)
        yield connection
    finally:
        connection.close()
