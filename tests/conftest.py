"""The session: its engines, their throwaway servers, and Django's settings over them."""

import os
import tempfile
from contextlib import ExitStack
from unittest.mock import patch

import pytest

from tests import databases, servers, unpacked
from tests.projects import (
    child_project,
    core_project,
    make_child_project,
    migrated_projects,
    module_projects,
)

__all__ = ["child_project", "core_project", "make_child_project", "migrated_projects", "module_projects"]

# A folder in memory, where there is one: nothing has to survive, and no commit waits for a disk.
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Start what the settings need, then load them; pytest-django sets Django up after that."""
    for placement in databases.PLACEMENTS:
        config.addinivalue_line("markers", f"{placement}(reason): only where core tables are {placement}")
    # A worker of pytest-xdist inherits the variables of the session that started it.
    if not hasattr(config, "workerinput"):
        stack = ExitStack()
        config.add_cleanup(stack.close)
        try:
            start(stack)
        except (ValueError, servers.ServerError) as error:
            raise pytest.UsageError(str(error)) from None
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    from django.conf import settings

    assert settings.DATABASES, "reading a setting loads them"


def start(stack):
    """Set the variables that ``tests/settings.py`` reads, for as long as the stack is open."""
    stack.enter_context(servers.terminable())
    for product in {databases.product(), databases.core_product()} & servers.SERVERS.keys():
        kind = servers.SERVERS[product]
        os.environ[kind.variable] = str(stack.enter_context(kind.stands()))
    if databases.product() == "mysql":
        # Django copies test databases by mysqldump, and MariaDB's does not understand MySQL.
        os.environ["PATH"] = os.pathsep.join([str(unpacked.programs_of("mysql")), os.environ["PATH"]])
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="causeway-tests-", dir=IN_MEMORY))
    os.environ[databases.FOLDER_VARIABLE] = folder
    os.environ[databases.RUN_VARIABLE] = str(os.getpid())


NUMBER_ON = """
    SELECT setval(c.oid::regclass, greatest(10000, pg_sequence_last_value(c.oid::regclass)))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND n.nspname !~ '^(pg_|information_schema)'
"""


@pytest.fixture(scope="module", autouse="postgresql" in {databases.engine(), databases.core_engine()})
def high_numbers(django_db_setup, django_db_blocker):
    """On PostgreSQL, rows are numbered beyond the keys that tests give, whichever tests came before."""
    from django.db import connections

    for connection in connections.all():
        # Some folders make no test databases in this process.
        if connection.vendor == "postgresql" and connection.creation.is_test_database:
            with django_db_blocker.unblock(), connection.cursor() as cursor:
                cursor.execute(NUMBER_ON)


@pytest.fixture(autouse=databases.placement() == "staged", scope="session")
def any_number_of_queries():
    """Staged, a query that spans is several: how many is stated in ``tests/placements``, here what they find."""
    from django.test.testcases import CaptureQueriesContext, _AssertNumQueriesContext

    with patch.object(_AssertNumQueriesContext, "__exit__", CaptureQueriesContext.__exit__):
        yield


def pytest_report_header():
    core = f", {databases.placement()} to {databases.core_product()}"
    return f"engine: {databases.product()}{core}"


def pytest_collection_modifyitems(config, items):
    """Leave out the tests that are marked as another engine's, or another placement's."""
    # What is MariaDB's own is marked so; what it shares with MySQL, by their common name.
    marked = {*databases.ENGINES, *databases.PRODUCTS}
    others = marked - {databases.engine(), databases.product()}
    placements = set(databases.PLACEMENTS) - {databases.placement()}

    def is_of_another(item):
        marks = {mark.name for mark in item.iter_markers()}
        of_engines = marks & marked
        return bool(of_engines and of_engines <= others) or bool(marks & placements)

    left_out = [item for item in items if is_of_another(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
