"""Connections to a pair of engines, and querysets over rows carried from the one to the other."""

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models.sql import InsertQuery
from django.db.utils import ConnectionHandler

from causeway.placements.staged.relation import Column, Relation
from causeway.placements.staged.transport import Stored, readers
from tests import databases
from tests.servers import SERVERS, Server


def databases_of(product):
    """The databases of an engine, for the tests here; the test is skipped where the session has no server of it."""
    # Each worker of a session has its own.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    run = f"{os.environ[databases.RUN_VARIABLE]}v{worker}"
    if product == "sqlite3":
        folder = Path(os.environ[databases.FOLDER_VARIABLE]) / f"values{worker}"
        folder.mkdir(exist_ok=True)
        return databases.SQLiteDatabases(folder)
    variable = SERVERS[product].variable
    if variable not in os.environ:
        pytest.skip(f"{variable} names no server for the other side of the pair")
    return databases.SERVER_DATABASES[product](Server.parse(os.environ[variable], variable), run)


@contextmanager
def connected(core_engine, core_settings=None, child_settings=None):
    """Connections to two new databases: one of ``core_engine``, one of the session's engine, the child's."""
    sides = {"origin": (core_engine, core_settings), "here": (databases.product(), child_settings)}
    with ExitStack() as stack:
        for alias, (product, more) in sides.items():
            made = databases_of(product)
            made.create(f"values_{alias}")
            stack.callback(made.drop, f"values_{alias}")
            stack.enter_context(further_alias(alias, {**made.settings(f"values_{alias}"), **(more or {})}))
        yield connections["origin"], connections["here"]


@contextmanager
def further_alias(alias, settings):
    """One more entry of ``DATABASES``."""
    handler = ConnectionHandler({DEFAULT_DB_ALIAS: settings, alias: settings})
    connections.settings[alias] = handler.settings[alias]
    try:
        yield
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]


def make_table(connection, model, objects=()):
    with connection.schema_editor() as editor:
        editor.create_model(model)
    insert(connection, model, objects)


def insert(connection, model, objects):
    for row in objects:
        query = InsertQuery(model)
        query.insert_values(
            [field for field in model._meta.local_concrete_fields if not field.generated], [row]
        )
        query.get_compiler(connection=connection).execute_sql()


def fetched(core, child, queryset, keys=()):
    """The rows of a queryset on core, read with the driver, as a relation for the child."""
    model = queryset.model
    columns = tuple(Column(field.column, field) for field in model._meta.local_concrete_fields)
    query = queryset.query.clone()
    query.default_cols = False
    query.select = tuple(Stored(query.get_initial_alias(), column.field) for column in columns)
    sql, params = query.get_compiler(connection=core).as_sql()
    with core.cursor() as cursor:
        cursor.execute(sql, params)
        raw = cursor.fetchall()
    read = readers(core, columns, child)
    rows = [
        tuple(reader(value) if reader else value for reader, value in zip(read, row, strict=True))
        for row in raw
    ]
    return Relation(model._meta.db_table, columns, rows, frozenset(keys))


@contextmanager
def temporary(connection, relation, name="causeway_temporary"):
    """What stands in a WITH for a relation that is in a temporary table, with its parameters."""
    ops = connection.ops
    with connection.cursor() as cursor:
        ops.create_temporary(cursor, name, relation)
        try:
            yield f"SELECT * FROM {ops.quote_name(name)}", ()
        finally:
            ops.drop_temporary(cursor, name)


def results(connection, queryset, relation=None, body=None):
    """What a queryset finds on a connection, where ``body`` stands for the table if there is one."""
    compiler = queryset.query.get_compiler(connection=connection)
    if body:
        quote = connection.ops.quote_name
        columns = ", ".join(quote(column.name) for column in relation.columns)
        as_sql = compiler.as_sql

        def with_relation(*args, **kwargs):
            sql, params = as_sql(*args, **kwargs)
            return f"WITH {quote(relation.name)} ({columns}) AS ({body[0]}) {sql}", (*body[1], *params)

        compiler.as_sql = with_relation
    return [tuple(row) for row in compiler.results_iter()]
