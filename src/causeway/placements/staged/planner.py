"""Which core rows a statement needs, found with as few of them fetched as can be.

Whatever is fetched, the statement is executed unchanged: any rows that include those it needs
are right. So a reduction may only leave out rows that cannot matter, and may always leave out less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models.expressions import Col
from django.db.models.lookups import In

from causeway.placements.staged.keys import key_sources
from causeway.placements.staged.meaning import Meaning, aliases_of, has_subquery, parts
from causeway.placements.staged.statement import Statement
from causeway.placements.staged.supply import Core, Supply
from causeway.placements.staged.tree import Tree

if TYPE_CHECKING:
    from django.db.models.sql import Query

    from causeway.placements.staged.execution import Execution

# Up to so many keys of the child's rows are sent to core.
MOST_KEYS = 20_000


class Planner:
    """Fetches what the staged tables of a statement need to hold."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        self.statement: Statement = execution.compiler.statement
        statement = self.statement
        self.connection: Any = statement.connection
        self.trees = [Tree(clause, statement) for clause in statement.clauses]
        self.statements: list[tuple[str, str]] = []
        self.supplies: dict[tuple[str, str], Supply] = {}
        for tree in self.trees:
            for alias in tree.staged_aliases():
                self.supply_of(tree, alias)

    def supply_of(self, tree: Tree, alias: str) -> Supply:
        table = tree.nodes[alias].table_name
        key = table.home, str(table)
        if key not in self.supplies:
            self.supplies[key] = Supply(self.connection, table, *self.columns_of(table))
        return self.supplies[key]

    def columns_of(self, table: Any) -> tuple[set[str], set[str]]:
        """The columns of a table that the statement reads, and those of them that it joins by."""
        joined: set[str] = set()
        aliases = set()
        for tree in self.trees:
            for alias, node in tree.nodes.items():
                parent = tree.nodes.get(node.parent_alias)
                for parent_column, column in getattr(node, "join_cols", ()):
                    if node.table_name is table or node.table_name == table:
                        joined.add(column)
                    if parent is not None and parent.table_name == table:
                        joined.add(parent_column)
                if node.table_name == table:
                    aliases.add(alias)
        if self.statement.whole_rows:
            opts = table.model._meta.concrete_model._meta
            return {field.column for field in opts.local_concrete_fields}, joined
        return joined | {column for alias, column in self.statement.columns if alias in aliases}, joined

    def execute_here(self, query: Query) -> list[tuple[Any, ...]]:
        """The rows of a query on tables of the child's and on staged tables that are supplied."""
        connection = self.connection
        compiler = connection.ops.compiler_class("SQLCompiler")(query, connection, connection.alias)
        statement = Statement(compiler)
        with statement.compiling():
            sql, params = compiler.as_sql()
        supplies = [
            self.supplies[node.table_name.home, str(node.table_name)]
            for clause in statement.clauses
            for node in clause.nodes.values()
            if statement.staged_home(node.table_name)
        ]
        sql, params = self.execution.with_relations(dict.fromkeys(supplies), sql, params)
        self.statements.append((connection.alias, sql))
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            rows = cursor.fetchall()
        return list(compiler.results_iter([rows]))

    def run(self) -> list[Supply]:
        """The rows for each of the staged tables."""
        wanted = [
            Want(self, tree, alias)
            for tree in self.trees
            for alias in tree.staged_aliases()
        ]
        for want in sorted(wanted, key=lambda want: not want.conditions):
            want.satisfy()
            want.placed.add(want.alias)
        return list(self.supplies.values())


class Want:
    """The rows that one alias of a staged table may need."""

    def __init__(self, planner: Planner, tree: Tree, alias: str) -> None:
        self.planner = planner
        self.tree = tree
        self.alias = alias
        self.home = tree.homes[alias]
        self.supply = planner.supply_of(tree, alias)
        self.core = Core(self.home, planner.statements)
        self.meaning = Meaning(planner.connection, connections[self.home])
        core_aliases = {other for other, home in tree.homes.items() if home == self.home}
        self.component = tree.component(alias, core_aliases)
        self.conditions = [
            condition
            for condition in tree.conditions
            if (named := aliases_of(condition))
            and named <= set(self.component)
            and all(map(tree.is_strict, named))
            and not has_subquery(condition)
            and not self.is_mapped(condition)
            and self.meaning.holds_there(condition)
        ]
        self.placed = tree.__dict__.setdefault(
            "placed", {other for other, home in tree.homes.items() if home is None}
        )

    def is_mapped(self, condition: Any) -> bool:
        """Whether a condition is on ids of content types, which core has others of."""
        columns = [part for part in parts(condition) if isinstance(part, Col)]
        tables = {col.alias: self.tree.nodes[col.alias].table_name for col in columns}
        return any(
            tables[col.alias].mapped and col.target.column in tables[col.alias].mapped.nullable
            for col in columns
        )

    def satisfy(self) -> None:
        supply = self.supply
        if supply.whole:
            return
        few = self.planner.connection.ops.inline_limit
        if self.conditions and self.take(self.query(), few, "its own conditions"):
            return
        sources = list(key_sources(self.planner, self.tree, self.component, self.placed))
        for source in sources:
            if (keys := source.keys(few)) is not None:
                self.take_by_keys(source.key, keys, f"{len(keys)} keys of {source.name}")
                return
        if not self.conditions and self.take(self.query(), few, "all rows"):
            supply.whole = True
            return
        for source in sources:
            if (keys := source.keys(MOST_KEYS, distinct=True)) is not None:
                self.take_by_keys(source.key, keys, f"{len(keys)} keys of {source.name}")
                return
        self.take(self.query(), None, "its own conditions" if self.conditions else "all rows")
        supply.whole = not self.conditions

    def take(self, query: Query, limit: int | None, why: str) -> bool:
        """Fetch the rows of a query, unless there are more than ``limit``; whether it did."""
        rows = self.core.fetch(query, limit)
        if limit is not None and len(rows) > limit:
            self.supply.steps.append(f"more than {limit} rows by {why}")
            return False
        self.supply.add(rows)
        self.supply.steps.append(f"{len(rows)} rows by {why}")
        return True

    def take_by_keys(self, key: Col, keys: list[Any], why: str) -> None:
        """Fetch the rows that have one of the keys."""
        most = self.core.connection.features.max_query_params or MOST_KEYS
        for start in range(0, len(keys), most):
            self.supply.add(self.core.fetch(self.query(In(key, keys[start : start + most]))))
        self.supply.steps.append(f"by {why}")

    def query(self, *further: Any) -> Query:
        """The query on core of the rows of the alias."""
        conditions = [*self.conditions, *further]
        select = self.supply.select(self.alias)
        if all(aliases_of(condition) <= {self.alias} for condition in conditions):
            return self.tree.query([self.alias], conditions, select)
        (pk,) = [field for field in self.supply.model._meta.pk_fields][:1]
        own = type(select[0])(self.alias, pk)
        inner = self.tree.query(self.component, conditions, [own])
        return self.tree.query([self.alias], [In(own, inner)], select)
