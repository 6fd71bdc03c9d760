"""The joins of a FROM clause as a tree, and queries made of parts of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col
from django.db.models.sql import Query
from django.db.models.sql.constants import INNER
from django.db.models.sql.datastructures import BaseTable
from django.db.models.sql.where import AND, WhereNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from causeway.placements.staged.statement import Clause, Statement


@dataclass(frozen=True)
class Edge:
    """A join between a core table and one that stands elsewhere, by one column each.

    ``key`` is the core table's, ``other`` that of the table it is joined with.
    """

    key: Any
    other: Any


class Tree:
    """The tables of one FROM clause, each joined to its parent, and the conditions on them."""

    def __init__(self, clause: Clause, statement: Statement) -> None:
        self.clause = clause
        self.nodes = clause.nodes
        self.homes = {alias: statement.staged_home(node.table_name) for alias, node in self.nodes.items()}
        self.conditions = list(conjuncts(clause.compiler.where))
        # The aliases whose rows stand in the child's database by now.
        self.placed = {alias for alias, home in self.homes.items() if home is None}

    def aliases_of_home(self, home: str | None) -> set[str]:
        return {alias for alias, other in self.homes.items() if other == home}

    def staged_aliases(self) -> list[str]:
        return [alias for alias, home in self.homes.items() if home]

    def path(self, alias: str) -> Iterable[str]:
        """The alias and those it is joined through, up to the base table."""
        while alias is not None and alias in self.nodes:
            yield alias
            alias = self.nodes[alias].parent_alias

    def is_strict(self, alias: str) -> bool:
        """Whether every row of the result has a row of that alias."""
        return all(self.nodes[step].join_type in {None, INNER} for step in self.path(alias))

    def is_here(self, alias: str) -> bool:
        """Whether it is one of the child's tables, joined through such alone."""
        return not any(self.homes[step] for step in self.path(alias))

    def may_leave_out(self, alias: str) -> bool:
        """Whether rows are left out that refer to none of that alias, and no constraint keeps them from that."""
        node = self.nodes[alias]
        if node.join_type != INNER or not self.is_strict(alias):
            return False
        return self.homes[alias] != self.homes[node.parent_alias] or not is_kept(node)

    def component(self, alias: str, placed: set[str]) -> list[str]:
        """The aliases joined with this one among those ``placed``, itself included, each after its parent.

        Of those not on the way from the base table to the alias, only strict ones: others add no condition.
        """
        root = alias
        while (parent := self.nodes[root].parent_alias) in placed:
            root = parent
        way = set(self.path(alias))
        found: list[str] = []
        for name, node in self.nodes.items():
            if name == root or (
                name in placed and node.parent_alias in found and (name in way or self.is_strict(name))
            ):
                found.append(name)
        return found

    def edges(self, aliases: Iterable[str], placed: set[str]) -> Iterable[Edge]:
        """The joins of some aliases with ``placed`` ones that every row they give is held to."""
        aliases = set(aliases)
        for alias, node in self.nodes.items():
            fields: Any = getattr(node, "join_fields", None) or ()
            if len(fields) != 1:
                continue
            ((parent_field, field),) = fields
            here, parent = Col(alias, field), Col(node.parent_alias, parent_field)
            if alias in aliases and node.parent_alias in placed:
                yield Edge(here, parent)
            elif node.parent_alias in aliases and alias in placed and self.is_strict(alias):
                yield Edge(parent, here)

    def query(self, aliases: list[str], conditions: list[Any], select: Iterable[Col]) -> Query:
        """A query of the rows that some tables of the tree have together."""
        query = Query(self.clause.query.model)
        query.clear_ordering(force=True)
        query.alias_refcount = dict.fromkeys(aliases, 1)
        query.alias_map = {
            alias: self.joined(alias) if position else BaseTable(self.nodes[alias].table_name, alias)
            for position, alias in enumerate(aliases)
        }
        for alias in aliases:
            # A name that is no table's is taken for an alias that Django made, and not quoted.
            query.table_map.setdefault(self.nodes[alias].table_name, []).append(alias)
        query.where = WhereNode(conditions, AND)
        query.default_cols = False
        query.select = tuple(select)
        query.selected = {str(position): position for position in range(len(query.select))}
        return query

    def joined(self, alias: str) -> Any:
        """The join of an alias, of which a row is looked for: a condition of its own may be left out."""
        join = self.nodes[alias].demote()
        join.filtered_relation = None
        return join


def is_kept(join: Any) -> bool:
    """Whether a constraint of the database keeps rows from referring to nothing by a join within it."""
    field = join.join_field
    if not getattr(field, "concrete", False) or not field.db_constraint:
        return False
    return bool(field.model._meta.managed and field.related_model._meta.managed)


def conjuncts(where: Any) -> Iterable[Any]:
    """The conditions all of which hold for every row of the result."""
    if where is None:
        return
    if isinstance(where, WhereNode) and where.connector == AND and not where.negated:
        for child in where.children:
            yield from conjuncts(child)
    else:
        yield where
