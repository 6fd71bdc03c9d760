"""The keys by which rows of the child's database, or others already placed, refer to core rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet

from causeway.placements.staged.meaning import aliases_of, has_subquery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models.sql import Query

    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.tree import Edge, Tree


class JoinedKeys:
    """The values by which placed rows are joined with rows of a core table."""

    def __init__(self, planner: Planner, tree: Tree, edge: Edge, placed: set[str]) -> None:
        self.planner = planner
        self.tree = tree
        self.key = edge.key
        self.other = edge.other
        self.name = str(tree.nodes[edge.other.alias].table_name)
        self.aliases = tree.component(edge.other.alias, placed)

    def query(self) -> Query:
        aliases = set(self.aliases)
        conditions = [
            condition
            for condition in self.tree.conditions
            if aliases_of(condition) <= aliases
            and all(map(self.tree.is_strict, aliases_of(condition)))
            and not has_subquery(condition)
        ]
        return self.tree.query(self.aliases, conditions, [self.other])

    def keys(self, limit: int, distinct: bool = False) -> list[Any] | None:
        """The distinct keys; None if there are more than ``limit`` of them, or not distinct, of their rows."""
        query = self.query()
        query.distinct = distinct
        query.set_limits(high=limit + 1)
        try:
            rows = self.planner.execute_here(query)
        except EmptyResultSet:
            return []
        if len(rows) > limit:
            return None
        return list(dict.fromkeys(value for (value,) in rows if value is not None))


def key_sources(
    planner: Planner, tree: Tree, aliases: Iterable[str], placed: set[str]
) -> Iterable[JoinedKeys]:
    """What may tell the keys of the rows that some aliases need."""
    for edge in tree.edges(aliases, placed):
        yield JoinedKeys(planner, tree, edge, placed)
