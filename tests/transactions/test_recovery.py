"""``causeway.transactions.recovery`` and ``manage.py causeway recover``."""

import json
import threading
from contextlib import contextmanager
from io import StringIO
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import Error, IntegrityError, OperationalError, connection, connections, transaction
from django.test import override_settings

from causeway.transactions import decisions, installation, recovery
from causeway.transactions.connections import opened, waiting_briefly
from causeway.transactions.leftovers import recover_once
from causeway.transactions.recovery import (
    COMMITTED,
    FOREIGN,
    HELD,
    IN_PROGRESS,
    REFUSED,
    ROLLED_BACK,
    fenced,
    recover,
)
from tests.transactions.cases import write_local
from tests.transactions.prepared import PreparedTestCase, recovered


@contextmanager
def as_another_role(core):
    """Meanwhile, whoever connects to core is a user without rights."""
    with core.cursor() as cursor:
        cursor.execute("CREATE ROLE causeway_stranger LOGIN PASSWORD 'stranger'")
    try:
        with patch.dict(core.settings_dict, {"USER": "causeway_stranger", "PASSWORD": "stranger"}):
            yield
    finally:
        with core.cursor() as cursor:
            cursor.execute("DROP ROLE causeway_stranger")


class RecoveryTests(PreparedTestCase):
    def setUp(self):
        super().setUp()
        # Decisions go as soon as they are carried out.
        self.enterContext(override_settings(CAUSEWAY={**settings.CAUSEWAY, "DECISIONS_KEPT": 0}))

    def outcomes(self, **options):
        return {found.gid: found.outcome for found in recovered(**options)}

    def test_what_was_decided_is_committed(self):
        gid = self.prepare()
        self.decide(gid)
        assert self.outcomes() == {gid: COMMITTED}
        self.assert_author("renamed")
        assert self.decisions() == []

    def test_what_was_not_decided_is_rolled_back(self):
        gid = self.prepare()
        assert self.outcomes() == {gid: ROLLED_BACK}
        self.assert_author("Ada")
        assert self.decisions() == []

    def test_what_was_decided_to_be_aborted_is_rolled_back(self):
        gid = self.prepare()
        self.decide(gid, is_abort=True)
        assert self.outcomes() == {gid: ROLLED_BACK}
        self.assert_author("Ada")

    def test_what_lives_is_left_alone(self):
        gid = self.prepare()
        with self.living(gid) as child:
            assert self.outcomes() == {gid: IN_PROGRESS}
            child.commit()
        assert self.outcomes() == {gid: COMMITTED}
        self.assert_author("renamed")

    def test_a_late_commit_of_the_child_fails_on_the_tombstone(self):
        gid = decisions.new_gid()
        with opened("default") as other:
            assert fenced(other, gid) is False
        with pytest.raises(IntegrityError):
            self.decide(gid)
        recover()
        assert self.decisions() == []

    def test_a_session_that_holds_it(self):
        """MariaDB lists it, but calls it unknown while the session that prepared it is connected."""
        core = connections["core"]
        gid = self.prepare(stay=True)
        self.decide(gid)
        outcome = self.outcomes()[gid]
        if core.vendor == "mysql" and core.mysql_is_mariadb:
            assert outcome == HELD
            assert self.decisions() == [gid]
            self.doCleanups()
            assert self.outcomes() == {gid: COMMITTED}
        else:
            assert outcome == COMMITTED
        self.assert_author("renamed")

    def test_a_session_of_mysql_that_is_set_to_hold_it(self):
        """As all of them did before version 8.0.29."""
        core = connections["core"]
        if core.vendor != "mysql" or core.mysql_is_mariadb:
            self.skipTest("This is about MySQL's variable xa_detach_on_prepare.")
        options = core.settings_dict["OPTIONS"]
        with patch.dict(options, init_command="SET SESSION xa_detach_on_prepare = OFF"):
            gid = self.prepare(stay=True)
        self.decide(gid)
        assert self.outcomes() == {gid: HELD}
        self.doCleanups()
        assert self.outcomes() == {gid: COMMITTED}
        self.assert_author("renamed")

    def test_what_core_refuses_is_told(self):
        """PostgreSQL lets nobody end what another role prepared. The rest is recovered all the same."""
        core = connections["core"]
        if core.vendor != "postgresql":
            self.skipTest("XA transactions may be ended by anybody who may end one.")
        gid = self.prepare()
        self.decide(gid)
        with as_another_role(core):
            (found,) = recovered()
            assert (found.gid, found.outcome) == (gid, REFUSED)
            assert "permission denied" in found.why
            with pytest.raises(CommandError, match="'core' refused it"):
                call_command("causeway", "recover", stdout=StringIO())
        assert self.decisions() == [gid]
        assert self.outcomes() == {gid: COMMITTED}
        self.assert_author("renamed")

    def test_a_decision_that_cannot_be_written(self):
        """It is an error, and not taken for a transaction in progress."""
        gid = self.prepare()
        with (
            patch.object(decisions, "DECISIONS", "causeway_nowhere"),
            patch.object(decisions, "decided", lambda *arguments: None),
            pytest.raises(Error),
        ):
            recover()
        assert self.outcomes() == {gid: ROLLED_BACK}

    def test_the_decisions_are_read_while_the_child_holds_its_write_lock(self):
        """On SQLite a transaction locks them all: what cannot be fenced is left alone, and waits for nobody."""
        if connection.vendor != "sqlite":
            self.skipTest("A server locks rows.")
        gid = self.prepare()
        with transaction.atomic():
            write_local()
            assert self.outcomes() == {gid: IN_PROGRESS}
        assert self.outcomes() == {gid: ROLLED_BACK}

    def test_a_pool_gets_no_connection_that_waits_briefly(self):
        """Settings of a session would stay with the connection, and go to the next request."""
        if connection.vendor != "postgresql":
            self.skipTest("This one is PostgreSQL's.")
        pooled = {**connection.settings_dict["OPTIONS"], "pool": {"min_size": 1}}
        with patch.dict(connection.settings_dict, OPTIONS=pooled), opened("default") as own:
            assert own.pool is None
            with waiting_briefly(own), own.cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                assert cursor.fetchone() == ("1s",)
            with own.cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                assert cursor.fetchone() == ("0",)

    def test_names_are_as_short_as_every_engine_asks(self):
        """64 bytes for XA and for the column, 200 with the alias for PostgreSQL. None is given twice."""
        gids = {decisions.new_gid() for _ in range(1000)}
        assert len(gids) == 1000
        assert max(map(len, gids)) <= 64
        assert all(0 <= decisions.age(gid) < 60 for gid in gids)

    def test_what_belongs_to_another_installation_is_left_alone(self):
        """It is told, once it is old."""
        core = connections["core"]
        gid = self.prepare(gid=f"{installation.PREFIX}0123456789abcdef_5f000000_0123456789abcdef0123")
        self.addCleanup(core.rollback_prepared, gid)
        with patch.object(recovery, "OLD", -1):
            found = [each for each in recover() if "0123456789abcdef" in each.gid]
        assert [(each.home, each.outcome, each.why) for each in found] == [("core", FOREIGN, "1 prepared")]
        assert gid in core.prepared()

    def test_a_core_that_is_away_is_tried_once_in_a_round(self):
        """It may take long until that fails, and a worker waits for it."""
        tried, opened = [], recovery.opened

        def open_unless_away(alias):
            tried.append(alias)
            if alias == "core":
                raise OperationalError("It is away.")
            return opened(alias)

        with patch.object(recovery, "opened", open_unless_away), pytest.raises(OperationalError):
            recover()
        assert tried == ["default", "core"]

    def test_decisions_on_what_is_prepared_nowhere_are_forgotten(self):
        self.decide(decisions.new_gid())
        recover()
        assert self.decisions() == []

    def test_what_its_own_process_ended_meanwhile_is_not_told(self):
        """It was listed, then committed, and its decision forgotten before that was looked for."""
        self.prepare()

        def end(local, gid):
            connections["core"].commit_prepared(gid)
            return fenced(local, gid)

        with patch("causeway.transactions.recovery.fenced", end):
            assert recovered() == []
        self.assert_author("renamed")

    def test_a_decision_that_is_not_committed_is_not_seen(self):
        """Whatever the settings of the connections say."""
        gid = self.prepare()
        child = connections["default"]
        options = {**child.settings_dict["OPTIONS"]}
        if child.vendor == "mysql":
            options["isolation_level"] = "read uncommitted"
        with patch.dict(child.settings_dict, OPTIONS=options), self.living(gid):
            assert [found.outcome for found in recovered()] == [IN_PROGRESS]
        assert [found.outcome for found in recovered()] == [ROLLED_BACK]
        self.assert_author("Ada")

    def test_no_test_database_is_taken_for_the_other_side_of_a_real_one(self):
        """While the runner makes them, one of the two is the real one."""
        self.decide(decisions.new_gid())
        with (
            patch("causeway.transactions.leftovers._due", {}),
            patch.object(connections["default"].creation, "stands", False),
            patch.object(connections["default"].creation, "worker_name", None),
        ):
            recover_once("core")
        assert len(self.decisions()) == 1

    def test_the_command_leaves_the_callers_connections_alone(self):
        with transaction.atomic():
            write_local()
            call_command("causeway", "recover")
            write_local("second")
        self.assert_rows(local=["local", "second"])

    def test_a_dry_run_changes_nothing(self):
        first = self.prepare()
        assert "rolled back" in self.outcomes(dry_run=True)[first]
        self.decide(first)
        assert self.outcomes(dry_run=True) == {first: COMMITTED}
        assert self.decisions() == [first]
        recover()
        self.assert_author("renamed")

    def test_two_recoverers_at_once(self):
        gids = []
        for is_decided in (True, False) * 3:
            # The same row cannot be prepared twice.
            gid = self.prepare()
            gids.append(gid)
            if is_decided:
                self.decide(gid)
            failures = []

            def work(failures=failures):
                try:
                    recover()
                except Error as error:
                    failures.append(error)
                finally:
                    connections.close_all()

            threads = [threading.Thread(target=work) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not failures
        self.assert_author("renamed")
        recover()
        assert self.decisions() == []

    def test_a_childs_database_that_cannot_be_read(self):
        gid = self.prepare()
        away = {"PORT": 1} if connection.vendor != "sqlite" else {"NAME": "/nowhere/there.sqlite3"}
        with patch.dict(connection.settings_dict, away), pytest.raises(Error):
            recover()
        installation.forget_key()
        assert gid in connections["core"].prepared(installation.PREFIX)
        recover()
        self.assert_author("Ada")


class RecoverTests(PreparedTestCase):
    def said(self, *arguments):
        out = StringIO()
        call_command("causeway", "recover", *arguments, stdout=out)
        return "".join(line for line in out.getvalue().splitlines(True) if FOREIGN not in line)

    def test_a_line_for_each(self):
        gid = self.prepare()
        said = self.said("--dry-run")
        assert said.startswith(f"core {gid} (")
        assert "would be rolled back" in said
        assert self.said().endswith("rolled back\n")
        assert self.said() == ""
        assert self.said("--verbosity", "2") == "Nothing is prepared.\n"

    def test_json(self):
        gid = self.prepare()
        self.decide(gid)
        told = json.loads(self.said("--format", "json"))
        assert (told["home"], told["gid"], told["outcome"], told["dry_run"]) == (
            "core",
            gid,
            COMMITTED,
            False,
        )
        assert told["age"] >= 0

    def test_a_database_that_cannot_be_asked(self):
        away = {"PORT": 1}
        with (
            patch.dict(connections["core"].settings_dict, away),
            pytest.raises(CommandError, match="Cannot recover: "),
        ):
            self.said()
