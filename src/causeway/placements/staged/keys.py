"""The keys by which rows of the child's database, or others already placed, refer to core rows."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models.expressions import Col, Exists, ResolvedOuterRef
from django.db.models.lookups import Exact, In
from django.db.models.sql import Query
from django.db.models.sql.where import AND, WhereNode

from causeway.backends.base.columns import stored
from causeway.backends.base.vehicles import INTEGERS, TEXTS
from causeway.placements.staged.meaning import aliases_of, has_subquery, parts
from causeway.placements.staged.tree import conjuncts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.tree import Edge, Tree


# Keys of which two that the driver returns are the same in Python where they are in SQL.
KEY_KINDS = {
    *("AutoField", "BigAutoField", "SmallAutoField", "IntegerField", "BigIntegerField", "SmallIntegerField"),
    *("PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "UUIDField"),
}

# Up to so many keys of the child's rows are sent to core, for which its rows are fetched.
MOST_KEYS = 20_000

NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")


class KeySource:
    """What tells the values of one core column that matter.

    ``key`` is that column, ``name`` the table that tells them.
    """

    planner: Planner
    key: Any
    name: str

    @property
    def known(self) -> list[Any] | None:
        """The values, where they were found on the way; else None."""
        return None

    def query(self) -> Query:
        raise NotImplementedError

    def is_unique(self, alias: str) -> bool:
        """Whether one row of an alias has a key at most, and none has two."""
        field = self.key.target
        if self.key.alias != alias or not field.unique:
            return False
        return self.planner.core(self.home).is_key(field.model, [field.column])

    def keys(self, limit: int, distinct: bool = False) -> list[Any] | None:
        """The distinct keys; None if there are more than ``limit`` of them, or of their rows if not ``distinct``."""
        query = self.query()
        if query.is_sliced:
            query.distinct = query.distinct
        else:
            query.distinct = query.distinct or distinct
            query.set_limits(high=limit + 1)
        try:
            rows = self.planner.execute_here(query)
        except EmptyResultSet:
            return []
        if len(rows) > limit:
            return None
        return self.as_keys(row[0] for row in rows)

    def for_core(self) -> list[Any] | None:
        """The distinct keys, if they are no more than are sent to core."""
        # To leave out what is there twice, a database may read the whole table in the order of the keys.
        keys = self.keys(MOST_KEYS)
        return self.keys(MOST_KEYS, distinct=True) if keys is None else keys

    def as_keys(self, values: Iterable[Any]) -> list[Any] | None:
        """The distinct values of the core column that may be equal to some others; None if that cannot be told."""
        what = stored(self.key.target).get_internal_type()
        found = dict.fromkeys(value for value in values if value is not None)
        if what in TEXTS and any(not isinstance(value, str) for value in found):
            # Many texts are equal to a number.
            return None
        if what in INTEGERS or what == "UUIDField":
            named = integer_named if what in INTEGERS else uuid_named
            found = dict.fromkeys(named(value) if isinstance(value, str) else value for value in found)
        ops = self.planner.core(self.home).connection.ops
        # What core cannot be given it has in no column.
        return [key for key in found if key is not None and ops.takes(key)]

    @property
    def home(self) -> str:
        home: str = self.key.target.model._meta.db_table.home
        return home


def integer_named(text: str) -> int | None:
    """The integer that a text begins with; MySQL takes the two for the same, the other engines more rarely."""
    match = NUMBER.match(text)
    number = Decimal(match[0]) if match else None
    if number is None or abs(number) >= 2**63 or number != int(number):
        return None
    return int(number)


def uuid_named(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class JoinedKeys(KeySource):
    """The values by which placed rows are joined with rows of a core table."""

    def __init__(self, planner: Planner, tree: Tree, edge: Edge) -> None:
        self.planner = planner
        self.tree = tree
        self.key = edge.key
        self.other = edge.other
        self.name = str(tree.nodes[edge.other.alias].table_name)
        self.aliases = tree.component(edge.other.alias, tree.placed)

    @property
    def known(self) -> list[Any] | None:
        """The values that the rows of a page have; None if it is no page's rows that are joined."""
        if self.tree.clause.compiler is not self.planner.statement.compiler:
            return None
        return self.planner.joined.get((self.other.alias, self.other.target.column))

    def keys(self, limit: int, distinct: bool = False) -> list[Any] | None:
        if self.known is None:
            return super().keys(limit, distinct)
        return self.as_keys(self.known)

    def query(self) -> Query:
        conditions = [
            condition
            for condition in self.tree.conditions
            if aliases_of(condition).issubset(self.aliases)
            and all(map(self.tree.is_strict, aliases_of(condition)))
            and not has_subquery(condition)
        ]
        return self.tree.query(self.aliases, conditions, [self.other])


