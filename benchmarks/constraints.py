"""For how long a child that adds a foreign key to core keeps the writers of core waiting."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from time import perf_counter, sleep
from typing import NamedTuple

from linked import causeway
from measure import process
from projects import Server

# Seconds of writing before the constraint is made, and after it.
AROUND = 1.0


class Wait(NamedTuple):
    """The seconds that making a constraint took, and those of the longest write of core meanwhile."""

    making: float
    longest: float


def measure(server: Server) -> dict[str, Wait]:
    with process(causeway(server)) as maker, process(causeway(server)) as writer:
        maker.start()
        writer.start()
        return {
            "nothing is made": beside(writer, maker, worker_pause),
            "Django's statement": beside(writer, maker, make_by_django),
            "causeway": beside(writer, maker, make_by_causeway),
        }


def beside(writer, maker, make: Callable[[], float]) -> Wait:
    """Write core rows in one process while another makes the constraint."""
    maker.ask(drop)
    writer.ask(begin_writing)
    sleep(AROUND)
    making = maker.ask(make)
    sleep(AROUND)
    return Wait(making, writer.ask(end_writing))


# What the processes do

_stop = threading.Event()
_longest = [0.0]
_threads: list[threading.Thread] = []


def begin_writing() -> None:
    _stop.clear()
    _longest[0] = 0.0
    thread = threading.Thread(target=write)
    _threads.append(thread)
    thread.start()


def end_writing() -> float:
    _stop.set()
    _threads.pop().join()
    return _longest[0]


def write() -> None:
    from wire.models import Article

    keys = list(Article.objects.values_list("pk", flat=True)[:1000])
    while not _stop.is_set():
        began = perf_counter()
        Article.objects.filter(pk=random.choice(keys)).update(title="written")
        _longest[0] = max(_longest[0], perf_counter() - began)
        sleep(0.001)


def field():
    from daily.models import Comment

    return Comment._meta.get_field("article")


def drop() -> None:
    from django.db import connection

    with connection.schema_editor() as editor:
        editor.drop_constraints_of(field())
    if connection.vendor == "mysql":
        # The other groups have the whole table looked through for its statistics, which every ALTER would do.
        with connection.cursor() as cursor:
            cursor.execute(
                f"ALTER TABLE {connection.ops.quote_name(field().model._meta.db_table)} STATS_SAMPLE_PAGES = DEFAULT"
            )


def worker_pause() -> float:
    sleep(1.0)
    return 0.0


def make_by_django() -> float:
    from django.db import connection

    with connection.schema_editor(collect_sql=True) as editor:
        editor.execute(editor._create_fk_sql(field().model, field(), "_fk"), None)
    began = perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(editor.collected_sql[0])
    return perf_counter() - began


def make_by_causeway() -> float:
    from causeway.constraints import problems, repair

    began = perf_counter()
    left = repair(problems())
    assert not left, left
    return perf_counter() - began


def report(waits: dict[str, Wait]) -> None:
    print("\n## Adding a foreign key to core\n")
    print("| made by | s | longest write of core ms |")
    print("|---|---:|---:|")
    for name, wait in waits.items():
        print(f"| {name} | {wait.making:.3g} | {wait.longest * 1000:.1f} |", flush=True)
