"""Objects of a fixture whose rows are not loaded into a database: made without the defaults of their fields.

Django makes an instance of each object before it asks whether to save it. A default may ask for rows that are loaded into
another database, or later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import Model
from django.db.models.signals import pre_init

from causeway.contexts import holding

IsLeftOut = Callable[[type[Model]], bool]

_is_left_out: ContextVar[IsLeftOut | None] = ContextVar("causeway_is_left_out", default=None)


@contextmanager
def left_out(is_left_out: IsLeftOut) -> Iterator[None]:
    """Meanwhile instances of these models get no defaults."""
    with holding(_is_left_out, is_left_out):
        pre_init.connect(_leave_out_defaults)
        try:
            yield
        finally:
            pre_init.disconnect(_leave_out_defaults)


def with_defaults() -> Any:
    """Meanwhile instances are made as ever: while a row is saved, receivers of signals make rows of any model."""
    return holding(_is_left_out, None)


def _leave_out_defaults(
    sender: type[Model], args: tuple[Any, ...], kwargs: dict[str, Any], **others: Any
) -> None:
    is_left_out = _is_left_out.get()
    # Rows of a query come by position.
    if args or is_left_out is None or not is_left_out(sender):
        return
    for field in sender._meta.concrete_fields:
        if field.has_default() and kwargs.keys().isdisjoint({field.name, field.attname}):
            kwargs[field.attname] = None
