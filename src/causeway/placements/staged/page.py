"""Sliced queries: the keys of the page are found first, then what is shown of it is fetched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col, ExpressionWrapper, OrderBy, Ref, Value
from django.db.models.functions import Cast
from django.db.models.sql import Query
from django.utils.functional import cached_property

from causeway.backends.base.statements import of_query
from causeway.conf import cores
from causeway.placements.staged.core import Core, is_key
from causeway.placements.staged.meaning import Meaning, aliases_of, has_subquery, parts
from causeway.placements.staged.references import Reference
from causeway.placements.staged.statement import Clause
from causeway.placements.staged.tree import Tree

if TYPE_CHECKING:
    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.report import Report


# From so many rows before a page to so many at its end, the child's database goes through them once: they are looked at one
# by one. Those before other pages are counted first, by what they refer to.
LEAST_BEFORE, MOST_BEFORE = 1_000, 20_000


def is_page(compiler: Any) -> bool:
    """Whether a statement's rows are a page of those of its base table, told by their keys."""
    if not is_plain_slice(compiler) or compiler.query.group_by is not None:
        return False
    # Where no table of its own is staged, one of a subquery is; what it joins itself, it may join only to be ordered.
    nodes = nodes_of(compiler) or compiler.query.alias_map
    joins: list[Any] = [node for node in nodes.values() if node.join_type]
    if not all(join.join_field.many_to_one or join.join_field.one_to_one for join in joins):
        return False
    fields = [compiler.query.get_meta().pk, *(field for join in joins for _, field in join.join_fields)]
    return all(has_one_row(compiler, field) for field in fields)


def is_page_of_groups(compiler: Any) -> bool:
    """Whether a statement's rows are a page of groups, one for each row of its base table."""
    query = compiler.query
    if not is_plain_slice(compiler) or query.group_by is None or not nodes_of(compiler):
        return False
    given = () if query.group_by is True else query.group_by
    if not all(hasattr(expression, "get_group_by_cols") for expression in given):
        return False
    # What is selected is grouped by, or not, as it stands there.
    ordered = (order for order, (*_, is_selected) in compiler.get_order_by() if not is_selected)
    selected = (expression for expression, _, _ in compiler.select)
    having = [compiler.having] if compiler.having is not None else []
    columns = [column for part in (*selected, *ordered, *having) for column in part.get_group_by_cols()]
    columns += given
    pk, base = query.get_meta().pk, query.get_initial_alias()
    return (
        any(isinstance(column, Col) and column.alias == base and column.target == pk for column in columns)
        and all(aliases_of(column) <= {base} and not has_subquery(column) for column in columns)
        and has_one_row(compiler, pk)
    )


def is_plain_slice(compiler: Any) -> bool:
    """Whether a statement is a slice, by an order that each row has by itself."""
    query = compiler.query
    if query.high_mark is None or query.compiler != "SQLCompiler" or query.combinator or query.explain_info:
        return False
    if query.distinct or query.select_for_update or compiler.qualify:
        return False
    if query.get_meta().is_composite_pk or query.extra_tables:
        return False
    expressions = [
        *query.annotations.values(),
        *(expression for expression, _, _ in compiler.select),
        *(order for order, _ in compiler.get_order_by()),
    ]
    return not any(getattr(part, "contains_over_clause", False) for part in expressions)


def has_one_row(compiler: Any, key: Any) -> bool:
    """Whether one row of a table has a value of its key, at most: of a view, its model cannot tell."""
    model = key.model
    home = compiler.statement.staged_home(model._meta.db_table)
    if home is None:
        return is_key(compiler.connection, model, [key.column])
    return Core(home, compiler.execution.report).is_key(model, [key.column])


def nodes_of(compiler: Any) -> dict[str, Any]:
    """The tables in the FROM clause of a statement itself, by alias, if it names a staged one."""
    clauses = [clause for clause in compiler.statement.clauses if clause.compiler is compiler]
    return clauses[0].nodes if clauses else {}


def keys_query(compiler: Any, columns: Iterable[Col] = ()) -> Query:
    """The query of the primary keys of the page that a statement is, and of further columns of its rows."""
    keys: Query = compiler.query.clone()
    keys.select_related = False
    keys.clear_select_clause()
    pk: Any = keys.get_meta().pk
    select(keys, (pk.get_col(keys.get_initial_alias()), *columns))
    for column in columns:
        refer(keys, column.alias)
    order_as(keys, compiler)
    return keys


def order_as(query: Any, compiler: Any) -> None:
    """Have a query that selects something else be ordered as a statement: a name in its order may be that of a selected column.

    Values leave the order as it is, and PostgreSQL refuses to order by them.
    """
    # Rows of groups are not ordered as their model is.
    is_unordered = compiler.query.group_by is not None and compiler._meta_ordering
    orders = [] if is_unordered else [in_full(order) for order, _ in compiler.get_order_by()]
    query.clear_ordering(force=True)
    query.standard_ordering = True
    query.order_by = tuple(order for order in orders if not is_value(order.expression))
    for part in chain.from_iterable(map(parts, query.order_by)):
        outer = part.get_external_cols() if isinstance(part, Query) else [part]
        for column in outer:
            if isinstance(column, Col) and column.alias in query.alias_map:
                refer(query, column.alias)


