"""``causeway.atomic(tries=…)``: a function that is called again where its transaction met a conflict."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any, NoReturn

from asgiref.sync import async_to_sync, sync_to_async
from django.db import Error, connections, transaction

from causeway.conf import LOCAL_ALIAS, cores

# For how many seconds the first pause lasts at most; each further one twice as long.
PAUSE = 0.02


class Tries:
    """A decorator: each call of the function is a block, which is entered again after a conflict."""

    def __init__(self, tries: int, make_block: Callable[[], transaction.Atomic]) -> None:
        if isinstance(tries, bool) or not isinstance(tries, int) or tries < 1:
            raise ValueError(
                f"Cannot try {tries!r} times: the 'tries' of causeway.atomic() is a number of 1 or more."
            )
        self.tries = tries
        self.make_block = make_block

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(function):
            # Its thread is that of the block, so what it awaits of the database is within it.
            tried = self(async_to_sync(function))
            return wraps(function)(sync_to_async(tried, thread_sensitive=True))

        @wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            refuse_open_block()
            return self.call(partial(function, *args, **kwargs))

        return inner

    def call(self, function: Callable[[], Any]) -> Any:
        for number in range(1, self.tries):
            commits = commits_so_far()
            try:
                with self.make_block():
                    return function()
            except Error as error:
                # What a hook has raised, after the commit, is nothing to do all of it again for.
                if commits_so_far() != commits or not is_conflict(error):
                    raise
            time.sleep(random.uniform(0, PAUSE * 2**number))
        with self.make_block():
            return function()

    def __enter__(self) -> NoReturn:
        raise TypeError(
            "Cannot enter causeway.atomic(tries=…): what is within a block cannot be executed again. Decorate a "
            "function with it, or leave out 'tries'."
        )

    def __exit__(self, *exception: object) -> None:
        """There is nothing to leave."""


def is_conflict(error: Error) -> bool:
    """Whether an error says that the transaction was in the way of others, and may succeed if it is tried again."""
    databases: list[Any] = [connections[alias] for alias in (LOCAL_ALIAS, *cores())]
    return any(connection.is_conflict(error) for connection in databases)


def commits_so_far() -> int:
    connection: Any = connections[LOCAL_ALIAS]
    return int(connection.commits)


def refuse_open_block() -> None:
    """Raise RuntimeError within a block, but that of a test case, and where autocommit is turned off."""
    connection: Any = connections[LOCAL_ALIAS]
    if not connection.in_atomic_block and connection.get_autocommit():
        return
    blocks = connection.all_blocks()
    if not blocks or any(not block._from_testcase for block in blocks):
        raise RuntimeError(
            "Cannot call a function of causeway.atomic(tries=…) within a block of atomic(), or with autocommit turned "
            "off: after a conflict the whole transaction is to be tried again. Decorate what opens the outermost block."
        )
