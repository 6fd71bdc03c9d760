"""Pages of the child's rows that only show columns of core: these are put into the rows themselves.

The page is fetched from the child's database without them, then the core rows that it refers to by
their keys. No statement of the child's names a core table, and core rows travel once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col, ColPairs
from django.db.models.sql.constants import INNER, LOUTER

from causeway.backends.base.columns import is_formatted, kind, stored
from causeway.placements.staged.keys import KEY_KINDS
from causeway.placements.staged.meaning import aliases_of, has_subquery, parts
from causeway.placements.staged.page import nodes_of, order_as, refer, select
from causeway.placements.staged.transport import keep_alike
from causeway.placements.staged.want import Want

if TYPE_CHECKING:
    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.supply import Supply

Row = tuple[Any, ...]


class RowsOfPage(Exception):
    """The rows of a statement are known without executing it."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows


class ShownPage:
    """A page whose columns of core are those of tables that its rows refer to by a foreign key.

    ``aliases`` are those tables, ``keys`` the columns of the child's that refer to them, by alias.
    ``sql`` with ``params`` fetches the page without them, and the keys besides.
    """

    def __init__(self, planner: Planner, aliases: list[str]) -> None:
        compiler = planner.statement.compiler
        nodes = nodes_of(compiler)
        self.compiler: Any = compiler
        self.planner = planner
        self.aliases = aliases
        self.wants = {alias: Want(planner, tree, alias) for tree in planner.trees for alias in aliases}
        self.joins = {alias: nodes[alias] for alias in aliases}
        self.keys = {
            alias: Col(join.parent_alias, join.join_fields[0][0]) for alias, join in self.joins.items()
        }
        self.selected = [expression for expression, _, _ in compiler.select]
        self.local = [expression for expression in self.selected if not self.is_shown(expression)]
        self.sql = ""
        self.params: Any = ()

    def is_shown(self, expression: Any) -> bool:
        return isinstance(expression, Col) and expression.alias in self.joins

    def compiled(self) -> bool:
        """Compile the statement of the page; whether it can be one of the child's tables alone."""
        query = self.compiler.query.clone()
        query.select_related = False
        query.clear_select_clause()
        select(query, (*self.local, *self.keys.values()))
        order_as(query, self.compiler)
        for alias in set().union(*map(aliases_of, query.select)):
            refer(query, alias)
        found = query.get_compiler(self.compiler.using)
        self.sql, self.params = found.whole_sql()
        return found.connection is self.compiler.connection and not found.statement.clauses

    def fetch(self, cursor: Any) -> list[Row]:
        """The rows of the page, and of core those that they refer to."""
        cursor.execute(self.sql, self.params)
        rows: list[Row] = cursor.fetchall()
        if not rows:
            self.planner.supplies.clear()
            return []
        self.planner.joined = {
            (key.alias, str(key.target.column)): [row[position] for row in rows]
            for position, key in enumerate(self.keys.values(), len(self.local))
        }
        for want in self.wants.values():
            self.planner.satisfy(want)
            want.supply.vehicle = "result"
        return rows

    def with_core(self, rows: Sequence[Row]) -> list[Row] | None:
        """The rows of the page with the columns of core.

        None if one refers to a core row that is gone: a join would leave it out of the page.
        """
        supplies = {alias: want.supply for alias, want in self.wants.items()}
        find, places = self.finders(supplies), self.places(supplies)
        # Of one column it would make no tuple.
        ordered: Callable[[Row], Row] = (
            itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
        )
        found = []
        for row in rows:
            for position, by_key, missing in find:
                core_row = by_key.get(row[position], missing)
                if core_row is None:
                    return None
                row += core_row
            found.append(ordered(row))
        return found

    def finders(self, supplies: dict[str, Supply]) -> list[tuple[int, dict[Any, Row], Row | None]]:
        """For each shown table: where the key stands in a row, the core rows by it, and what stands for none."""
        finders = []
        for position, alias in enumerate(self.aliases, len(self.local)):
            join, supply = self.joins[alias], supplies[alias]
            key = position_of(supply, join.join_fields[0][1])
            by_key = {row[key]: row for row in supply.rows.values() if row[key] is not None}
            missing = None if join.join_type == INNER else (None,) * len(supply.fields)
            finders.append((position, by_key, missing))
        return finders

    def places(self, supplies: dict[str, Supply]) -> list[int]:
        """Where each selected expression stands in a row with the rows of all shown tables after it."""
        starts, start = {}, len(self.local) + len(self.aliases)
        for alias in self.aliases:
            starts[alias] = start
            start += len(supplies[alias].fields)
        local = iter(range(len(self.local)))
        return [
            starts[expression.alias] + position_of(supplies[expression.alias], expression.target)
            if self.is_shown(expression)
            else next(local)
            for expression in self.selected
        ]


def shown_page(planner: Planner) -> ShownPage | None:
    """A page, which a statement is, if its columns of core are only shown and can be put into its rows."""
    compiler: Any = planner.statement.compiler
    if compiler.statement.whole_rows or len(compiler.statement.clauses) != 1:
        return None
    nodes, refcounts = nodes_of(compiler), compiler.query.alias_refcount
    staged_home = compiler.statement.staged_home
    aliases = [alias for alias, node in nodes.items() if staged_home(node.table_name)]
    if any(refcounts[alias] or not is_plain_join(compiler, nodes, alias) for alias in aliases):
        return None
    page = ShownPage(planner, aliases)
    if any(is_tied(expression, aliases) for expression in page.local):
        return None
    return page if all(map(is_alike, page.wants.values())) and page.compiled() else None


def is_plain_join(compiler: Any, nodes: dict[str, Any], alias: str) -> bool:
    """Whether a core table is joined to one of the child's by a foreign key alone, and nothing to it."""
    node = nodes[alias]
    if node.join_type not in {INNER, LOUTER} or node.filtered_relation or len(node.join_fields) != 1:
        return False
    if compiler.statement.staged_home(nodes[node.parent_alias].table_name):
        return False
    field = node.join_field
    if not getattr(field, "concrete", False) or field.get_extra_restriction(alias, node.parent_alias):
        return False
    return all(other.parent_alias != alias for other in nodes.values())


def is_tied(expression: Any, aliases: list[str]) -> bool:
    """Whether an expression needs, or may need, more than the child's own columns."""
    return (
        has_subquery(expression)
        or not aliases_of(expression).isdisjoint(aliases)
        or any(isinstance(part, ColPairs) for part in parts(expression))
    )


def is_alike(want: Want) -> bool:
    """Whether core's driver returns the columns as the child's would, and rows are found by their keys."""
    core, child, supply = want.core.connection, want.planner.connection, want.supply
    key_kinds = {kind(stored(source.key.target), core) for source in want.key_sources()}
    return (
        not supply.mapped
        and bool(key_kinds)
        and key_kinds <= KEY_KINDS
        and not any(map(is_formatted, supply.fields))
        and all(
            what is not None and keep_alike(core, child, what)
            for what in (kind(stored(field), core) for field in supply.fields)
        )
    )


def position_of(supply: Supply, field: Any) -> int:
    """Where the column of a field stands in the rows of a supply."""
    return [other.column for other in supply.fields].index(field.column)
