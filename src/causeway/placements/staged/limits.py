"""How many core rows may be staged for a query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from causeway.conf import cores, is_number_of_rows
from causeway.contexts import holding

_most: ContextVar[int | None] = ContextVar("causeway_max_staged_rows", default=None)


@contextmanager
def max_staged_rows(rows: int) -> Iterator[None]:
    """Queries that are executed meanwhile may stage up to ``rows`` rows of each core table.

    It takes the place of ``MAX_STAGED_ROWS`` in ``CAUSEWAY``, for more rows or for fewer. A
    queryset is executed when its rows are asked for. Also a decorator. Raises ValueError.
    """
    if not is_number_of_rows(rows):
        raise ValueError(f"Cannot allow {rows!r} staged rows: the number must be an integer of at least 0.")
    with holding(_most, rows):
        yield


def most_staged_rows(home: str) -> int:
    """How many rows of a table of this core database a query may stage, in this context."""
    most = _most.get()
    return cores()[home].max_staged_rows if most is None else most
