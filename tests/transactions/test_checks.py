"""The checks of what two-phase commit needs, on a staged core."""

from functools import partial
from unittest.mock import patch

import pytest
from django.db import connection, connections

from causeway.transactions import decisions
from tests.transactions.prepared import PreparedTestCase


def found():
    return [
        issue
        for issue in connection.validation.check_home("core")
        if issue.id in {"causeway.W006", "causeway.W007"}
    ]


class TwoPhaseTests(PreparedTestCase):
    def test_nothing_where_all_is_there(self):
        assert found() == []

    def test_what_has_been_prepared_for_long(self):
        gid = f"{decisions.prefix()}5f000000_0123456789abcdef0123"
        self.prepare(gid=gid)
        with patch("causeway.backends.base.validation.OLD", -1):
            (issue,) = found()
        connections["core"].rollback_prepared(gid)
        assert issue.id == "causeway.W007"
        assert issue.msg.startswith(
            "A transaction of this project has been prepared on the core database 'core'"
        )
        assert "causeway recover" in issue.hint

    def test_a_server_that_prepares_nothing(self):
        if connections["core"].vendor != "postgresql":
            self.skipTest("This one is PostgreSQL's.")
        with patch.dict(connections["core"].__dict__, max_prepared=0):
            (issue,) = found()
        assert issue.id == "causeway.W006"
        assert "max_prepared_transactions is 0" in issue.msg

    def test_a_galera_node(self):
        if connections["core"].vendor != "mysql":
            self.skipTest("This one is MariaDB's.")
        with patch.dict(connections["core"].__dict__, is_in_cluster=True):
            (issue,) = found()
        assert issue.id == "causeway.W006"
        assert "Galera" in issue.msg

    def test_a_version_of_mysql_that_may_lose_what_is_prepared(self):
        core = connections["core"]
        if core.vendor != "mysql" or core.mysql_is_mariadb:
            self.skipTest("This one is MySQL's.")
        for version, has_log, is_refused in [
            ((8, 0, 29), True, True),
            ((8, 0, 29), False, False),
            ((8, 0, 30), True, False),
        ]:
            with (
                self.subTest(version=version, has_log=has_log),
                patch.dict(core.__dict__, mysql_version=version),
                patch.object(type(core), "cursor", partial(Answering, has_log)),
            ):
                core.__dict__.pop("loses_what_is_prepared", None)
                self.addCleanup(core.__dict__.pop, "loses_what_is_prepared", None)
                core.is_in_cluster = False
                reason = core.two_phase_obstacle()
                assert ("MySQL 8.0.29 with a binary log" in (reason or "")) is is_refused


class Answering:
    """A cursor of a server that has a binary log or has none."""

    def __init__(self, has_log):
        self.row = (int(has_log),)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        pass

    def execute(self, sql):
        assert sql == "SELECT @@log_bin"

    def fetchone(self):
        return self.row


@pytest.mark.staged("core has a connection of its own")
@pytest.mark.django_db(databases=["default", "core"])
def test_sqlite():
    if connections["core"].vendor != "sqlite":
        pytest.skip("This core can be prepared.")
    (issue,) = found()
    assert issue.id == "causeway.W006"
    assert (
        issue.msg
        == "causeway.atomic() refuses the core database 'core': SQLite cannot prepare a transaction."
    )
