"""Whether core has the rows that rows of the child's refer to: no constraint says so between two databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col
from django.db.models.lookups import In

from causeway.backends.base.columns import kind, stored
from causeway.backends.base.vehicles import TEXTS
from causeway.placements.staged.core import in_chunks
from causeway.placements.staged.tree import is_kept
from causeway.placements.staged.want import Want

if TYPE_CHECKING:
    from collections.abc import Iterable

    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.tree import Tree


class Reference:
    """A join from a table of the child's to one of core, that leaves out what refers to nothing.

    ``column`` is the child's, ``key`` core's. What has been looked up in core once is known.
    """

    def __init__(self, planner: Planner, tree: Tree, alias: str) -> None:
        self.planner = planner
        self.tree = tree
        self.alias = alias
        node = tree.nodes[alias]
        parent_field, field = node.join_fields[0]
        self.column = Col(node.parent_alias, parent_field)
        self.key = Col(alias, field)
        self.want = Want(planner, tree, alias)
        self.core = self.want.core
        self.known: dict[Any, bool] = {None: False}

    def can_be_told(self) -> bool:
        """Whether core tells the keys apart as the child's database does."""
        return self.want.may_be_asked(self.key)

    def looked_up(self, keys: Iterable[Any]) -> dict[Any, bool]:
        """Whether a row is joined, by each of the keys, and by those that were looked up before."""
        asked = [key for key in dict.fromkeys(keys) if key not in self.known]
        found: set[Any] = set()
        aliases = self.joined_there()
        for chunk in in_chunks(asked, self.core.connection):
            query = self.want.there(aliases, [In(self.key, chunk)], [self.key])
            found.update(key for (key,) in self.core.values(query))
        missing = [key for key in asked if key not in found]
        if missing and not self.is_exact():
            found.update(self.joined_here(missing))
        self.known.update((key, key in found) for key in asked)
        return self.known

    def joined_there(self) -> list[str]:
        """The aliases of core that a row must have, beside its own: those that no constraint promises."""
        component = self.tree.component(self.alias, self.tree.aliases_of_home(self.core.home))
        # A row of the base table is there: the keys are its.
        further = [
            alias
            for alias in component
            if alias != self.alias
            and self.tree.nodes[alias].join_type
            and not is_kept(self.tree.nodes[alias])
        ]
        return component if further else [self.alias]

    def is_exact(self) -> bool:
        """Whether two keys that are joined are the same to Python."""
        field, child = stored(self.key.target), self.planner.connection
        what = kind(field, child)
        if what in TEXTS:
            return child.vendor != "mysql" and not getattr(field, "db_collation", None)
        return what is not None

    def joined_here(self, keys: list[Any]) -> set[Any]:
        """By which of the keys the child's database joins rows: to it, two texts may be the same."""
        planner = type(self.planner)(self.planner.execution, self.planner.statement)
        (tree,) = (tree for tree in planner.trees if tree.clause is self.tree.clause)
        want = Want(planner, tree, self.alias)
        found: set[Any] = set()
        for chunk in in_chunks(keys, self.core.connection):
            want.add(want.core.fetch(want.query(In(self.key, chunk))))
        way = [*tree.path(self.alias)][::-1]
        for chunk in in_chunks(keys, planner.connection):
            query = tree.query(way, [In(self.column, chunk)], [self.column])
            query.distinct = True
            found.update(key for (key,) in planner.execute_here(query))
        return found
