"""A core that cannot be prepared: it decides, and the child's database is prepared."""

import os
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db import Error, OperationalError, connection, connections, transaction

import causeway
from causeway.exceptions import TwoPhaseUnavailable
from causeway.transactions import (
    branch_rows,
    checks,
    decisions,
    installation,
    leftovers,
    lost,
    recovery,
    roles,
)
from causeway.transactions.recovery import COMMITTED, LOST, ROLLED_BACK
from tests.library.models import Article
from tests.shop.models import Shelf
from tests.transactions.cases import SpanningTestCase, write_core, write_local
from tests.transactions.prepared import Named, await_end, end_session, recovered


class Undo(Exception):
    pass


@contextmanager
def no_core_is_prepared():
    """Meanwhile, no core can be prepared: those of SQLite never can."""
    never = patch.object(type(connections["core"]), "two_phase_obstacle", lambda self: obstacle_of(self))
    connections["core"].close()
    roles.forget_obstacles()
    try:
        with never:
            yield
    finally:
        connections["core"].close()
        roles.forget_obstacles()


def obstacle_of(connection):
    return "it is told to" if connection.alias == "core" else None


@pytest.mark.staged("linked, one transaction covers both")
class RolesTests(SpanningTestCase):
    def setUp(self):
        super().setUp()
        if connection.never_prepares:
            self.skipTest("This child cannot be prepared either.")
        if not connections["core"].never_prepares:
            self.enterContext(no_core_is_prepared())
        for module in (lost, recovery):
            self.enterContext(patch.object(module, "YOUNG", -1))
        self.enterContext(patch.object(lost, "PAUSE", 0))

    def tearDown(self):
        left = connection.prepared()
        for gid in left:
            connection.rollback_prepared(gid)
        assert not left, "A transaction was left prepared."
        super().tearDown()

    def recovered(self, **options):
        return [(each.home, each.outcome) for each in recovered(**options)]

    def decisions(self, alias):
        return decisions.names_in(connections[alias], decisions.DECISIONS, installation.prefix())

    def test_both_are_committed_or_rolled_back(self):
        for first, second in ((write_local, write_core), (write_core, write_local)):
            with causeway.atomic():
                first("kept")
                second("kept")
            with pytest.raises(Undo), causeway.atomic():
                first("undone")
                second("undone")
                raise Undo
            self.assert_rows(core=["kept"], local=["kept"])
            Article.objects.all().delete()
            Shelf.objects.all().delete()

    def test_core_keeps_the_decision_and_the_child_the_row(self):
        with causeway.atomic():
            write_local()
            write_core()
        assert self.decisions("default") == []
        (gid,) = self.decisions("core")
        assert branch_rows.beginning(connection, installation.PREFIX) == [gid]
        assert self.recovered() == []

    def test_within_blocks_of_either_connection(self):
        for alias in ("default", "core"):
            with transaction.atomic(alias), causeway.atomic():
                write_core(alias)
                write_local(alias)
        self.assert_rows(core=["core", "default"], local=["core", "default"])

    def test_it_is_committed_by_itself_where_one_home_was_written(self):
        with causeway.atomic():
            write_local()
        with causeway.atomic():
            write_core()
        self.assert_rows(core=["core"], local=["local"])
        assert self.decisions("core") == self.decisions("default") == []

    def test_a_block_of_djangos_that_has_begun_by_then(self):
        """On MySQL it cannot be prepared any more, so both are refused where both are insisted on."""
        with transaction.atomic("default"):
            write_local()
            if connection.vendor == "mysql":
                with pytest.raises(TwoPhaseUnavailable, match="begun before"), causeway.atomic():
                    write_core("refused")
            else:
                with causeway.atomic():
                    write_core()
        self.assert_rows(local=["local"], core=[] if connection.vendor == "mysql" else ["core"])

    def test_savepoints(self):
        with causeway.atomic():
            write_local("kept")
            with pytest.raises(Undo), causeway.atomic():
                write_core("undone")
                write_local("undone")
                raise Undo
            write_core("kept")
        self.assert_rows(core=["kept"], local=["kept"])

    def test_the_childs_database_is_lost_after_the_decision(self):
        with failing("default", ("COMMIT PREPARED", "XA COMMIT")), causeway.atomic():
            write_core()
            write_local()
            session = connection.connection.thread_id() if connection.vendor == "mysql" else None
        await_end("default", session, *self.decisions("core"))
        self.assert_rows(core=["core"])
        assert self.recovered() == [("default", COMMITTED)]
        self.assert_rows(core=["core"], local=["local"])

    def test_core_is_lost_before_the_decision(self):
        core = connections["core"]
        losing = patch.object(core, "_commit", side_effect=OperationalError)
        with losing, pytest.raises(OperationalError), causeway.atomic():
            write_local()
            write_core()
        self.assert_rows()
        assert self.decisions("core") == []

    def test_what_was_not_decided_is_rolled_back(self):
        gid = self.leave()
        assert self.recovered() == [("default", ROLLED_BACK)]
        self.assert_rows()
        assert gid not in self.decisions("core") + self.decisions("default")

    def test_what_was_decided_is_committed(self):
        gid = self.leave()
        decisions.insert(connections["core"], gid, is_abort=False, branches='{"default": {}}')
        assert self.recovered() == [("default", COMMITTED)]
        self.assert_rows(local=["local"])

    def test_nothing_is_rolled_back_while_core_is_away(self):
        gid = self.leave()
        with patch.object(recovery.Recovery, "open", lambda self, alias: self.databases.get(alias)):
            assert self.recovered() == [("default", recovery.IN_PROGRESS)]
        assert gid in connection.prepared()
        assert self.recovered() == [("default", ROLLED_BACK)]

    def test_nothing_is_rolled_back_where_core_was_never_asked(self):
        """A process that begins while core is away does not know that core decides."""
        gid = self.leave()
        decisions.insert(connections["core"], gid, is_abort=False, branches='{"default": {}}')
        with core_is_away():
            assert self.recovered() == [("default", recovery.IN_PROGRESS)]
            assert leftovers.look("core") is False
        assert self.recovered() == [("default", COMMITTED)]
        self.assert_rows(local=["local"])

    def test_an_abort_says_nothing_while_core_is_away(self):
        """Core had decided already when another process wanted to keep it from that."""
        gid = self.leave()
        decisions.insert(connections["core"], gid, is_abort=False, branches='{"default": {}}')
        decisions.insert(connection, gid, is_abort=True)
        with core_is_away():
            assert self.recovered() == [("default", recovery.IN_PROGRESS)]
        assert self.recovered() == [("default", COMMITTED)]
        self.assert_rows(local=["local"])
        assert self.decisions("default") == []
        assert self.recovered() == []

    def test_an_abort_that_came_too_late_takes_no_row_along(self):
        with causeway.atomic():
            write_local()
            write_core()
        (gid,) = self.decisions("core")
        decisions.insert(connection, gid, is_abort=True)
        assert self.recovered() == []
        assert self.decisions("default") == []
        assert self.recovered() == []
        assert branch_rows.beginning(connection, installation.PREFIX) == [gid]

    def test_rows_are_kept_while_core_is_away(self):
        with causeway.atomic():
            write_local()
            write_core()
        with core_is_away(), patch.object(lost, "decisions_kept", lambda: 0):
            recovered()
        assert self.recovered() == []
        assert self.decisions("core") == branch_rows.beginning(connection, installation.PREFIX) != []

    def test_a_process_ends_what_it_left_before_it_writes_core_again(self):
        with (
            patch.object(leftovers, "_given_up", {}),
            patch.object(leftovers, "_due", {(os.getpid(), "core"): None}),
        ):
            leftovers.look_again("default", decisions.new_gid(may_be_in_core=True))
            assert leftovers._due == {}

    def test_what_the_child_has_had_prepared_for_long_is_told(self):
        """It is not lost, though core has decided."""
        gid = self.leave()
        decisions.insert(connections["core"], gid, is_abort=False, branches='{"default": {}}')
        with patch.object(checks, "OLD", -1):
            issues = [*checks.check_local(), *checks.check_core(connections["core"])]
        assert not [issue for issue in issues if issue.id == "causeway.W024"]
        (issue,) = (issue for issue in issues if issue.id == "causeway.W007" and gid in issue.msg)
        assert "this project has been prepared on the child's database 'default'" in issue.msg
        assert self.recovered() == [("default", COMMITTED)]

    def test_what_the_child_has_lost_is_told(self):
        with causeway.atomic():
            write_local()
            write_core()
        (gid,) = self.decisions("core")
        Shelf.objects.all().delete()
        branch_rows.forget(connection, [gid])
        assert self.recovered() == [("default", LOST)]
        assert self.recovered(accepted=[gid]) == [("default", recovery.ACCEPTED)]
        assert self.recovered() == []

    def test_a_core_without_the_table_of_decisions(self):
        for first, second in ((write_local, write_core), (write_core, write_local)):
            with (
                patch.object(branch_rows, "stands", lambda connection, table=branch_rows.BRANCHES: False),
                pytest.raises(TwoPhaseUnavailable, match="has no table 'causeway_decision'"),
                causeway.atomic(),
            ):
                first()
                second()
        self.assert_rows()

    def test_a_core_that_turns_out_to_prepare_nothing(self):
        """The next block knows, as the refusal says."""
        with (
            patch.object(decisions, "may_be_in_core", lambda gid: False),
            pytest.raises(TwoPhaseUnavailable, match="enter the block again"),
            causeway.atomic(),
        ):
            write_local()
            write_core()
        assert roles._obstacles == {}
        with causeway.atomic():
            write_local()
            write_core()
        self.assert_rows(core=["core"], local=["local"])

    def test_many_rows_of_core_in_the_block(self):
        """They go into no temporary table, which a transaction that is prepared may not touch."""
        names = [Article(title=f"{n}", slug=f"{n}", author_id=1) for n in range(6000)]
        Article.objects.bulk_create(names, batch_size=2000)
        with causeway.atomic():
            found = Shelf.objects.filter(articles__title__startswith="1").count()
            assert found == 0
            assert (
                len(
                    list(Shelf.articles.through.objects.filter(article__in=Article.objects.exclude(title="")))
                )
                == 0
            )
            write_local()
            write_core()
        self.assert_rows(local=["local"], core=["core", *(each.title for each in names)])

    def leave(self):
        """What a crash leaves: the child's database is prepared, and nothing is decided."""
        gid = decisions.new_gid(may_be_in_core=True)
        other = connection.copy()
        other.ensure_connection()
        other.begin_branch(Named(gid))
        with other.cursor() as cursor:
            cursor.execute("INSERT INTO shop_shelf (name) VALUES ('local')")
        other.prepare_branch(gid, [branch_rows.insertion(other, gid)])
        end_session(other, gid)
        return gid


@contextmanager
def core_is_away():
    """Meanwhile, recovery cannot reach it, and nobody knows what can be prepared there."""
    away = patch.object(type(connections["core"]), "two_phase_obstacle", side_effect=OperationalError)
    roles.forget_obstacles()
    with away, patch.object(recovery.Recovery, "open", lambda self, alias: self.databases.get(alias)):
        yield
    roles.forget_obstacles()


def failing(alias, words):
    """Meanwhile, a database is away whenever a statement with one of these words is sent."""

    def wrapper(execute, sql, *rest):
        if any(word in sql for word in words):
            raise Error("It is away.")
        return execute(sql, *rest)

    return connections[alias].execute_wrapper(wrapper)


@pytest.mark.staged("linked, one transaction covers both")
def test_a_backend_may_say_that_it_prepares_nothing():
    """As one does whose engine merely speaks the language of another; its server is not asked."""
    for alias in ("default", "core"):
        wrapped = type("DatabaseWrapper", (type(connections[alias]),), {"never_prepares": "it has no XA"})
        other = wrapped({**connections[alias].settings_dict, "HOST": "nowhere.invalid"}, alias)
        assert other.two_phase_obstacle() == "it has no XA"
