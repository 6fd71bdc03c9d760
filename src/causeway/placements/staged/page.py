"""Sliced queries: the keys of the page are found first, then what is shown of it is fetched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col, OrderBy, Ref
from django.db.models.lookups import GreaterThan, In, LessThan
from django.db.models.sql.constants import INNER

from causeway.backends.base.statements import of_query
from causeway.conf import cores
from causeway.placements.staged.core import Core
from causeway.placements.staged.meaning import Meaning

if TYPE_CHECKING:
    from django.db.models.sql import Query

    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.report import Report
    from causeway.placements.staged.supply import Supply
    from causeway.placements.staged.tree import Tree
    from causeway.placements.staged.want import Want

# The first rows by an order that are fetched at once: so many times the rows of the page, and how
# many times as many when these were too few.
TIMES_THE_PAGE = 3
LEAST_FIRST = 60
THEN_TIMES = 50
# So many keys are looked up in core at once, where nothing limits the parameters of a statement.
MOST_KEYS = 20_000


def is_page(compiler: Any) -> bool:
    """Whether a statement's rows are a page of those of its base table, told by their keys."""
    query = compiler.query
    if query.high_mark is None or query.compiler != "SQLCompiler" or query.combinator or query.explain_info:
        return False
    if query.distinct or query.group_by is not None or query.select_for_update or compiler.qualify:
        return False
    if query.get_meta().is_composite_pk or query.extra_tables:
        return False
    expressions = [
        *query.annotations.values(),
        *(expression for expression, _, _ in compiler.select),
        *(order for order, _ in compiler.get_order_by()),
    ]
    if any(getattr(part, "contains_over_clause", False) for part in expressions):
        return False
    joins = [node for node in nodes_of(compiler).values() if node.join_type]
    return all(join.join_field.many_to_one or join.join_field.one_to_one for join in joins)


def nodes_of(compiler: Any) -> dict[str, Any]:
    """The tables in the FROM clause of a statement itself, by alias, if it names a staged one."""
    clauses = [clause for clause in compiler.statement.clauses if clause.compiler is compiler]
    return clauses[0].nodes if clauses else {}


def keys_query(query: Query, *fields: str) -> Query:
    """The query of the primary keys of a page, and of further fields of its rows."""
    keys = query.clone()
    keys.select_related = False
    keys.clear_select_clause()
    keys.add_fields(["pk", *fields])
    return keys


@dataclass
class Page:
    """The rows that a sliced query shows: their primary keys, and by which keys core rows are joined with them.

    ``joined`` has the values by the alias and the column that the child's rows refer to core by.
    """

    keys: list[Any]
    joined: dict[tuple[str, str], list[Any]]

    def is_complete(self, supplies: Iterable[Supply], trees: Iterable[Tree]) -> bool:
        """Whether no row is left out because the core row that it refers to is gone."""
        by_table = {(supply.home, str(supply.table)): supply for supply in supplies}
        for tree in trees:
            for edge in tree.edges(tree.staged_aliases(), tree.aliases_of_home(None)):
                wanted = self.joined.get((edge.other.alias, edge.other.target.column))
                if wanted is None or not tree.is_strict(edge.key.alias):
                    continue
                table = tree.nodes[edge.key.alias].table_name
                found = by_table[table.home, str(table)].values(edge.key.target.column)
                if len(found) < len(set(wanted)):
                    return False
        return True


def page_statement(compiler: Any) -> tuple[Any, str, Any, list[tuple[str, str]]] | None:
    """The compiler and the statement of the page that a statement shows, and what it finds besides its keys.

    None if it is no page, or there are no tables that it only shows.
    """
    if not is_page(compiler):
        return None
    nodes = nodes_of(compiler)
    crossings = crossings_of(compiler)
    paths = {alias: crossing_path(compiler, nodes, node) for alias, node in crossings.items()}
    found = keys_query(compiler.query, *filter(None, paths.values())).get_compiler(compiler.using)
    sql, params = found.whole_sql()
    if staged_tables(found.statement) == staged_tables(compiler.statement):
        return None
    is_alike = (
        found.connection is compiler.connection or Meaning(compiler.connection, found.connection).same_text
    )
    if not is_alike:
        # Core would order and compare by its own rules, and the query is the child's.
        return None
    if any(path is None and alias not in nodes_of(found) for alias, path in paths.items()):
        return None
    joined = [(node.parent_alias, node.join_cols[0][0]) for alias, node in crossings.items() if paths[alias]]
    return found, sql, params, joined


def crossings_of(compiler: Any) -> dict[str, Any]:
    """The joins from one database to another that leave out what refers to nothing there, by alias."""
    nodes = nodes_of(compiler)
    return {
        alias: node
        for alias, node in nodes.items()
        if node.join_type == INNER
        and homes_of(compiler, nodes, node)[0] != homes_of(compiler, nodes, node)[1]
    }


