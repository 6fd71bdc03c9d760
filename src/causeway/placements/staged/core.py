"""A core database, as a statement of the child asks it for rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import InterfaceError, OperationalError, connections
from django.db.models.sql import Query
from django.utils.functional import cached_property

from causeway.backends.base.statements import of_query
from causeway.exceptions import CoreUnavailable, TooManyStagedRows
from causeway.placements.staged.content_types import ContentTypeIds
from causeway.placements.staged.limits import most_staged_rows
from causeway.placements.staged.meaning import Meaning
from causeway.placements.staged.statement import CoreStatement

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from causeway.placements.staged.report import Report

# For how many seconds the size of a table, and what is unique in it, are taken for what they were.
LASTS = 60

# When the size of a table was looked up, and what it was, by its database and its name.
_sizes: dict[tuple[Any, ...], tuple[float, int]] = {}
# Likewise, the columns of each of its keys.
_keys: dict[tuple[Any, ...], tuple[float, list[set[str]]]] = {}

# So many keys are sent to core at once, where nothing limits the parameters of a statement.
MOST_AT_ONCE = 20_000


def in_chunks(keys: Sequence[Any], connection: Any, params: int = 0) -> Iterator[Sequence[Any]]:
    """The keys in parts that a statement of the connection can have, which has ``params`` parameters besides."""
    most = connection.features.max_query_params
    size = MOST_AT_ONCE if most is None else max(1, min(MOST_AT_ONCE, most - params))
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def is_key(connection: Any, model: Any, columns: Collection[str]) -> bool:
    """Whether no two rows of a table have the same values in columns of which its model says that.

    Of a table that no migration makes, and may be a view, its database says it.
    """
    if model._meta.managed:
        return True
    table = str(model._meta.db_table)
    key = *key_of_database(connection), table
    looked_up, keys = _keys.get(key, (None, []))
    if looked_up is None or time.monotonic() - looked_up > LASTS:
        with connection.cursor() as cursor:
            constraints = connection.introspection.get_constraints(cursor, table).values()
        keys = [set(each["columns"]) for each in constraints if each["unique"] or each["primary_key"]]
        _keys[key] = time.monotonic(), keys
    return any(each.issubset(columns) for each in keys)


def key_of_database(connection: Any) -> tuple[Any, ...]:
    # Databases of one name may be on several servers; under a test runner the name is another one.
    settings = connection.settings_dict
    return connection.alias, settings["NAME"], settings["HOST"], settings["PORT"]


class Core:
    """One core database and what was asked of it for one statement."""

    def __init__(self, home: str, report: Report) -> None:
        self.home = home
        self.connection: Any = connections[home]
        self.report = report
        self.most = most_staged_rows(home)

    @cached_property
    def content_type_ids(self) -> ContentTypeIds:
        """What core's ids of content types are here, and the other way round."""
        ids: ContentTypeIds = self.carried_out(lambda: ContentTypeIds(self.home, ()), None)
        return ids

    def fetch(self, query: Query, limit: int | None = None) -> Any:
        """The rows of a query on core tables, raw; of more than may be staged, or than ``limit``, one more than that.

        Raises CoreUnavailable where the database cannot be reached.
        """
        query.set_limits(high=(self.most if limit is None else limit) + 1)
        return self.rows(*self.compiled(query))

    def values(self, query: Query) -> list[tuple[Any, ...]]:
        """The rows of a query on core tables, as their fields give them."""
        compiler = self.compiler(query)
        rows = self.rows(*self.sql(compiler))
        return list(compiler.results_iter([rows])) if rows else []

    def ship(self, query: Query, ship: Callable[[str, Any], tuple[int, int]]) -> tuple[int, int]:
        """Have the rows of a query shipped by ``ship``, given its SQL; returns what that does: number and bytes.

        Of more than may be staged it ships one more than that. Raises what ``fetch()`` raises.
        """
        query.set_limits(high=self.most + 1)
        sql, params = self.compiled(query)
        self.report.sent(self.home, sql)
        shipped: tuple[int, int] = self.carried_out(lambda: ship(sql, params), sql)
        return shipped

    def count(self, query: Query) -> int:
        """How many rows a query has, of which none is fetched; of more than may be staged, one more than that."""
        query.set_limits(high=self.most + 1)
        sql, params = self.compiled(query)
        counting = of_query(f"SELECT COUNT(*) FROM ({sql}) counted")
        [(number,)] = self.rows(counting, params) if sql else [(0,)]
        return int(number)

    def estimate(self, query: Query) -> int:
        """How many rows a query would bring, by what core's planner knows."""
        sql, params = self.compiled(query)
        if not sql:
            return 0
        self.report.sent(self.home, self.connection.ops.estimate_sql(sql, self.most))
        estimate: int = self.carried_out(
            lambda: self.connection.ops.estimated_rows(sql, params, self.most), sql
        )
        return estimate

    def size(self, table: Any, query: Query) -> int:
        """About how many rows a table has, as it was up to a minute ago. ``query`` is one of them all."""
        key = self.key_of_size(table)
        looked_up, size = _sizes.get(key, (None, 0))
        if looked_up is None or time.monotonic() - looked_up > LASTS:
            size = self.estimate(query)
            _sizes[key] = time.monotonic(), size
        return size

    def forget_size(self, table: Any) -> None:
        """Look it up anew next time."""
        _sizes.pop(self.key_of_size(table), None)

    def key_of_size(self, table: Any) -> tuple[Any, ...]:
        return *key_of_database(self.connection), str(table)

    def is_key(self, model: Any, columns: Collection[str]) -> bool:
        """What ``is_key()`` says of a core table. Raises CoreUnavailable."""
        found: bool = self.carried_out(lambda: is_key(self.connection, model, columns), None)
        return found

    def too_many(self, table: str) -> TooManyStagedRows:
        return TooManyStagedRows(
            f"Cannot stage the rows of {table!r} that this query needs: they are more than {self.most}, and "
            f"MAX_STAGED_ROWS allows {self.most} of a table of the core database {self.home!r}. Filter the query further, "
            f"by its local or its core tables; or link the databases, if it needs so many; or allow them, in "
            f"CAUSEWAY[{self.home!r}] or for this query with causeway.max_staged_rows()."
        )

    def compiler(self, query: Query) -> Any:
        return self.connection.ops.compiler_class("SQLCompiler")(query, self.connection, self.home)

    def compiled(self, query: Query) -> tuple[str, Any]:
        return self.sql(self.compiler(query))

    def sql(self, compiler: Any) -> tuple[str, Any]:
        """The statement of a compiler; nothing where it would find nothing."""
        try:
            with CoreStatement(compiler).compiling():
                sql, params = compiler.as_sql()
        except EmptyResultSet:
            return "", ()
        return of_query(sql), params

    def meaning(self, here: Any) -> Meaning:
        """What the child's database and this one agree on. Both are asked for it once."""
        meaning: Meaning = self.carried_out(
            lambda: Meaning(here, self.connection), self.connection.ops.text_rules_sql
        )
        return meaning

    def rows(self, sql: str, params: Any) -> list[tuple[Any, ...]]:
        if not sql:
            return []

        def fetched() -> list[tuple[Any, ...]]:
            with self.connection.cursor() as cursor:
                cursor.execute(sql, params)
                return list(cursor.fetchall())

        self.report.sent(self.home, sql)
        rows: list[tuple[Any, ...]] = self.carried_out(fetched, sql)
        return rows

    def carried_out(self, ask: Any, sql: str | None) -> Any:
        """What ``ask`` returns, which sends a statement. Raises CoreUnavailable."""
        try:
            return ask()
        except (OperationalError, InterfaceError) as error:
            if self.is_lost():
                raise CoreUnavailable(
                    f"Cannot fetch the rows of a spanning query from the core database {self.home!r}: "
                    f"{' '.join(str(error).split())}. Nothing was sent to the child's database but what looks keys "
                    f"up. The statement on {self.home!r} was: {sql or 'none yet'}"
                ) from error
            raise

    def is_lost(self) -> bool:
        """Whether the connection cannot be used; outside a transaction the next statement makes a new one."""
        connection = self.connection
        if connection.connection is not None and (connection.has_failed() or connection.is_usable()):
            return False
        if not connection.in_atomic_block:
            connection.close()
        return True
