"""The checks of what two-phase commit needs, on a staged core, and of what it left."""

from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.db import connection, connections

import causeway
from causeway.backends.mysql.branches import MySQLBranchesMixin
from causeway.transactions import branch_rows, checks, decisions, installation, leftovers
from tests.transactions.cases import write_core, write_local
from tests.transactions.prepared import PreparedTestCase
from tests.transactions.test_lost import execute, without_table

# What servers of tests are not, and tables that other tests do not make.
NOT_MEANT = {"causeway.W003", "causeway.W004", "causeway.W022"}


def found(others=False):
    """``others``: also what other installations have prepared, which MariaDB lists of all workers of a session."""
    issues = [*connection.validation.check_home("core"), *checks.check_local()]
    meant = [issue for issue in issues if issue.id not in NOT_MEANT]
    return [issue for issue in meant if others or "other installations" not in issue.msg]


def server_tells(alias, **answers):
    """Meanwhile, the server of an alias answers so."""
    return patch.multiple(
        connections[alias], **{name: lambda value=value: value for name, value in answers.items()}
    )


class TwoPhaseTests(PreparedTestCase):
    def test_nothing_where_all_is_there(self):
        assert found() == []

    def test_what_has_been_prepared_for_long(self):
        gid = self.prepare(gid=f"{installation.prefix()}5f000000_0123456789abcdef0123")
        with patch.object(checks, "OLD", -1):
            (issue,) = (issue for issue in found() if "this project" in issue.msg)
        connections["core"].rollback_prepared(gid)
        assert issue.id == "causeway.W007"
        assert issue.msg.startswith(
            "A transaction of this project has been prepared on the core database 'core'"
        )
        assert "causeway recover" in issue.hint

    def test_what_others_have_had_prepared_for_long(self):
        """Among them what this project has prepared while it had another key."""
        gid = self.prepare(gid=f"{installation.PREFIX}0123456789abcdef_5f000000_0123456789abcdef0123")
        with patch.object(checks, "OLD", -1):
            (issue,) = found(others=True)
        connections["core"].rollback_prepared(gid)
        assert issue.id == "causeway.W007"
        assert "other installations" in issue.msg

    def test_a_server_that_prepares_nothing(self):
        """It may decide, and the child's database is prepared; unless that cannot be either."""
        here, there = ({"two_phase_obstacle": value} for value in ("it has no right", "max_prepared is 0"))
        with server_tells("core", **there):
            assert found() == []
            with server_tells("default", **here):
                (issue,) = found()
            with without_table(decisions.DECISIONS):
                (other,) = found()
        assert issue.id == other.id == "causeway.W006"
        assert "max_prepared is 0; and 'default' cannot be prepared instead: it has no right" in issue.msg
        assert "it has no table 'causeway_decision'" in other.msg
        assert "Install 'causeway' in the core project" in other.hint

    def test_a_galera_node(self):
        if connections["core"].vendor != "mysql":
            self.skipTest("This one is MariaDB's.")
        with patch.object(MySQLBranchesMixin, "is_in_cluster", True):
            (issue,) = found()
        assert issue.id == "causeway.W006"
        assert "Galera" in issue.msg

    def test_a_core_without_rows_of_its_branches(self):
        """The hint makes the table, and nothing is said any more."""
        with without_table(branch_rows.BRANCHES):
            (issue,) = found()
            assert issue.id == "causeway.W020"
            for statement in issue.hint.partition("by hand: ")[2].removesuffix(";").split("; "):
                # The table that was renamed has an index of that name.
                if not statement.startswith("CREATE INDEX"):
                    execute("core", statement)
            branch_rows.forget_what_stands()
            assert found() == []
            execute("core", f"DROP TABLE {branch_rows.BRANCHES}")

    def test_what_is_lost(self):
        with causeway.atomic():
            write_core()
            write_local()
        (gid,) = self.decisions()
        execute("core", "DELETE FROM causeway_branch")
        with patch.object(checks, "OLD", -1):
            (issue,) = found()
        assert issue.id == "causeway.W024"
        assert "1 of the transactions that wrote 'core' and 'default' are lost on one side" in issue.msg
        assert gid in issue.msg

    def test_standbys_that_no_commit_waits_for(self):
        for alias, named in (
            ("core", "the core database 'core'"),
            ("default", "the child's database 'default'"),
        ):
            with server_tells(alias, why_standbys_lag="it has 2 standbys"):
                (issue,) = found()
            assert issue.id == "causeway.W021"
            assert f"A failover of {named} may lose" in issue.msg

    def test_servers_that_are_not_durable(self):
        for alias, named in (
            ("core", "the core database 'core'"),
            ("default", "the child's database 'default'"),
        ):
            with (
                patch.object(checks, "check_standbys", lambda *arguments: []),
                server_tells(alias, why_not_durable="no"),
            ):
                other = {"core": "default", "default": "core"}[alias]
                with server_tells(other, why_not_durable=None):
                    issues = [*checks.check_core(connections["core"]), *checks.check_local()]
            assert [issue.id for issue in issues] == ["causeway.W022"]
            assert f"A crash of {named} may lose" in issues[0].msg

    def test_a_copy(self):
        with patch.object(connections["default"], "identity", lambda: "another"):
            installation.forget_key()
            issues = found()
        installation.forget_key()
        assert [issue.id for issue in issues] == ["causeway.W023"]
        assert "'another' now" in issues[0].msg
        assert "recover --moved" in issues[0].hint

    def test_a_check_ends_nothing(self):
        gid = self.prepare()
        self.decide(gid)
        with patch.object(leftovers, "_due", {}):
            call_command("check", "--tag", "database", databases=["default"], fail_level="CRITICAL")
            call_command("causeway", "check", "library.Note")
        assert gid in connections["core"].prepared()
        connections["core"].rollback_prepared(gid)


@pytest.mark.staged("core has a connection of its own")
@pytest.mark.django_db(databases=["default", "core"])
def test_sqlite():
    if connections["core"].vendor != "sqlite" or connection.vendor != "sqlite":
        pytest.skip("One of the two can be prepared.")
    (issue,) = found()
    assert issue.id == "causeway.W006"
    assert issue.msg == (
        "causeway.atomic() refuses to write the core database 'core' and 'default' together: SQLite cannot prepare a "
        "transaction; and 'default' cannot be prepared instead: SQLite cannot prepare a transaction."
    )
