"""What waits for the commit of both sides: run once, after both were decided, or not at all."""

from contextlib import suppress
from unittest.mock import patch

import pytest
from django.db import Error, OperationalError, connection, connections, transaction

import causeway
from causeway.transactions.recovery import recover
from tests.library.models import Article
from tests.transactions.cases import write_core, write_local
from tests.transactions.prepared import PreparedTestCase
from tests.transactions.test_faults import COMMIT, failing_core_at


class Refused(Exception):
    pass


def refuse():
    raise Refused


class HooksTests(PreparedTestCase):
    def setUp(self):
        super().setUp()
        self.ran = []

    def note(self, what, alias="default"):
        transaction.on_commit(lambda: self.ran.append(what), alias)

    def test_none_runs_after_one_that_raises(self):
        """As in Django. Nor does it run with a later transaction."""
        with pytest.raises(Refused), causeway.atomic():
            write_core()
            write_local()
            transaction.on_commit(refuse)
            self.note("later")
            self.note("core's", "core")
        with causeway.atomic():
            write_core("second")
            write_local("second")
        transaction.set_autocommit(False)
        transaction.rollback()
        transaction.set_autocommit(True)
        assert self.ran == []

    def test_after_one_that_raised_others_run_only_when_it_is_committed(self):
        for alias in ("default", "core"):
            with pytest.raises(Refused), transaction.atomic(alias):
                transaction.on_commit(refuse, alias)
        for leader, other in (("core", "default"), ("default", "core")):
            with pytest.raises(Refused), transaction.atomic(leader):
                write_core()
                write_local()
                self.note("rolled back", other)
                raise Refused
        assert self.ran == []

        def count():
            with connections["core"].copy().cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {Article._meta.db_table}")
                self.ran.append(cursor.fetchone()[0])
                cursor.connection.close()

        with transaction.atomic("core"):
            write_core()
            write_local()
            transaction.on_commit(count)
        assert self.ran == [1]

    def test_a_hook_opens_blocks(self):
        def roll_back():
            with pytest.raises(Refused), transaction.atomic():
                self.note("rolled back")
                raise Refused

        def commit():
            with causeway.atomic():
                write_core("inner")
                write_local("inner")
                self.note("inner", "core")

        with causeway.atomic():
            write_core()
            write_local()
            transaction.on_commit(roll_back)
            transaction.on_commit(commit)
            self.note("core's", "core")
        assert self.ran == ["inner", "core's"]

    def test_the_reply_to_the_childs_commit_is_lost(self):
        commit = connection._commit

        def lose():
            commit()
            connection.connection.close()
            raise OperationalError("lost")

        with patch.object(connection, "_commit", lose), causeway.atomic():
            write_core()
            write_local()
            self.note("local")
        self.assert_rows(core=["core"], local=["local"])
        assert self.ran == ["local"]

    def test_core_is_lost_after_the_decision(self):
        for block, names in ((causeway.atomic(), "first"), (transaction.atomic("core"), "second")):
            with failing_core_at(COMMIT), block:
                write_core(names)
                write_local(names)
                self.note("local")
                self.note("core's", "core")
            recover()
        assert sorted(self.ran) == ["core's", "core's", "local", "local"]

    def test_a_leader_that_is_away_after_its_commit_runs_no_hook_of_the_next_block(self):
        core = connections["core"]
        away = patch.object(core, "get_new_connection", side_effect=OperationalError("away"))
        with failing_core_at(COMMIT), away, suppress(Error), transaction.atomic("core"):
            write_core("first")
            write_local("first")
            self.note("committed", "core")
        with pytest.raises(Refused), causeway.atomic():
            self.note("rolled back", "core")
            self.note("rolled back")
            write_core("second")
            write_local("second")
            raise Refused
        assert self.ran == ["committed"]
        recover()
        self.assert_rows(core=["first"], local=["first"])

    def test_autocommit_by_hand_where_a_database_is_away_afterwards(self):
        away = patch.object(connection, "get_new_connection", side_effect=OperationalError("away"))
        transaction.set_autocommit(False)
        with causeway.atomic():
            write_core("first")
            write_local("first")
            self.note("committed")
        transaction.commit()
        connection.close()
        with away, suppress(Error):
            transaction.set_autocommit(True)
        connection.close()
        with pytest.raises(Refused), causeway.atomic():
            self.note("rolled back")
            write_core("second")
            write_local("second")
            raise Refused
        assert "rolled back" not in self.ran
        self.assert_rows(core=["first"], local=["first"])