class SubqueryKeys(KeySource):
    """The values that ``column IN (subquery)`` allows, where the subquery refers to nothing outside."""

    def __init__(self, planner: Planner, key: Col, subquery: Any) -> None:
        self.planner = planner
        self.key = key
        self.subquery = subquery
        self.name = str(subquery.model._meta.db_table)

    def query(self) -> Query:
        query: Query = self.subquery.clone()
        query.subquery = False
        return query


def key_sources(planner: Planner, tree: Tree, aliases: Iterable[str]) -> Iterable[KeySource]:
    """What may tell the keys of the rows that some aliases need."""
    for edge in tree.edges(aliases, tree.placed):
        yield JoinedKeys(planner, tree, edge)
    for condition in tree.conditions:
        source = subquery_keys(planner, condition)
        if source is not None and source.key.alias in aliases and tree.is_strict(source.key.alias):
            yield source


def subquery_keys(planner: Planner, condition: Any) -> SubqueryKeys | None:
    """The keys that a condition allows by a subquery on tables of the child's."""
    if isinstance(condition, Exact) and condition.rhs is True:
        # So Django writes an expression that is a condition.
        condition = condition.lhs
    if isinstance(condition, Exists):
        return exists_keys(planner, condition.query)
    if isinstance(condition, In) and isinstance(condition.lhs, Col) and isinstance(condition.rhs, Query):
        subquery = condition.rhs
        if is_simple(planner, subquery) and not outside(subquery):
            return SubqueryKeys(planner, condition.lhs, subquery)
    return None


def exists_keys(planner: Planner, subquery: Any) -> SubqueryKeys | None:
    """The keys of ``EXISTS`` with a subquery that is held to the outer row by an equality."""
    # Django has it stop after one row, which is no limit on the keys.
    if not is_simple(planner, subquery) or subquery.low_mark or subquery.group_by is not None:
        return None
    inside, pair = [], None
    for condition in conjuncts(subquery.where):
        if not mentions_outside(condition, subquery):
            inside.append(condition)
        elif (
            isinstance(condition, Exact) and isinstance(condition.lhs, Col) and isinstance(condition.rhs, Col)
        ):
            sides = condition.lhs, condition.rhs
            here = [col for col in sides if col.alias in subquery.alias_map]
            there = [col for col in sides if col.alias not in subquery.alias_map]
            pair = (here[0], there[0]) if here and there else pair
    if pair is None:
        return None
    query = subquery.clone()
    query.clear_select_clause()
    query.clear_ordering(force=True)
    query.clear_limits()
    query.select = (pair[0],)
    query.where = WhereNode(inside, AND)
    return SubqueryKeys(planner, pair[1], query)


def is_simple(planner: Planner, subquery: Any) -> bool:
    """Whether all tables of a subquery stand in the child's database, itself without further subqueries."""
    if subquery.combinator or subquery.extra_tables or subquery.select_related:
        return False
    nodes = [node for alias, node in subquery.alias_map.items() if subquery.alias_refcount[alias]]
    if any(planner.statement.staged_home(node.table_name) for node in nodes):
        return False
    if planner.statement.staged_home(subquery.model._meta.db_table):
        return False
    expressions = [subquery.where, *subquery.annotations.values(), *subquery.select]
    return not any(map(has_subquery, expressions))


def outside(subquery: Any) -> bool:
    return any(
        mentions_outside(condition, subquery)
        for condition in (subquery.where, *subquery.annotations.values())
    )


def mentions_outside(condition: Any, subquery: Any) -> bool:
    """Whether a condition of a subquery refers to the query around it."""
    return any(
        isinstance(part, ResolvedOuterRef) or (isinstance(part, Col) and part.alias not in subquery.alias_map)
        for part in parts(condition)
    )
