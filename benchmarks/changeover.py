"""Up to how many rows an inline relation costs less than a temporary table: the ``inline_limit`` of an engine.

    python benchmarks/changeover.py [--engine ENGINE] [--repeat N]

Articles of four columns are brought into two queries over 100,000 comments, in autocommit mode; a temporary
table is made, filled, indexed, read and dropped. Prints the median milliseconds of each.

The limits come from the first query, as inline / temporary table, on 2 processors, under Python 3.11:

| rows | SQLite 3.40 | MariaDB 10.11 | PostgreSQL 15 |
|---:|---:|---:|---:|
| 20 | 0.4 / 0.4 | 0.7 / 1.1 | 0.6 / 2.4 |
| 100 | 0.9 / 0.6 | 1.3 / 1.5 | 0.8 / 2.7 |
| 500 | 7.3 / 2.2 | 4.1 / 4.7 | 1.8 / 3.9 |
| 2,000 | 13.8 / 6.3 | 13.4 / 17.3 | 5.5 / 6.9 |
| 5,000 | 26.9 / 14.2 | 30.5 / 39.1 | 13.3 / 13.0 |
| 20,000 | 101 / 73 | 117 / 162 | 52 / 41 |

SQLite plans worse without the index of a table. On MariaDB a table never pays; the limit keeps statements short.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import databases
from django.db import connection
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from projects import CAUSEWAY, Project, Server, Unfit, configure

# tests.servers stands at the root of the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

ENGINES = ["sqlite3", "mysql", "mariadb", "postgresql"]
SIZES = [1, 20, 100, 200, 500, 1_000, 2_000, 5_000, 20_000]
ARTICLES, COMMENTS = 20_000, 100_000


@contextmanager
def server(engine: str) -> Iterator[Server]:
    from tests.servers import SERVERS, ServerError

    if engine == "sqlite3":
        with tempfile.TemporaryDirectory(prefix="causeway-bench-") as folder:
            yield Server(engine, folder=folder)
        return
    kind = SERVERS[engine]
    backend = "mysql" if engine == "mariadb" else engine
    try:
        with kind.stands() as found:
            yield Server(backend, **vars(found), throwaway=kind.variable not in os.environ)
    except ServerError as error:
        raise Unfit(str(error)) from error


def prepare(running: Server) -> None:
    databases.make(running, ["changeover"])
    entry = running.settings(CAUSEWAY, "changeover")
    configure(Project("changeover", {"DATABASES": {"default": entry}}))
    from daily.models import Comment
    from wire.models import Article

    Comment._meta.get_field("article").db_constraint = False
    for model, rows in [
        (Article, databases.contents(1)),
        (Comment, databases.comments(ARTICLES, COMMENTS)),
    ]:
        databases.drop_table("default", model)
        databases.make_table("default", model, rows)
    databases.analyze("default")


def shapes() -> dict[str, QuerySet[Any]]:
    from daily.models import Comment

    return {
        "20 comments with their article": Comment.objects.select_related("article").filter(
            id__in=range(1, COMMENTS, COMMENTS // 20)
        ),
        "all of the articles' comments": Comment.objects.filter(article__title__gte="").order_by(),
    }


def relation(size: int) -> Any:
    from wire.models import Article

    from causeway.placements.staged.relation import Column, Relation

    columns = tuple(Column(field.column, field) for field in Article._meta.concrete_fields)
    rows = [(*row[:3], parse_datetime(f"{row[3]}Z")) for row in islice(databases.contents(ARTICLES), size)]
    return Relation("article", columns, rows, frozenset(["id"]))


def run(queryset: QuerySet[Any], stands_in: Any, body: tuple[str, tuple[Any, ...]]) -> None:
    sql, params = queryset.query.sql_with_params()
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column.name) for column in stands_in.columns)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {quote('article')} ({columns}) AS ({body[0]}) {sql}", (*body[1], *params))
        cursor.fetchall()


def inline(queryset: QuerySet[Any], stands_in: Any) -> None:
    run(queryset, stands_in, connection.ops.inline_relation(stands_in))


def temporary(queryset: QuerySet[Any], stands_in: Any) -> None:
    ops = connection.ops
    with connection.cursor() as cursor:
        ops.create_temporary(cursor, "changeover", stands_in)
        run(queryset, stands_in, (f"SELECT * FROM {ops.quote_name('changeover')}", ()))
        ops.drop_temporary(cursor, "changeover")


def milliseconds(call: Callable[[], None]) -> float:
    begin = perf_counter()
    call()
    return (perf_counter() - begin) * 1000


def measure(repeat: int) -> None:
    for name, queryset in shapes().items():
        print(f"\n{name}\n\n| rows | inline | temporary table |\n|---:|---:|---:|")
        for size in SIZES:
            stands_in = relation(size)
            samples: dict[Any, list[float]] = {inline: [], temporary: []}
            for _ in range(repeat):
                for vehicle, found in samples.items():
                    found.append(milliseconds(lambda: vehicle(queryset, stands_in)))  # noqa: B023
            print(
                f"| {size:,} | {median(samples[inline]):.2f} | {median(samples[temporary]):.2f} |", flush=True
            )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=ENGINES, default="sqlite3")
    parser.add_argument("--repeat", type=int, default=9)
    options = parser.parse_args()
    try:
        with server(options.engine) as running:
            prepare(running)
            print(f"\n# {databases.said('default')}")
            measure(options.repeat)
            connection.close()
    except Unfit as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
