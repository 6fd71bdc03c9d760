"""What crashes leave, made without a crash: transactions prepared on core, with or without a decision."""

import json
import time
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db import connections

from causeway.backends.base.unit import Unit
from causeway.transactions import branch_rows, decisions, installation, lost, recovery
from tests.library.models import Author
from tests.transactions.cases import SpanningTestCase


@pytest.mark.staged("nothing is prepared where core is linked")
class PreparedTestCase(SpanningTestCase):
    def setUp(self):
        super().setUp()
        if connections["core"].never_prepares:
            self.skipTest("This core prepares nothing.")
        # Else what was prepared a moment ago is taken for a transaction in progress.
        for module in (lost, recovery):
            self.enterContext(patch.object(module, "YOUNG", -1))

    def prepare(self, gid=None, stay=False, has_row=False):
        """A transaction that renames the author is prepared on core; ``stay``: its session stays connected."""
        gid = gid or decisions.new_gid()
        core = connections["core"].copy()
        core.ensure_connection()
        core.begin_branch(Named(gid))
        with core.cursor() as cursor:
            cursor.execute(f"UPDATE {Author._meta.db_table} SET name = 'renamed'")
        core.prepare_branch(gid, [branch_rows.insertion(core, gid)] if has_row else ())
        if stay:
            self.addCleanup(core.close)
        else:
            end_session(core, gid)
        return gid

    def decide(self, gid, is_abort=False, branches=None):
        decisions.insert(connections["default"], gid, is_abort=is_abort, branches=json.dumps(branches or {}))

    @contextmanager
    def living(self, gid):
        """Meanwhile, a child's transaction that holds the decision is open."""
        child = connections["default"].copy()
        child.set_autocommit(False)
        try:
            decisions.insert(child, gid, is_abort=False)
            yield child
        finally:
            child.close()

    def assert_author(self, name):
        assert Author.objects.get().name == name
        assert not connections["core"].prepared(installation.prefix())

    def decisions(self):
        return decisions.names_in(connections["default"], decisions.DECISIONS, installation.PREFIX)


def recovered(**options):
    """What recovery tells of this installation.

    MySQL and MariaDB list what is prepared on the whole server, and the tests of another worker may share it.
    """
    return [found for found in recovery.recover(**options) if found.outcome != recovery.FOREIGN]


def end_session(connection, gid):
    """Close the connection. It takes servers a moment until what it has prepared is not held by it any more, and listed."""
    session = connection.connection.thread_id() if connection.vendor == "mysql" else None
    connection.close()
    await_end(connection.alias, session, gid)


def await_end(alias, session, gid):
    deadline = time.monotonic() + 60
    while (session is not None and is_connected(alias, session)) or gid not in connections[alias].prepared():
        assert time.monotonic() < deadline, "The session does not end."
        time.sleep(0.01)


def is_connected(alias, session):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1 FROM information_schema.processlist WHERE id = %s", [session])
        return cursor.fetchone() is not None


class Named(Unit):
    """A unit of which a branch asks the name alone."""

    def __init__(self, gid):
        self.gid = gid
        self.members = []