def in_full(order: Any) -> OrderBy:
    """The order by an expression itself, where the statement names it only."""
    in_full: OrderBy = order.copy()
    if isinstance(order.expression, Ref):
        in_full.set_source_expressions(order.expression.get_source_expressions())
    return in_full


def is_value(expression: Any) -> bool:
    return all(isinstance(part, (Cast, ExpressionWrapper, Value)) for part in parts(expression))


def select(query: Query, columns: tuple[Any, ...]) -> None:
    """Have a query select columns, by their numbers."""
    query.select = columns
    query.selected = {str(position): position for position in range(len(columns))}


def refer(query: Any, alias: str | None) -> None:
    """Have a query join an alias that it knows, and those through which it is joined."""
    while alias is not None:
        if not query.alias_refcount[alias]:
            query.ref_alias(alias)
        alias = getattr(query.alias_map[alias], "parent_alias", None)


@dataclass
class Page:
    """The rows that a sliced query shows: their primary keys, and by which keys core rows are joined with them.

    ``joined`` has the values by the alias and the column that rows refer to core by.
    """

    keys: list[Any]
    joined: dict[tuple[str, str], list[Any]]

    def is_complete(self, planner: Planner) -> bool:
        """Whether each core row is there that these refer to, where a join leaves them out otherwise."""
        trees = [tree for tree in planner.trees if tree.clause.compiler is planner.statement.compiler]
        return all(self.has_all(planner, tree, alias) for tree in trees for alias in tree.staged_aliases())

    def has_all(self, planner: Planner, tree: Tree, alias: str) -> bool:
        node: Any = tree.nodes[alias]
        if not tree.may_leave_out(alias) or len(node.join_fields) != 1:
            return True
        ((parent_field, field),) = node.join_fields
        wanted: Any = self.joined.get((node.parent_alias, parent_field.column))
        if wanted is None and tree.homes[node.parent_alias]:
            wanted = planner.supply_of(tree, node.parent_alias).values(parent_field.column)
        return planner.supply_of(tree, alias).values(field.column).issuperset(wanted or ())


class Asked:
    """A query of keys, compiled where it can be executed."""

    def __init__(self, query: Query, using: str, report: Report) -> None:
        self.query = query
        self.report = report
        self.compiler: Any = query.get_compiler(using)
        self.sql, self.params = self.compiler.whole_sql()

    @property
    def is_of_child(self) -> bool:
        """Whether it is about tables of the child's alone."""
        return not self.compiler.statement.clauses and self.compiler.connection.alias not in cores()

    def rows(self) -> list[tuple[Any, ...]]:
        """What it finds."""
        if self.compiler.statement.clauses:
            rows = self.compiler.execute_sql(report=self.report)
        elif self.is_of_child:
            rows = [self.fetched(self.sql)]
        else:
            rows = [Core(self.compiler.using, self.report).rows(self.sql, self.params)]
        return list(self.compiler.results_iter(rows))

    def counted(self) -> list[tuple[tuple[Any, ...], int]]:
        """What it finds, each row once, with how often it is there."""
        if not self.is_of_child:
            return list(Counter(self.rows()).items())
        quote_name = self.compiler.connection.ops.quote_name
        names = ", ".join(map(quote_name, self.query.selected or ()))
        found = self.fetched(
            f"SELECT {names}, COUNT(*) FROM ({self.sql}) {quote_name('rows')} GROUP BY {names}"
        )
        return [(tuple(values), number) for *values, number in self.compiler.results_iter([found])]

    def fetched(self, sql: str) -> list[tuple[Any, ...]]:
        self.report.sent(self.compiler.using, sql)
        with self.compiler.connection.cursor() as cursor:
            cursor.execute(of_query(sql), self.params)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


