"""One of the projects, in a process of its own: it runs what it is told and says how long it took."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from projects import Project, configure

if TYPE_CHECKING:
    from clocks import Clock, Sample

# What needs Django's settings can be imported only after start().


class Failure(NamedTuple):
    """What a task ended with in place of a result."""

    reason: str
    traceback: str


def attempt(task: Callable[..., Any], *args: Any) -> Any:
    """The result of a task, or a Failure: not every exception survives the way to another process."""
    try:
        return task(*args)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other projects go on
        return Failure(f"{type(error).__name__}: {error}", traceback.format_exc())


def start(project: Project) -> None:
    """Become the project, with its connections open. The garbage collector runs between samples only."""
    configure(project)
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


def queries(group: str) -> dict[str, Callable]:
    import by_hand
    import shapes
    import shipping
    import writing

    return {
        **shapes.GROUPS,
        "by-hand": by_hand.QUERIES,
        "every row": by_hand.EVERY_ROW,
        "shipping": shipping.ways(),
        **writing.GROUPS,
    }[group]


def make_tables() -> None:
    import writing

    writing.make_tables()


def durability() -> dict[str, str]:
    import writing

    return writing.durability()


def names(group: str) -> list[str]:
    """What the group measures."""
    return list(queries(group))


def call(group: str, name: str) -> Callable[[], Any]:
    """A run of a query, to be called."""
    import shapes

    query = queries(group)[name]
    return shapes.on_core(query) if group == "manager" else query


def answer(group: str, name: str) -> Any:
    """The result of a query, to be compared with the other projects'."""
    return call(group, name)()


def run(group: str, name: str, number: int) -> Sample:
    """Run a query ``number`` times in a row."""
    return clock().measure([call(group, name)] * number)


def run_in_turn(groups: list[str], name: str, number: int) -> list[Sample]:
    """Run what is named so in each of the groups ``number`` times, in turn."""
    return clock().measure_in_turn([call(group, name) for group in groups], number)


def compile_sql(group: str, name: str, number: int) -> Sample:
    """Compile ``number`` fresh clones of a query."""
    query = call(group, name)()
    return clock().measure([partial(compile_one, query.clone()) for _ in range(number)])


def compile_one(query: Any) -> None:
    query.get_compiler("default").as_sql()


def statements(group: str, name: str) -> list[str]:
    """What a query sends to core, statement by statement."""
    from django.db import connections

    sent = []

    def record(execute: Callable, sql: str, *args: Any) -> Any:
        sent.append(sql)
        return execute(sql, *args)

    with connections["core"].execute_wrapper(record):
        answer(group, name)
    return sent


def repeat(group: str, names: list[str], times: int) -> None:
    """Run queries in turn, ``times`` in all."""
    calls = [call(group, name) for name in names]
    for number in range(times):
        calls[number % len(calls)]()
