"""What crashes leave, made without a crash: transactions prepared on core, with or without a decision."""

import time
from contextlib import contextmanager

import pytest
from django.db import connections

from causeway.backends.base.unit import Unit
from causeway.transactions import decisions
from tests.library.models import Author
from tests.transactions.cases import SpanningTestCase


@pytest.mark.staged("nothing is prepared where core is linked")
class PreparedTestCase(SpanningTestCase):
    def setUp(self):
        super().setUp()
        if connections["core"].never_prepares:
            self.skipTest("This core prepares nothing.")

    def prepare(self, gid=None, stay=False):
        """A transaction that renames the author is prepared on core; ``stay``: its session stays connected."""
        gid = gid or decisions.new_gid()
        core = connections["core"].copy()
        core.ensure_connection()
        core.begin_branch(Named(gid))
        with core.cursor() as cursor:
            cursor.execute(f"UPDATE {Author._meta.db_table} SET name = 'renamed'")
        core.prepare_branch(gid)
        if stay:
            self.addCleanup(end_session, core)
        else:
            end_session(core)
        return gid

    def decide(self, gid, is_abort=False):
        decisions.insert(connections["default"], gid, is_abort=is_abort)

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
        assert not connections["core"].prepared(decisions.prefix())

    def decisions(self):
        return decisions.recorded(connections["default"], decisions.PREFIX)


def end_session(core):
    """Close the connection. MariaDB takes a moment until what it has prepared is not held by it any more."""
    session = core.connection.thread_id() if core.vendor == "mysql" else None
    core.close()
    deadline = time.monotonic() + 60
    while session is not None and is_connected(session):
        assert time.monotonic() < deadline, "The session does not end."
        time.sleep(0.01)


def is_connected(session):
    with connections["core"].cursor() as cursor:
        cursor.execute("SELECT 1 FROM information_schema.processlist WHERE id = %s", [session])
        return cursor.fetchone() is not None


class Named(Unit):
    """A unit of which a branch asks the name alone."""

    def __init__(self, gid):
        self.gid = gid
        self.members = []