class PageSearch:
    """Looks for the rows that a statement shows, which is a page.

    A join leaves out rows that refer to nothing, and between two databases no constraint keeps them from that. So
    the page is looked for without the tables of core that are merely shown, and then what its rows refer to.
    """

    def __init__(self, planner: Planner, params: int) -> None:
        self.planner = planner
        # How many parameters the statement has without the keys of the page.
        self.params = params
        self.compiler: Any = planner.statement.compiler
        self.query: Any = self.compiler.query
        self.tree = next(
            (tree for tree in planner.trees if tree.clause.compiler is self.compiler),
            Tree(Clause(self.compiler, []), planner.statement),
        )

    @cached_property
    def columns(self) -> dict[str, Col]:
        """By what rows refer to core rows without which they are left out, by the alias of these."""
        columns: dict[str, Col] = {}
        for alias, node in self.tree.nodes.items():
            is_further = not columns.keys().isdisjoint(self.tree.path(alias))
            if self.tree.homes[alias] and self.tree.may_leave_out(alias) and not is_further:
                columns[alias] = Col(node.parent_alias, node.join_fields[0][0])
        return columns

    @cached_property
    def found(self) -> Asked | None:
        """What asks for the keys of the page; None if they cannot be found without all tables."""
        query = keys_query(self.compiler, self.columns.values())
        for alias in self.tree.nodes:
            # Its own database leaves out what refers to nothing in it.
            if self.tree.may_leave_out(alias) and self.tree.is_here(alias):
                refer(query, alias)
        found = self.asked(query)
        if staged_tables(found.compiler.statement) >= staged_tables(self.planner.statement):
            return None
        is_told = all(self.is_told(alias, nodes_of(found.compiler)) for alias in self.tree.nodes)
        return found if is_told and self.is_alike(found.compiler.connection) else None

    def asked(self, query: Query) -> Asked:
        return Asked(query, self.compiler.using, self.planner.execution.report)

    def is_told(self, alias: str, found: Collection[str]) -> bool:
        """Whether it will be known for which rows of the page an alias has one."""
        if alias in found or not self.tree.may_leave_out(alias) or self.tree.is_here(alias):
            return True
        way = list(self.tree.path(alias))
        start = next((position for position, step in enumerate(way) if step in self.columns), None)
        return (
            start is not None
            and len(self.tree.nodes[way[start]].join_fields) == 1
            and len({self.tree.homes[step] for step in way[: start + 1]}) == 1
        )

    def is_alike(self, connection: Any) -> bool:
        """Whether a connection orders and compares as that of the query, which is the child's."""
        here = self.compiler.connection
        return connection is here or Meaning(here, connection).same_text

    @cached_property
    def references(self) -> list[Reference | None]:
        """What tells what rows refer to by each of the columns; None where they are found by that already."""
        found: Any = self.found
        return [
            None if alias in nodes_of(found.compiler) else Reference(self.planner, self.tree, alias)
            for alias in self.columns
        ]

    @cached_property
    def can_be_told(self) -> bool:
        """Whether core tells apart what rows refer to as the child's database does."""
        return all(reference is None or reference.can_be_told() for reference in self.references)

    @cached_property
    def is_gone_through(self) -> bool:
        """Whether the rows before the page are looked at together with those of it."""
        low, high = self.query.low_mark, self.query.high_mark
        if low < LEAST_BEFORE or high > MOST_BEFORE or self.found is None:
            return False
        return any(self.references) and self.can_be_told

    @cached_property
    def number_before(self) -> int:
        """How many of the rows before the page are left out."""
        if not self.query.low_mark or self.found is None or not any(self.references):
            return 0
        query = self.found.query.clone()
        query.low_mark, query.high_mark = 0, self.query.low_mark
        select(query, tuple(query.select[1:]))
        rows = [(number, *values) for values, number in self.asked(query).counted()]
        every, whole = (sum(number for number, *_ in found) for found in (rows, self.whole(rows)))
        return int(every - whole)

    def whole(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Those of some rows, with what they refer to by after something else, that refer to rows which are there."""
        for position, reference in enumerate(self.references, 1):
            if reference is not None:
                known = reference.looked_up([row[position] for row in rows])
                rows = [row for row in rows if known[row[position]]]
        return rows

    def page(self, *, is_short: bool = False) -> Page | None:
        """The page, as far as the child's rows tell it; None if it cannot be found without all tables.

        ``is_short`` says that rows of the page which they tell are left out.
        """
        if self.found is None or not (is_short or self.query.low_mark):
            return self.told_page()
        if not self.can_be_told:
            return None
        is_whole = is_short or self.is_gone_through or self.number_before
        return self.whole_page() if is_whole else self.told_page()

    def told_page(self) -> Page | None:
        return None if self.found is None else self.of_rows(self.found.rows())

    def whole_page(self) -> Page | None:
        """The page of rows that refer to rows which are there: it goes on with further ones until it is full."""
        assert self.found is not None
        low, high = self.query.low_mark, self.query.high_mark
        start, skipped = (0, low) if self.is_gone_through else (low, self.number_before)
        wanted = number = skipped + high - low
        more = 0
        while True:
            # In one statement with those before: of rows that are equal in the order, another may give the same again.
            query = self.found.query.clone()
            query.low_mark, query.high_mark = start, start + number
            rows = self.asked(query).rows()
            whole = self.whole(rows)
            if len(whole) >= wanted or len(rows) < number:
                return self.of_rows(whole[skipped:wanted])
            more = max(2 * more, wanted - len(whole))
            number += more

    def of_rows(self, rows: list[tuple[Any, ...]]) -> Page | None:
        """The page of some rows; None if a statement cannot name so many keys."""
        most = self.compiler.connection.ops.most_params()
        if most is not None and len(rows) + self.params > most:
            return None
        keys, *joined = zip(*rows, strict=True) if rows else [()] * (len(self.columns) + 1)
        names = [(column.alias, str(column.target.column)) for column in self.columns.values()]
        return Page(list(keys), {name: list(found) for name, found in zip(names, joined, strict=True)})


def staged_tables(statement: Any) -> set[tuple[str, str]]:
    return {
        (node.table_name.home, str(node.table_name))
        for clause in statement.clauses
        for node in clause.nodes.values()
        if statement.staged_home(node.table_name)
    }
