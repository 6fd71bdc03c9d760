"""What holds in a context while a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Value = TypeVar("Value")


@contextmanager
def holding(variable: ContextVar[Value], value: Value) -> Iterator[None]:
    """While the block runs, the variable has this value in the context."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
