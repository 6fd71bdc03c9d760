"""Statements on a connection of its own, whose transactions begin and end by statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from django.db import Error

from causeway.names import quoted

Row = tuple[Any, ...]


class Session:
    """A connection in autocommit that nobody else uses: no wrapper, log or open block of Django's concerns it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.vendor: str = connection.vendor
        self.ops: Any = connection.ops
        self.name = partial(quoted, connection.ops)
        self.in_transaction = False

    @property
    def is_mariadb(self) -> bool:
        return bool(getattr(self.connection, "mysql_is_mariadb", False))

    def cursor(self) -> Any:
        """The driver's cursor, which takes ``%s`` on every engine."""
        self.connection.ensure_connection()
        with self.connection.wrap_database_errors:
            return self.connection.create_cursor()

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> list[Row]:
        """Execute a statement; its rows, if it has any."""
        cursor = self.cursor()
        with self.connection.wrap_database_errors:
            if params:
                cursor.execute(sql, tuple(params))
            else:
                cursor.execute(sql)
            rows = list(cursor.fetchall()) if cursor.description else []
            cursor.close()
        return rows

    def one(self, sql: str, params: Sequence[Any] | None = None) -> Row:
        return self.execute(sql, params)[0]

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each of the rows."""
        cursor = self.cursor()
        with self.connection.wrap_database_errors:
            cursor.executemany(sql, list(rows))
            cursor.close()

    def run(self, statements: Iterable[str]) -> None:
        for statement in statements:
            self.execute(statement)

    def begin(self, statement: str = "BEGIN") -> None:
        self.execute(statement)
        self.in_transaction = True

    def commit(self) -> None:
        self.execute("COMMIT")
        self.in_transaction = False

    def rollback(self) -> None:
        """End the transaction, if one is open; of a connection that is lost there is none."""
        if self.in_transaction:
            self.in_transaction = False
            with suppress(Error):
                self.execute("ROLLBACK")
