"""What one statement reaches, noted while it is compiled."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import FilteredRelation, JSONField, Value
from django.db.models.expressions import Col, ColPairs, ExpressionList, RawSQL
from django.db.models.fields.json import JSONExact
from django.db.models.lookups import In
from django.db.models.sql import Query
from django.db.models.sql.datastructures import BaseTable, Join
from django.db.models.sql.where import ExtraWhere

from causeway import homes
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.placements.mirrored import copy_of, is_mirrored
from causeway.placements.staged.meaning import parts
from causeway.placements.staged.transport import keeps_json_as_text

if TYPE_CHECKING:
    from collections.abc import Callable

# What a condition has its value in, if not in a subquery.
LISTS = (list, tuple, set, frozenset, ExpressionList)

_current: ContextVar[Statement | None] = ContextVar("causeway_statement", default=None)


class OtherDatabase(Exception):
    """The statement reaches a table that does not stand where it is compiled."""


class Clause:
    """A FROM clause that names a core table: the nodes of its query's tree of joins, by alias."""

    def __init__(self, compiler: Any, nodes: list[Any]) -> None:
        self.compiler = compiler
        self.query = compiler.query
        self.nodes = {node.table_alias or node.table_name: node for node in nodes}

    def is_same(self, other: Clause) -> bool:
        return self.query is other.query and self.nodes.keys() == other.nodes.keys()


class Statement:
    """A statement of one connection, with all its subqueries, and what it needs of core.

    ``clauses`` are its FROM clauses that name staged tables, ``homes`` the core databases of
    these. ``columns`` are the pairs of alias and column that it reads, all of each table if
    ``whole_rows``: raw SQL does not say what it reads.
    """

    def __init__(self, compiler: Any, *, may_span: bool = True) -> None:
        self.compiler = compiler
        self.connection = compiler.connection
        # What writes names tables of its own home alone, and so does what runs in core.
        self.may_span = may_span and compiler.connection.alias not in cores()
        self.clauses: list[Clause] = []
        self.homes: set[str] = set()
        self.columns: set[tuple[str, str]] = set()
        self.whole_rows = False
        self.reaches_here = False
        # A row that is locked is locked in core.
        query = getattr(compiler, "query", None)
        is_lock = getattr(query, "select_for_update", False)
        self.may_read_copies = compiler.connection.alias not in cores() and not is_lock
        self.copies: dict[Any, str | None] = {}
        # The aliases of staged tables whose rows it locks.
        self.locked: set[str] = set()

    def compiling(self) -> Compiling:
        """Whatever is compiled meanwhile is a part of the statement."""
        return Compiling(self)

    def reach(self, compiler: Any) -> None:
        """Note the tables of a FROM clause."""
        query = compiler.query
        nodes = [node for alias, node in query.alias_map.items() if query.alias_refcount[alias]]
        if nodes and not query.extra_tables and all(type(node.table_name) is str for node in nodes):
            # Only core tables, and those with the name of one, are more than that.
            self.reaches_here = True
            return
        for table in query.extra_tables:
            known = homes.core_tables().get(table)
            nodes.append(BaseTable(known or table, str(table)))
            self.whole_rows = True
        if not self.may_span and any(is_mapped(node.table_name) for node in nodes):
            raise OtherDatabase
        staged = {home for node in nodes if (home := self.staged_home(node.table_name))}
        self.homes |= staged
        if staged and not self.may_span:
            raise OtherDatabase
        if staged:
            clause = Clause(compiler, nodes)
            if not any(clause.is_same(other) for other in self.clauses):
                self.clauses.append(clause)
        if any(self.staged_home(node.table_name) is None or is_mapped(node.table_name) for node in nodes):
            self.reaches_here = True

    def staged_home(self, table: Any) -> str | None:
        home: str | None = self.connection.home_elsewhere(table)
        return home if home in staged_cores() and self.copy_of(table) is None else None

    def copy_of(self, table: Any) -> str | None:
        """The name of a core table's copy that the statement reads, all of it; None where there is none."""
        home = getattr(table, "home", None)
        if not is_mirrored(home) or not self.may_read_copies:
            return None
        if (home, table) not in self.copies:
            self.copies[home, table] = copy_of(table)
        return self.copies[home, table]

    @property
    def home(self) -> str | None:
        """The one core database that has all the tables; None if there are others."""
        return next(iter(self.homes)) if len(self.homes) == 1 and not self.reaches_here else None


