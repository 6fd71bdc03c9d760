"""The temporary tables of one query."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import DatabaseError, Error

from causeway.backends.base.statements import of_temporary
from causeway.backends.base.vehicles import NoTemporaryTables

if TYPE_CHECKING:
    from collections.abc import Callable

    from causeway.placements.staged.relation import Relation


def new_name() -> str:
    return f"causeway_{uuid4().hex}"


class Temporaries:
    """Makes the temporary tables of a query, and sees that they are gone when it is done.

    Where they belong to a transaction, and none is open, they get one of their own: behind a pooler, only the
    statements of a transaction are sure to go to one connection of the server's.
    """

    def __init__(self, compiler: Any) -> None:
        self.compiler = compiler
        self.names: list[str] = []
        self.has_begun = False
        self.are_refused = False

    @property
    def connection(self) -> Any:
        # A compiler moves to another one before rows are placed there.
        return self.compiler.connection

    @property
    def ops(self) -> Any:
        return self.connection.ops

    def make(self, relation: Relation, fill: Callable[[Any, str], None] | None = None) -> str | None:
        """Make one with the rows of a relation, or those that ``fill`` brings.

        Returns its name, which no other process has; None where the server makes none here.
        """
        if self.are_refused:
            return None
        name = new_name()
        self.begin()
        try:
            with self.connection.cursor() as cursor:
                self.ops.create_temporary(cursor, name, relation, fill)
        except NoTemporaryTables:
            self.are_refused = True
            self.remove(failed=True)
            return None
        self.names.append(name)
        return name

    def copy(self, original: str | None) -> str:
        """Make one with the rows of another; returns its name."""
        name = new_name()
        with self.connection.cursor() as cursor:
            self.ops.copy_temporary(cursor, name, original)
        self.names.append(name)
        return name

    def begin(self) -> None:
        if self.ops.temporaries_need_transaction and not self.has_begun and self.connection.get_autocommit():
            self.send("BEGIN")
            self.has_begun = True

    @property
    def are_read(self) -> bool:
        """Whether they have to be there until the rows of the query are read."""
        return bool(self.names) and not self.has_begun

    def remove(self, *, failed: bool = False) -> None:
        """Drop them; where that cannot be now, with later ones. ``failed`` says that an error is on its way."""
        names, self.names = self.names, []
        if self.has_begun:
            self.has_begun = False
            self.end(failed=failed)
        elif names and self.connection.connection is not None:
            self.drop(names)

    def end(self, *, failed: bool) -> None:
        """End their transaction, and them with it."""
        if not failed:
            self.send("COMMIT")
            return
        try:
            self.send("ROLLBACK")
        except Error:
            self.connection.close()

    def send(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(of_temporary(sql))

    def drop(self, names: list[str]) -> None:
        left = [*names]
        while left and self.is_dropped(left[0]):
            left.pop(0)
        if left:
            self.ops.left_over += left
            return
        # What was in the way, such as a cursor that was still read, is so no longer.
        while self.ops.left_over and self.is_dropped(self.ops.left_over[-1]):
            self.ops.left_over.pop()

    def is_dropped(self, name: str) -> bool:
        with suppress(DatabaseError), self.connection.cursor() as cursor:
            self.ops.drop_temporary(cursor, name)
            return True
        # They end with the transaction, if not before.
        return bool(self.ops.temporaries_need_transaction)
