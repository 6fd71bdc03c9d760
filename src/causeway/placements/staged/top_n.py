"""Which core rows can be on a page: the first ones, by what the page is ordered by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Count, Max, Min, Sum
from django.db.models.expressions import Col, OrderBy, Star
from django.db.models.lookups import In
from django.db.models.sql.constants import INNER, LOUTER

from causeway.backends.base.columns import kind, stored
from causeway.placements.staged.bytewise import before
from causeway.placements.staged.core import in_chunks
from causeway.placements.staged.keys import KEY_KINDS
from causeway.placements.staged.meaning import aliases_of, has_subquery
from causeway.placements.staged.page import in_full, is_page, is_page_of_groups, keys_query, select
from causeway.placements.staged.tree import conjuncts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models.sql import Query

    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.want import Want

Row = tuple[Any, ...]

# The first rows by an order that are fetched at once: so many times the rows of the page, and how
# many times as many when these were too few.
TIMES_THE_PAGE = 3
LEAST_FIRST = 60
THEN_TIMES = 50

# Of no rows, the one finds how many these are, the others NULL.
AGGREGATES = {Avg, Count, Max, Min, Sum}
# Values of which Python and every database say alike whether they are the same.
TOLD_APART = (int, float, Decimal, date)


def tries(want: Want) -> Iterator[int]:
    """How many first rows are looked at, and then how many, as long as they are fewer than all."""
    first = max(LEAST_FIRST, TIMES_THE_PAGE * want.planner.statement.compiler.query.high_mark)
    for number in sorted({min(number, want.core.most) for number in (first, first * THEN_TIMES)}):
        if number >= want.estimated():
            return
        yield number


def null_comes_first(order: OrderBy, connection: Any) -> bool:
    if order.nulls_first or order.nulls_last:
        return bool(order.nulls_first)
    return bool(connection.features.nulls_order_largest == order.descending)


class TopN(ABC):
    """Core rows that can be on a page, as many as fill it. ``can_be_told`` says whether its order tells which they are."""

    can_be_told: bool

    def __init__(self, planner: Planner, want: Want) -> None:
        self.planner = planner
        self.want = want
        self.compiler = planner.statement.compiler

    def take(self) -> bool:
        """Fetch them; False where that cannot be told, or the page asks for too many."""
        if not self.can_be_told:
            return False
        rows = self.want.supply.copied()
        for first in tries(self.want):
            step = self.fetch(first)
            if self.fills_page():
                self.want.supply.steps.append(f"{step}, which fill the page")
                return True
            self.want.supply.steps.append(f"{step} do not fill the page")
        # What is needed may be others.
        self.want.supply.restore(rows)
        return False

    @abstractmethod
    def fetch(self, first: int) -> str:
        """Fetch so many first rows, and tell which these are."""

    @abstractmethod
    def fills_page(self) -> bool:
        """Whether the page is full with the rows that are there, and no other can be on it."""


class FirstRows(TopN):
    """The first rows of a staged table, by the order in which a page takes them, until the page is full.

    Rows that come later in the order cannot be in the page.
    """

    def __init__(self, planner: Planner, want: Want) -> None:
        super().__init__(planner, want)
        self.column: Any = None
        self.order: Any = self.find_order()
        self.can_be_told = self.order is not None

    def find_order(self) -> OrderBy | None:
        """The first ordering, if it is by a column of the table and in core the same."""
        trees = self.planner.trees
        if (
            len(trees) > 1
            or trees[0].clause.compiler is not self.compiler
            or not (is_page(self.compiler) or is_page_of_groups(self.compiler))
        ):
            return None
        if len(trees[0].staged_aliases()) > 1 or not trees[0].is_strict(self.want.alias):
            return None
        order: Any = next((order for order, _ in self.compiler.get_order_by()), None)
        if order is None:
            return None
        column: Any = in_full(order).expression
        if not isinstance(column, Col) or column.alias != self.want.alias:
            return None
        if self.want.is_mapped(column) or (
            column.target.null and null_comes_first(order, self.planner.connection)
        ):
            return None
        self.column = column
        return self.planner.meaning(self.want.home).order_there(column, descending=order.descending)

    def fetch(self, first: int) -> str:
        # There are no more, but core would look for one to the end of the index.
        self.want.add(self.want.core.fetch(self.query(first), first - 1))
        return f"the first {first} by {self.column.target.column!r}"

    def query(self, first: int) -> Query:
        """The query of the rows before that at a place in the order: without those equal to it."""
        assert self.order is not None
        ordered: Any = self.order.expression
        boundary = self.want.tree.query([self.want.alias], self.want.conditions, [ordered])
        boundary.order_by = (self.order,)
        boundary.set_limits(first, first + 1)
        boundary.subquery = True
        query = self.want.query(before(self.order, boundary))
        # So that core reads them off an index.
        query.order_by = (self.order,)
        return query

    def fills_page(self) -> bool:
        query = self.compiler.query
        rows = self.planner.execute_here(keys_query(self.compiler))
        if len(rows) < query.high_mark - query.low_mark:
            return False
        most = self.planner.connection.ops.most_params()
        # The statement itself finds the same rows, without their keys.
        self.planner.page_keys = [key for (key,) in rows] if most is None or len(rows) < most // 2 else None
        return True


class TopGroups(TopN):
    """The core rows of which figures of the child's rows are highest, where a page is ordered by these.

    The figures are reckoned in the child's database by the keys that its rows refer to core by, each group of which is
    one core row's. Core rows that no row refers to come after all others, or are in no page.
    """

    def __init__(self, planner: Planner, want: Want) -> None:
        super().__init__(planner, want)
        self.tree = planner.trees[0]
        self.others: list[str] = [alias for alias in self.tree.nodes if alias != want.alias]
        # By which of the child's columns rows are joined with those of core, and by which of core's.
        self.key: Any = None
        self.other: Any = None
        self.orders: list[Any] = []
        self.conditions: list[Any] = []
        # Whether groups that have the same figures may come in an order that is core's to tell.
        self.is_ordered_further = False
        # The last of the first groups, after which come all others; None where there are no others.
        self.last: Row | None = None
        self.can_be_told = self.is_of_groups() and self.finds_conditions() and self.finds_orders()

    def is_of_groups(self) -> bool:
        """Whether the groups are those of the child's rows by one key."""
        if len(self.planner.trees) > 1 or self.tree.clause.compiler is not self.compiler:
            return False
        if self.tree.staged_aliases() != [self.want.alias] or not self.others:
            return False
        if not is_page_of_groups(self.compiler):
            return False
        nodes = self.tree.nodes
        joins = [nodes[alias] for alias in self.others]
        join, *further = joins
        if any(other.parent_alias == self.want.alias for other in further):
            return False
        if join.parent_alias != self.want.alias or len(join.join_fields) != 1:
            return False
        if any(node.join_type not in {INNER, LOUTER} or node.filtered_relation for node in joins):
            return False
        if join.join_field.get_extra_restriction(self.others[0], self.want.alias) is not None:
            return False
        ((field, other),) = join.join_fields
        self.key, self.other = Col(self.want.alias, field), Col(self.others[0], other)
        what = kind(stored(field), self.want.core.connection)
        return (
            what in KEY_KINDS
            and bool(field.unique)
            and self.want.may_be_asked(self.key)
            and self.want.core.is_key(field.model, [field.column])
        )

    def is_of_child(self, expression: Any) -> bool:
        """Whether it is about the rows of the groups alone."""
        return (
            aliases_of(expression).issubset(self.others)
            and not has_subquery(expression)
            and not expression.contains_over_clause
        )

    def finds_conditions(self) -> bool:
        """Note the conditions on the rows of the groups, and on these; False if one is on core rows as well."""
        for condition in (*self.tree.conditions, *conjuncts(self.compiler.having)):
            if self.is_of_child(condition) and aliases_of(condition):
                self.conditions.append(condition)
            elif has_subquery(condition) or aliases_of(condition) != {self.want.alias}:
                return False
        return True

    def finds_orders(self) -> bool:
        """Note the orderings by figures or by the key, up to the first that is by anything else."""
        for order, _ in self.compiler.get_order_by():
            expression: Any = in_full(order).expression
            is_key = (
                isinstance(expression, Col)
                and expression.alias == self.key.alias
                and expression.target == self.key.target
            )
            if is_key:
                expression = self.other
            elif not (expression.contains_aggregate and self.is_of_child(expression)):
                self.is_ordered_further = True
                break
            told = in_full(order)
            told.expression = expression
            self.orders.append(told)
            if is_key:
                break
        return bool(self.orders) and (self.is_inner or self.leaves_others_behind(self.orders[0]))

    @property
    def is_inner(self) -> bool:
        """Whether core rows without a row of the child's have no group."""
        return bool(self.tree.nodes[self.others[0]].join_type == INNER)

    def leaves_others_behind(self, order: OrderBy) -> bool:
        """Whether what is found of no rows comes after what is found of any."""
        aggregate: Any = order.expression
        if type(aggregate) not in AGGREGATES:
            return False
        of = aggregate.get_source_expressions()[0]
        if type(aggregate) is Count:
            return bool(order.descending) and isinstance(of, (Col, Star))
        return isinstance(of, Col) and not null_comes_first(order, self.planner.connection)

    def is_before_others(self, figure: Any) -> bool:
        """Whether a figure of some rows comes before what is found of none."""
        if self.is_inner:
            return True
        aggregate: Any = self.orders[0].expression
        if type(aggregate) is not Count:
            return figure is not None
        # To count rows is to count one of nothing but NULL.
        return bool(figure > isinstance(aggregate.get_source_expressions()[0], Star))

    def fetch(self, first: int) -> str:
        groups = self.groups(first)
        self.last = groups[-1] if len(groups) == first else None
        for chunk in in_chunks([key for key, *_ in groups], self.want.core.connection):
            self.want.add(self.want.core.fetch(self.want.query(In(self.key, chunk))))
        return f"the {len(groups)} that come first by figures of {self.other.target.model._meta.db_table!r}"

    def groups(self, first: int) -> list[Row]:
        """The keys of the first groups, with the figures that they are ordered by."""
        figures = [order.expression for order in self.orders]
        query: Any = self.tree.query(self.others, self.conditions, [self.other, *figures])
        # In a figure, a row counts that is joined with nothing further.
        query.alias_map.update({alias: self.tree.nodes[alias] for alias in self.others[1:]})
        query.group_by = (self.other,)
        query.order_by = tuple(self.orders)
        query.set_limits(high=first)
        return self.planner.execute_here(query)

    def fills_page(self) -> bool:
        query = self.compiler.query
        page = keys_query(self.compiler)
        figures = [self.key if order.expression is self.other else order.expression for order in self.orders]
        select(page, (*page.select, *figures))
        rows = self.planner.execute_here(page)
        if len(rows) < query.high_mark - query.low_mark:
            return False
        _, *found = rows[-1]
        if self.last is not None and self.is_ordered_further:
            _, *figures_of_last = self.last
            is_told = all(isinstance(figure, TOLD_APART) for figure in (*found, *figures_of_last))
            if not is_told or found == figures_of_last:
                return False
        return self.is_before_others(found[0])
