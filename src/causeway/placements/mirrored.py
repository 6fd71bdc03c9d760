"""Mirrored: a copy of the core table in the child's own database, while it is whole; else its rows are staged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from causeway.backends.base.statements import UNSURE, WRITE, kind_of
from causeway.conf import LOCAL_ALIAS, cores

if TYPE_CHECKING:
    from causeway.homes import Table

# What knows the copies are models, which are loaded after the backends.


def is_mirrored(home: str | None) -> bool:
    """Whether any tables of a core database are mirrored."""
    core = cores().get(home) if home else None
    return core is not None and bool(core.mirrored)


def copy_of(table: Table | str) -> str | None:
    """The name of the copy that a query of the child's may read now; None where core is to be asked."""
    if not is_mirrored(getattr(table, "home", None)):
        return None
    from causeway.mirror import reading

    return reading.copy_of(table)


def copy_for(query: Any, using: str) -> str | None:
    """The copy of a query's base table, where the query was asked for on the child's own connection."""
    model = getattr(query, "model", None)
    if using != LOCAL_ALIAS or model is None or query.select_for_update:
        return None
    return copy_of(model._meta.db_table)


def note_write(connection: Any, sql: Any) -> None:
    """That a statement was executed in core: if it may have changed rows, the next query has to see them."""
    if is_mirrored(connection.alias) and kind_of(sql) in {UNSURE, WRITE}:
        from causeway.mirror import reading

        reading.note_write(connection)


@contextmanager
def reading_core() -> Iterator[None]:
    """Meanwhile, core itself is read: what is written depends on what is found."""
    if not any(map(is_mirrored, cores())):
        yield
        return
    from causeway.mirror import reading

    with reading.reading_core():
        yield
