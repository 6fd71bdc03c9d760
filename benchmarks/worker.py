"""One of the two projects, in a process of its own: it runs what it is told and says how long it took."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from projects import Server, configure

if TYPE_CHECKING:
    from clocks import Clock, Sample

# What needs Django's settings can be imported only after start().


def start(side: str, server: Server) -> None:
    """Become the project, with its connections open. The garbage collector runs between samples only."""
    configure(side, server)
    import shapes  # noqa: F401
    from django.db import connections

    for connection in connections.all():
        connection.ensure_connection()
    gc.collect()
    gc.freeze()
    gc.disable()


@cache
def clock() -> Clock:
    from clocks import Clock

    return Clock()


def names(group: str) -> list[str]:
    """What the group measures."""
    import shapes

    return list(shapes.GROUPS[group])


def call(group: str, name: str) -> Callable[[], Any]:
    """A run of a query, to be called."""
    import shapes

    return shapes.on_core(shapes.MANAGER[name]) if group == "manager" else shapes.SPANNING[name]


def answer(group: str, name: str) -> Any:
    """The result of a query, to be compared with the other project's."""
    return call(group, name)()


def run(group: str, name: str, number: int) -> Sample:
    """Run a query ``number`` times in a row."""
    return clock().measure([call(group, name)] * number)


def compile_sql(group: str, name: str, number: int) -> Sample:
    """Compile ``number`` fresh clones of a query."""
    import shapes

    query = shapes.GROUPS[group][name]()
    return clock().measure([partial(compile_one, query.clone()) for _ in range(number)])


def compile_one(query: Any) -> None:
    query.get_compiler("default").as_sql()