def is_moved(planner: Planner) -> bool:
    """Whether a page begins at another row than the child's rows alone say.

    Rows before it that refer to a core row that is gone are left out by the join, and do not count.
    """
    compiler: Any = planner.statement.compiler
    nodes, query = nodes_of(compiler), compiler.query
    if not query.low_mark:
        return False
    paths = {alias: crossing_path(compiler, nodes, node) for alias, node in crossings_of(compiler).items()}
    fields = {alias: path for alias, path in paths.items() if path is not None}
    if not fields:
        return False
    before = keys_query(query, *fields.values())
    before.low_mark, before.high_mark = 0, query.low_mark
    found = before.get_compiler(compiler.using)
    sql, params = found.whole_sql()
    found_columns = columns_of(found, sql, params, planner.execution.report)
    _, *columns = found_columns or [()] * (len(fields) + 1)
    (tree,) = (tree for tree in planner.trees if tree.clause.compiler is compiler)
    return any(
        lacks_keys(planner, tree, alias, set(keys)) for alias, keys in zip(fields, columns, strict=True)
    )


def lacks_keys(planner: Planner, tree: Tree, alias: str, keys: set[Any]) -> bool:
    """Whether core has no row for one of the keys by which rows are joined with an alias."""
    if None in keys:
        return True
    key = Col(alias, tree.nodes[alias].join_fields[0][1])
    core = planner.core(str(tree.homes[alias]))
    most = max(1, (core.connection.features.max_query_params or MOST_KEYS) - 100)
    in_order = list(keys)
    for start in range(0, len(keys), most):
        chunk = in_order[start : start + most]
        rows = core.rows(*core.compiled(tree.query([alias], [In(key, chunk)], [key])))
        if len({value for (value,) in rows}) < len(chunk):
            return True
    return False


def homes_of(compiler: Any, nodes: dict[str, Any], node: Any) -> tuple[str | None, str | None]:
    """The staged homes of the two tables of a join, the one that it joins to first."""
    staged_home = compiler.statement.staged_home
    return staged_home(nodes[node.parent_alias].table_name), staged_home(node.table_name)


def crossing_path(compiler: Any, nodes: dict[str, Any], node: Any) -> str | None:
    """The field by which rows of the page refer to a core row; None if it is no such field.

    Between two databases no constraint keeps a row from referring to nothing. It would be left
    out of the page, so what is referred to is looked at.
    """
    path = path_of(nodes, node.parent_alias)
    if homes_of(compiler, nodes, node)[0] is not None or path is None or len(node.join_cols) != 1:
        return None
    return "__".join([*path, node.join_fields[0][0].attname])


def path_of(nodes: dict[str, Any], alias: str) -> list[str] | None:
    """The names of the foreign keys that lead from the base table to an alias."""
    names: list[str] = []
    while (node := nodes[alias]).join_type is not None:
        if not getattr(node.join_field, "concrete", False):
            return None
        names.insert(0, node.join_field.name)
        alias = node.parent_alias
    return names


def find_page(compiler: Any) -> Page | None:
    """The page that a statement shows, if there are tables that it only shows; else None.

    The rows shown are then those of this page, whatever is written meanwhile.
    """
    statement = page_statement(compiler)
    if statement is None:
        return None
    found, sql, params, joined = statement
    columns = columns_of(found, sql, params, compiler.execution.report) or [()] * (len(joined) + 1)
    return Page(
        list(columns[0]), {name: list(values) for name, values in zip(joined, columns[1:], strict=True)}
    )


def columns_of(found: Any, sql: str, params: Any, report: Report) -> list[tuple[Any, ...]]:
    """The columns of what a compiled query finds; none where it finds nothing."""
    if found.statement.clauses:
        rows = found.execute_sql(report=report)
    elif found.connection.alias not in cores():
        report.sent(found.using, sql)
        with found.connection.cursor() as cursor:
            cursor.execute(of_query(sql), params)
            rows = [cursor.fetchall()]
    else:
        rows = [Core(found.using, report).rows(sql, params)]
    return list(zip(*found.results_iter(rows), strict=True))


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
        self.column: Any = None
        self.order: Any = self.find_order()

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
        column: Any = order.expression
        if isinstance(column, Ref):
            (column,) = column.get_source_expressions()
        if not isinstance(column, Col) or column.alias != self.want.alias:
            return None
        if self.want.is_mapped(column) or (column.target.null and self.null_comes_first(order)):
            return None
        self.column = column
        there = self.planner.meaning(self.want.home).order_there(column)
        return OrderBy(there, descending=order.descending) if there is not None else None

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
            # There are no more, but core would look for one to the end of the index.
            rows = self.want.core.fetch(self.query(first), str(self.want.supply.table), first - 1)
            self.want.supply.add(rows)
            step = f"the first {first} by {self.column.target.column!r}"
            if self.fills_page():
                self.want.supply.steps.append(f"{step}, which fill the page")
                return True
            self.want.supply.steps.append(f"{step} do not fill the page")
        return False

    def query(self, first: int) -> Query:
        """The query of the rows before that at a place in the order: without those equal to it."""
        assert self.order is not None
        ordered: Any = self.order.expression
        boundary = self.want.tree.query([self.want.alias], self.want.conditions, [ordered])
        boundary.order_by = (self.order,)
        boundary.set_limits(first, first + 1)
        boundary.subquery = True
        before = GreaterThan if self.order.descending else LessThan
        query = self.want.query(before(ordered, boundary))
        # So that core reads them off an index.
        query.order_by = (self.order,)
        return query

    def fills_page(self) -> bool:
        """Whether the page is full with the rows that are there; then its keys are known."""
        query = self.compiler.query
        rows = self.planner.execute_here(keys_query(query))
        if len(rows) < query.high_mark - query.low_mark:
            return False
        self.planner.page_keys = [key for (key,) in rows]
        return True
