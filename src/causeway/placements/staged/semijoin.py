"""Queries on core tables that local rows restrict, and do nothing else to: core is asked, and given the keys of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col, OrderBy
from django.db.models.lookups import In
from django.db.models.sql.where import AND, WhereNode

from causeway.backends.base.columns import kind, stored
from causeway.placements.staged.keys import KEY_KINDS, KeySource, subquery_keys
from causeway.placements.staged.meaning import has_subquery, is_of_server, parts
from causeway.placements.staged.statement import is_mapped

if TYPE_CHECKING:
    from django.db.models.sql import Query

    from causeway.placements.staged.meaning import Meaning
    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.tree import Tree


def with_keys(planner: Planner) -> tuple[Query, str] | None:
    """The query with keys in place of its subqueries on local tables, and the core database that has all of the others.

    None where it needs more of the child's, where core might take it for something else, or the keys are too many.
    """
    compiler: Any = planner.statement.compiler
    query = compiler.query
    if query.compiler != "SQLCompiler" or query.combinator or query.explain_info or query.select_for_update:
        return None
    if len(planner.trees) != 1 or planner.trees[0].clause.compiler is not compiler or query.extra_tables:
        return None
    (tree,) = planner.trees
    homes, nodes = set(tree.homes.values()), tree.nodes.values()
    if len(homes) != 1 or None in homes or any(is_mapped(node.table_name) for node in nodes):
        return None
    if any(getattr(node, "filtered_relation", None) for node in nodes):
        return None
    sources = {id(each): subquery_keys(planner, each) for each in tree.conditions if has_subquery(each)}
    if not sources or not all(
        source is not None and is_exact(planner, source) for source in sources.values()
    ):
        return None
    (home,) = homes
    if not is_alike(planner.meaning(str(home)), tree, sources):
        return None
    conditions = {}
    for condition, source in sources.items():
        assert source is not None
        keys = source.for_core()
        if keys is None:
            return None
        conditions[condition] = In(source.key, keys)
    query = query.clone()
    query.where = replaced(query.where, conditions)
    return query, str(home)


def is_exact(planner: Planner, source: KeySource) -> bool:
    """Whether the keys that are found are those of the subquery, and each is equal to itself alone."""
    found = source.query().select
    if len(found) != 1 or not isinstance(found[0], Col):
        return False
    core = planner.core(source.home).connection
    here, there = kind(stored(found[0].target), planner.connection), kind(stored(source.key.target), core)
    return {here, there} <= KEY_KINDS and (here == "UUIDField") == (there == "UUIDField")


def is_alike(meaning: Meaning, tree: Tree, sources: Any) -> bool:
    """Whether core finds and orders the same rows as the child's database, and shows the same of them."""
    compiler: Any = tree.clause.compiler
    conditions = [each for each in tree.conditions if id(each) not in sources]
    orders = [order for order, _ in compiler.get_order_by()]
    shown = [expression for expression, _, _ in compiler.select]
    if meaning.same_text:
        every = [*conditions, *orders, *shown, *([compiler.having] if compiler.having is not None else [])]
        return not any(has_subquery(each) or any(map(is_of_server, parts(each))) for each in every)
    if compiler.query.group_by is not None or compiler.query.distinct:
        return False
    joins = [fields for node in tree.nodes.values() if node.join_type for fields in node.join_fields]
    return (
        all(kind(stored(field), meaning.there) in KEY_KINDS for fields in joins for field in fields)
        and all(isinstance(each, Col) for each in shown)
        and all(map(meaning.is_same_there, conditions))
        and all(is_ordered_alike(meaning, each) for each in orders)
    )


def is_ordered_alike(meaning: Meaning, order: Any) -> bool:
    column = order.expression
    if not isinstance(column, Col) or column.target.null:
        return False
    return type(meaning.order_there(column)) is OrderBy


def replaced(where: Any, conditions: dict[Any, Any]) -> Any:
    """A copy of a WHERE clause that has other conditions in place of some of those that hold for every row."""
    if id(where) in conditions:
        return conditions[id(where)]
    if not isinstance(where, WhereNode) or where.connector != AND or where.negated:
        return where
    return WhereNode([replaced(child, conditions) for child in where.children], AND)
