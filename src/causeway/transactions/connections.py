"""Connections beside those that Django keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import Error, connections


def is_test_database(alias: str) -> bool:
    """Whether the database behind an alias was made for tests."""
    return bool(getattr(connections[alias].creation, "is_test_database", False))


@contextmanager
def opened(alias: str) -> Iterator[Any]:
    """A further connection to a database, in autocommit, which no transaction of the caller concerns.

    It is of no pool. Raises the driver's error where the database is away.
    """
    connection: Any = connections[alias].copy()
    connection.settings_dict["AUTOCOMMIT"] = True
    connection.settings_dict["OPTIONS"].pop("pool", None)
    try:
        connection.ensure_connection()
        connection.send_one_at_a_time()
        if connection.sql_to_read_what_is_committed:
            with connection.cursor() as cursor:
                cursor.execute(connection.sql_to_read_what_is_committed)
        yield connection
    finally:
        connection.close()


@contextmanager
def waiting_briefly(connection: Any) -> Iterator[None]:
    """A transaction on such a connection, in which a statement that meets a lock gives up after a second."""
    connection.set_autocommit(False)
    try:
        with connection.cursor() as cursor:
            cursor.execute(connection.sql_to_wait_briefly)
        yield
        connection.commit()
    except BaseException:
        with suppress(Error):
            connection.rollback()
        raise
    finally:
        with suppress(Error):
            connection.set_autocommit(True)
