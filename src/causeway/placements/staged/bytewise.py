"""Texts as SQLite compares and orders them, asked of PostgreSQL: by their bytes, for which Django makes an index.

https://www.postgresql.org/docs/current/indexes-opclass.html has the operators of that index. They are the same in each
collation of the database.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from django.db.models import lookups
from django.db.models.expressions import OrderBy
from django.db.models.functions import Collate
from django.db.models.sql.where import AND, OR, WhereNode

# So many letters of a pattern are looked for in either case by themselves: each doubles what is looked for.
FIRST_LETTERS = 3


class OrderByBytes(OrderBy):
    def as_sql(self, compiler: Any, connection: Any, template: Any = None, **extra: Any) -> Any:
        assert template is None and not (self.nulls_first or self.nulls_last)
        # Django looks for one of these words to tell what is ordered by.
        by = "USING ~>~ /* DESC */" if self.descending else "USING ~<~ /* ASC */"
        return super().as_sql(compiler, connection, f"%(expression)s {by}", **extra)


class ByBytes:
    """A comparison of texts. ``by`` is the operator that takes their bytes."""

    by: str

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return f"{self.by} {rhs}"


class GreaterThan(ByBytes, lookups.GreaterThan):
    by = "~>~"


class GreaterThanOrEqual(ByBytes, lookups.GreaterThanOrEqual):
    by = "~>=~"


class LessThan(ByBytes, lookups.LessThan):
    by = "~<~"


class LessThanOrEqual(ByBytes, lookups.LessThanOrEqual):
    by = "~<=~"


ORDERING: dict[type, Any] = {
    lookups.GreaterThan: GreaterThan,
    lookups.GreaterThanOrEqual: GreaterThanOrEqual,
    lookups.LessThan: LessThan,
    lookups.LessThanOrEqual: LessThanOrEqual,
}
IGNORING_CASE: dict[type, Any] = {
    lookups.Contains: lookups.IContains,
    lookups.EndsWith: lookups.IEndsWith,
    lookups.IContains: lookups.IContains,
    lookups.IEndsWith: lookups.IEndsWith,
    lookups.IExact: lookups.IExact,
    lookups.IStartsWith: lookups.IStartsWith,
    lookups.StartsWith: lookups.IStartsWith,
}
FROM_THE_START = {lookups.StartsWith, lookups.IStartsWith, lookups.IExact}


def before(order: OrderBy, value: Any) -> Any:
    """The condition that a row comes before one with that value, which is not NULL, in an order."""
    kind: Any = lookups.GreaterThan if order.descending else lookups.LessThan
    return (ORDERING[kind] if isinstance(order, OrderByBytes) else kind)(order.expression, value)


def by_bytes(condition: Any) -> Any:
    """What PostgreSQL is asked for in place of a lookup on a column of texts; None where it cannot be.

    SQLite's LIKE takes letters of ASCII for the same in either case, and no others.
    """
    kind, column, value = type(condition), condition.lhs, condition.rhs
    if kind in ORDERING and not hasattr(value, "resolve_expression"):
        return ORDERING[kind](column, value)
    if kind not in IGNORING_CASE or not isinstance(value, str) or not value.isascii():
        return None
    # In the collation of the database, UPPER() of the value might be something else.
    found = IGNORING_CASE[kind](Collate(column, "C"), value.upper())
    if kind not in FROM_THE_START or not value or not is_indexed(column.target):
        return found
    # No index helps with that, but one does with the first letters.
    letters = [dict.fromkeys([letter.lower(), letter.upper()]) for letter in value[:FIRST_LETTERS]]
    starts: list[Any] = [lookups.StartsWith(column, "".join(start)) for start in product(*letters)]
    return WhereNode([WhereNode(starts, OR), found], AND)


def is_indexed(field: Any) -> bool:
    """Whether Django makes an index of a column's texts by their bytes."""
    return bool(field.db_index or field.unique)