class CoreStatement(Statement):
    """A statement that asks core for rows as they stand there, with core's ids of content types."""

    def reach(self, compiler: Any) -> None:
        pass


class Compiling:
    """While it is entered, whatever is compiled is a part of the statement; of none, where that is None."""

    def __init__(self, statement: Statement | None) -> None:
        self.statement = statement

    def __enter__(self) -> None:
        self.token = _current.set(self.statement)

    def __exit__(self, *exc_info: object) -> None:
        _current.reset(self.token)


class Notes(dict[type, "Callable[[Statement, Any], None] | None"]):
    """By the class of a node that is compiled, what notes it; None where it names no column itself."""

    def __missing__(self, kind: type) -> Callable[[Statement, Any], None] | None:
        self[kind] = note_of(kind)
        return self[kind]


def note_of(kind: type) -> Callable[[Statement, Any], None] | None:
    if issubclass(kind, Col):
        return note_column
    if issubclass(kind, JSONExact):
        return note_json
    if issubclass(kind, In):
        return note_in
    if issubclass(kind, ColPairs):
        return note_columns
    has_parts = hasattr(kind, "get_source_expressions")
    is_named = has_parts or issubclass(kind, (BaseTable, FilteredRelation, Join, Query))
    return note_all if issubclass(kind, (RawSQL, ExtraWhere)) or not is_named else None


def note_column(statement: Statement, node: Any) -> None:
    statement.columns.add((node.alias, node.target.column))


def note_columns(statement: Statement, node: Any) -> None:
    # They do not have the compiler compile their columns.
    statement.columns.update((node.alias, target.column) for target in node.targets)


def note_json(statement: Statement, node: Any) -> None:
    """Have the keys in what a column of core's is compared with be in core's order, where it is compared as text."""
    columns = [part for part in parts(node.lhs) if isinstance(part, Col)]
    homes_of_columns = {statement.staged_home(column.target.model._meta.db_table) for column in columns}
    if any(
        home and keeps_json_as_text(statement.connection) and not keeps_json_as_text(connections[home])
        for home in homes_of_columns
    ):
        node.rhs = with_keys_in_order(node.rhs)


def with_keys_in_order(value: Any) -> Any:
    """The value with the keys of its objects in the order in which PostgreSQL and MySQL keep them."""
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: with_keys_in_order(value[key]) for key in sorted(value, key=place_of)}
    if isinstance(value, (list, tuple)):
        return [with_keys_in_order(each) for each in value]
    if isinstance(value, Value):
        value = value.copy()
        value.value = with_keys_in_order(value.value)
    if isinstance(value, ExpressionList):
        value = value.copy()
        value.set_source_expressions([with_keys_in_order(each) for each in value.get_source_expressions()])
    return value


def place_of(key: str) -> tuple[int, bytes]:
    encoded = key.encode("utf-8", "surrogatepass")
    return len(encoded), encoded


def note_in(statement: Statement, node: Any) -> None:
    if isinstance(node.rhs, LISTS) and isinstance(node.lhs.output_field, JSONField):
        note_json(statement, node)
    note_subquery(statement, node)


def note_subquery(statement: Statement, node: Any) -> None:
    asked = getattr(node.rhs, "_db", None)
    here = statement.connection.alias
    # The alias of a core is no other database to the child's, nor is the child's to a core:
    # where the statement cannot reach the tables that the subquery names, it moves.
    core = here if asked == LOCAL_ALIAS else asked
    if core not in staged_cores():
        return
    if not homes.has_other_rows_on(core, node.rhs.model):
        node.rhs._db = None
    elif asked != core:
        # The rows here are not those that are meant.
        statement.compiler.refuse_local(node.rhs.model._meta.db_table)


def note_all(statement: Statement, node: Any) -> None:
    # SQL of a thing's own may name any column.
    statement.whole_rows = True


NOTES = Notes()


def is_mapped(table: Any) -> bool:
    """Whether the child reads a table of core with other ids of content types than core has."""
    return getattr(table, "mapped", None) is not None


def current() -> Statement | None:
    """The statement that is being compiled in this context."""
    return _current.get()


def no_statement() -> Compiling:
    """What is executed meanwhile, though another statement is being compiled, is one of its own."""
    return Compiling(None)
