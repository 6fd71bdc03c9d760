"""Which core rows a statement needs, found with as few of them fetched as can be.

Whatever is fetched, the statement is executed unchanged: any rows that include those it needs
are right. So a reduction may leave out only what cannot matter, and may always leave out less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway.backends.base.statements import of_query
from causeway.placements.staged.core import Core
from causeway.placements.staged.meaning import Meaning
from causeway.placements.staged.page import Page
from causeway.placements.staged.statement import Statement
from causeway.placements.staged.supply import Supply
from causeway.placements.staged.top_n import FirstRows, TopGroups, TopN
from causeway.placements.staged.tree import Tree
from causeway.placements.staged.want import Want

if TYPE_CHECKING:
    from django.db.models.sql import Query

    from causeway.placements.staged.execution import Execution


class Planner:
    """Supplies the staged tables of a statement with the rows it needs."""

    core_class: type[Core] = Core
    supply_class: type[Supply] = Supply
    # Ways to the rows of a page by its order.
    top_n_classes: tuple[type[TopN], ...] = (FirstRows, TopGroups)

    def __init__(self, execution: Execution, statement: Statement, page: Page | None = None) -> None:
        self.execution = execution
        self.statement = statement
        # The keys by which the rows of a page are joined with core rows.
        self.joined = page.joined if page else {}
        self.connection: Any = statement.connection
        # What goes inline is fetched without asking how much it is.
        self.few: int = self.connection.ops.inline_limit
        self.trees = [Tree(clause, statement) for clause in statement.clauses]
        self.supplies: dict[tuple[str, str], Supply] = {}
        self.cores: dict[str, Core] = {}
        # The primary keys of the rows that the statement shows, where they were found on the way.
        self.page_keys: list[Any] | None = None
        self.meanings: dict[str, Meaning] = {}
        self.has_run = False

    def run(self) -> list[Supply]:
        """The rows for each of the staged tables, which are looked for once."""
        if self.has_run:
            return list(self.supplies.values())
        self.has_run = True
        wants = [Want(self, tree, alias) for tree in self.trees for alias in tree.staged_aliases()]
        # What conditions of their own reduce, reduces others.
        for want in sorted(wants, key=lambda want: not want.conditions):
            self.satisfy(want)
        return list(self.supplies.values())

    def satisfy(self, want: Want) -> None:
        want.satisfy()

    def core(self, home: str) -> Core:
        if home not in self.cores:
            self.cores[home] = self.core_class(home, self.execution.report)
        return self.cores[home]

    def meaning(self, home: str) -> Meaning:
        if home not in self.meanings:
            self.meanings[home] = self.core(home).meaning(self.connection)
        return self.meanings[home]

    def supply_of(self, tree: Tree, alias: str) -> Supply:
        table = tree.nodes[alias].table_name
        key = table.home, str(table)
        if key not in self.supplies:
            model = table.model._meta.concrete_model
            pk = [field.column for field in model._meta.pk_fields]
            has_key = self.core(table.home).is_key(model, pk)
            self.supplies[key] = self.supply_class(
                self.connection, table, *self.columns_of(table), has_key=has_key
            )
        return self.supplies[key]

    def ship(self, want: Want) -> bool:
        """Have the rows of a want go straight to a temporary table; False where the databases cannot do it."""
        return self.execution.ship(want.supply, want.core, want.query())

    def aliases_of(self, table: Any) -> list[str]:
        """The aliases of a table in all parts of the statement; two parts may name one alike."""
        return [
            alias
            for tree in self.trees
            for alias, node in tree.nodes.items()
            if is_same(node.table_name, table)
        ]

    def columns_of(self, table: Any) -> tuple[set[str], set[str]]:
        """The columns of a table that the statement reads, and those of them that it joins by."""
        joined: set[str] = set()
        aliases: set[str] = set()
        for tree in self.trees:
            for alias, node in tree.nodes.items():
                parent = tree.nodes.get(node.parent_alias)
                is_its, is_parents = (
                    other is not None and is_same(other.table_name, table) for other in (node, parent)
                )
                for parent_column, column in getattr(node, "join_cols", ()):
                    joined |= {column} if is_its else set()
                    joined |= {parent_column} if is_parents else set()
                if is_its:
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
        supplies = {
            self.supplies[node.table_name.home, str(node.table_name)]: None
            for clause in statement.clauses
            for node in clause.nodes.values()
            if statement.staged_home(node.table_name)
        }
        sql, params = self.execution.with_relations(supplies, sql, params)
        self.execution.report.sent(connection.alias, sql)
        with connection.cursor() as cursor:
            cursor.execute(of_query(sql), params)
            rows = cursor.fetchall()
        return list(compiler.results_iter([rows]))


def is_same(table: Any, other: Any) -> bool:
    """Whether two names are those of one core table."""
    return bool(table == other) and getattr(table, "home", None) == other.home
