"""Sliced queries: the keys of the page are found first, then what is shown of it is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col, OrderBy, Ref
from django.db.models.lookups import GreaterThan, LessThan

from causeway.placements.staged.core import Core

if TYPE_CHECKING:
    from django.db.models.sql import Query

    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.want import Want

# The first rows by an order that are fetched at once: so many times the rows of the page, and how
# many times as many when these were too few.
TIMES_THE_PAGE = 8
LEAST_FIRST = 256
THEN_TIMES = 32


def is_page(compiler: Any) -> bool:
    """Whether a statement's rows are a page of those of its base table, told by their keys."""
    query = compiler.query
    if query.high_mark is None or query.compiler != "SQLCompiler" or query.combinator or query.explain_info:
        return False
    if query.distinct or query.group_by is not None or query.select_for_update or compiler.qualify:
        return False
    if query.get_meta().is_composite_pk or query.extra_tables:
        return False
    expressions = [*query.annotations.values(), *(expression for expression, _, _ in compiler.select)]
    if any(getattr(part, "contains_over_clause", False) for part in expressions):
        return False
    nodes = [
        node for alias, node in query.alias_map.items() if query.alias_refcount[alias] and node.join_type
    ]
    return all(node.join_field.many_to_one or node.join_field.one_to_one for node in nodes)


def keys_query(query: Query) -> Query:
    """The query of the primary keys of a page."""
    keys = query.clone()
    keys.select_related = False
    keys.clear_select_clause()
    keys.add_fields(["pk"])
    return keys


def page_keys(compiler: Any) -> list[Any] | None:
    """The primary keys of the page that a statement shows, if there are tables that it only shows; else None.

    The rows shown are then those of this page, whatever is written meanwhile.
    """
    if not is_page(compiler):
        return None
    found = keys_query(compiler.query).get_compiler(compiler.using)
    sql, params = found.whole_sql()
    if staged_tables(found.statement) == staged_tables(compiler.statement):
        return None
    report = compiler.execution.report
    if found.statement.clauses:
        rows = found.execute_sql(report=report)
    elif found.connection is compiler.connection:
        report.sent(found.using, sql)
        with found.connection.cursor() as cursor:
            cursor.execute(sql, params)
            rows = [cursor.fetchall()]
    else:
        rows = [Core(found.using, report).rows(sql, params)]
    return [key for (key,) in found.results_iter(rows)]


def staged_tables(statement: Any) -> set[tuple[str, str]]:
    return {
        (node.table_name.home, str(node.table_name))
        for clause in statement.clauses
        for node in clause.nodes.values()
        if statement.staged_home(node.table_name)
    }


class FirstRows:
    """The first rows of a staged table, by the order in which a page takes them, until the page is full.

    Rows that come later in the order cannot be in the page.
    """

    def __init__(self, planner: Planner, want: Want) -> None:
        self.planner = planner
        self.want = want
        self.compiler = planner.statement.compiler
        self.order = self.find_order()

    def find_order(self) -> OrderBy | None:
        """The first ordering, if it is by a column of the table and in core the same."""
        trees = self.planner.trees
        if len(trees) > 1 or trees[0].clause.compiler is not self.compiler or not is_page(self.compiler):
            return None
        if len(trees[0].staged_aliases()) > 1 or not trees[0].is_strict(self.want.alias):
            return None
        order: Any = next((order for order, _ in self.compiler.get_order_by()), None)
        if order is None:
            return None
        column = order.expression.source if isinstance(order.expression, Ref) else order.expression
        if not isinstance(column, Col) or column.alias != self.want.alias:
            return None
        if not self.planner.meaning(self.want.home).orders_alike(column.target) or self.want.is_mapped(
            column
        ):
            return None
        if column.target.null and self.null_comes_first(order):
            return None
        return OrderBy(column, descending=order.descending)

    def null_comes_first(self, order: OrderBy) -> bool:
        if order.nulls_first or order.nulls_last:
            return bool(order.nulls_first)
        return bool((self.planner.connection.vendor == "postgresql") == order.descending)

    def take(self) -> bool:
        """Fetch them; False where there is no such order, or the page asks for too many."""
        if self.order is None:
            return False
        high = self.compiler.query.high_mark
        number = max(LEAST_FIRST, TIMES_THE_PAGE * high)
        for first in (number, number * THEN_TIMES):
            if first > self.want.core.most or first >= self.want.estimated():
                return False
            rows = self.want.core.fetch(self.query(first), str(self.want.supply.table))
            self.want.supply.add(rows)
            if self.is_full():
                self.want.supply.steps.append(
                    f"the first {len(rows)} by {self.order.expression.target.column!r}"
                )
                return True
            self.want.supply.steps.append(f"more than the first {first} needed")
        return False

    def query(self, first: int) -> Query:
        """The query of the rows before that at a place in the order: without those equal to it."""
        assert self.order is not None
        column = self.order.expression
        boundary = self.want.tree.query([self.want.alias], self.want.conditions, [column])
        boundary.order_by = (self.order,)
        boundary.set_limits(first, first + 1)
        boundary.subquery = True
        before = GreaterThan if self.order.descending else LessThan
        return self.want.query(before(column, boundary))

    def is_full(self) -> bool:
        query = self.compiler.query
        rows = self.planner.execute_here(keys_query(query))
        return len(rows) == query.high_mark - query.low_mark
