"""Autocommit turned off by hand: the transactions of both databases are one here, too."""

from contextlib import ExitStack
from unittest.mock import patch

import pytest
from django.db import IntegrityError, close_old_connections, connection, connections, transaction
from django.db.transaction import TransactionManagementError

import causeway
from causeway.backends.base.unit import Unit
from causeway.transactions import decisions
from causeway.transactions.connections import opened
from tests.library.models import Article
from tests.shop.models import Shelf
from tests.transactions.cases import SpanningTestCase, write_core, write_local


class Refused(Exception):
    pass


@pytest.mark.staged("one transaction covers both where core is linked")
class WithoutAutocommitTests(SpanningTestCase):
    def setUp(self):
        super().setUp()
        transaction.set_autocommit(False)
        self.addCleanup(self.be_in_autocommit)

    def be_in_autocommit(self):
        transaction.rollback()
        transaction.set_autocommit(True)

    def test_both_are_committed_and_rolled_back(self):
        write_core("first")
        write_local("first")
        self.assert_rows()
        transaction.commit()
        self.assert_rows(core=["first"], local=["first"])
        write_local("second")
        write_core("second")
        transaction.rollback()
        write_core("third")
        transaction.commit()
        self.assert_rows(core=["first", "third"], local=["first"])

    def test_either_connection_ends_both(self):
        write_core()
        write_local()
        transaction.commit("core")
        self.assert_rows(core=["core"], local=["local"])
        write_local("second")
        transaction.rollback("core")
        assert Shelf.objects.count() == 1

    def test_autocommit_is_off_for_both(self):
        for alias in ("default", "core"):
            assert not transaction.get_autocommit(alias)
        transaction.set_autocommit(False, "core")
        transaction.set_autocommit(True, "core")
        write_core()
        self.assert_rows()
        write_local()
        transaction.set_autocommit(True)
        self.assert_rows(core=["core"], local=["local"])
        for alias in ("default", "core"):
            assert transaction.get_autocommit(alias)
        write_core("at once")
        self.assert_rows(core=["at once", "core"], local=["local"])

    def test_blocks_are_savepoints(self):
        with transaction.atomic("default"):
            write_core("kept")
            with pytest.raises(Refused), transaction.atomic("core"):
                write_core("undone")
                write_local("undone")
                raise Refused
        with pytest.raises(Refused), transaction.atomic("core"):
            write_local("undone")
            raise Refused
        write_local("kept")
        self.assert_rows()
        transaction.commit()
        self.assert_rows(core=["kept"], local=["kept"])

    def test_a_block_keeps_the_transaction_from_being_ended(self):
        for block in (transaction.atomic(), transaction.atomic("core")):
            with block:
                for end in (transaction.commit, transaction.rollback):
                    for alias in ("default", "core"):
                        with pytest.raises(TransactionManagementError):
                            end(alias)
                with pytest.raises(TransactionManagementError):
                    transaction.set_autocommit(True)

    def test_after_an_error(self):
        write_core("same")
        with pytest.raises(IntegrityError):
            write_core("same")
        transaction.rollback()
        write_core()
        write_local()
        transaction.commit()
        self.assert_rows(core=["core"], local=["local"])

    def test_after_a_commit_that_failed(self):
        """All of it is rolled back, and what is written next is another transaction."""
        if connections["core"].never_prepares:
            self.skipTest("This core cannot be prepared.")
        with opened("default") as other:
            decisions.insert(other, connection.unit.name(), is_abort=True)
        write_core("lost")
        write_local("lost")
        with pytest.raises(IntegrityError):
            transaction.commit()
        assert not transaction.get_autocommit("core")
        self.assert_rows()
        write_core()
        write_local()
        self.assert_rows()
        transaction.commit()
        self.assert_rows(core=["core"], local=["local"])

    def test_causeway_atomic_insists_within(self):
        if connections["core"].never_prepares:
            self.skipTest("This core cannot be prepared.")
        with causeway.atomic():
            write_core()
            write_local()
        self.assert_rows()
        transaction.commit()
        self.assert_rows(core=["core"], local=["local"])

    def test_a_connection_that_is_closed_takes_both_back(self):
        write_core()
        write_local()
        connection.close()
        self.assert_rows()
        assert transaction.get_autocommit("core")
        transaction.set_autocommit(False)
        write_core()
        assert Article.objects.count() == 1

    def test_core_that_is_closed_takes_both_back_and_stays_covered(self):
        write_local()
        write_core("lost")
        connections["core"].close()
        assert not transaction.get_autocommit("core")
        write_core("undone")
        transaction.rollback()
        self.assert_rows()
        write_core()
        write_local()
        transaction.commit()
        self.assert_rows(core=["core"], local=["local"])

    def test_a_connection_that_is_closed_in_a_block_of_the_other(self):
        committed = []
        for closed, alias in (("default", "core"), ("core", "default")):
            with transaction.atomic(alias):
                write_core("lost")
                write_local("lost")
                connections[closed].close()
                with pytest.raises(TransactionManagementError):
                    write_core("refused")
            transaction.rollback()
            self.assert_rows(core=committed, local=committed)
            write_core(closed)
            write_local(closed)
            transaction.commit()
            committed.append(closed)
            self.assert_rows(core=committed, local=committed)

    def test_hooks_run_once_both_are_there(self):
        ran = []
        with transaction.atomic("default"):
            write_core()
            write_local()
            for alias in ("default", "core"):
                transaction.on_commit(lambda alias=alias: ran.append(alias), alias)
        transaction.commit()
        with pytest.raises(TransactionManagementError):
            transaction.on_commit(ran.clear)
        transaction.set_autocommit(True)
        assert sorted(ran) == ["core", "default"]
        self.assert_rows(core=["core"], local=["local"])

    def test_a_request_after_one_that_was_broken_off_while_it_was_turned_on(self):
        """As in Django, which closes a connection whose autocommit is off at the end of a request."""
        write_local("first")
        with patch.object(Unit, "renew", side_effect=Refused), self.assertRaises(Refused):
            transaction.set_autocommit(True)
        close_old_connections()
        self.assertTrue(transaction.get_autocommit())
        with causeway.atomic():
            write_local("second")
        self.assert_rows([], ["first", "second"])


@pytest.mark.staged("one transaction covers both where core is linked")
class SettingTests(SpanningTestCase):
    def test_autocommit_is_off_from_the_beginning(self):
        for aliases in (["default"], ["core"], ["default", "core"]):
            with ExitStack() as stack:
                for alias in aliases:
                    connections[alias].close()
                    stack.callback(connections[alias].close)
                    stack.enter_context(patch.dict(connections[alias].settings_dict, AUTOCOMMIT=False))
                for alias in aliases:
                    connections[alias].ensure_connection()
                write_core("undone")
                write_local("undone")
                transaction.rollback(aliases[0])
                write_core()
                write_local()
                self.assert_rows()
                transaction.commit(aliases[0])
            self.assert_rows(core=["core"], local=["local"])
            for model in (Article, Shelf):
                model.objects.all().delete()

    def test_the_end_of_a_request_leaves_what_is_open(self):
        """As Django does with a connection whose settings turn autocommit off."""
        core = connections["core"]
        for each in (connection, core):
            each.close()
            self.addCleanup(each.close)
            self.enterContext(patch.dict(each.settings_dict, CONN_MAX_AGE=None))
        with patch.dict(connection.settings_dict, AUTOCOMMIT=False):
            write_local()
            write_core()
            close_old_connections()
            write_core("second")
            self.assert_rows()
            transaction.commit()
            self.assert_rows(core=["core", "second"], local=["local"])
            close_old_connections()
            write_core("undone")
            transaction.rollback()
            connection.close()
        self.assert_rows(core=["core", "second"], local=["local"])


@pytest.mark.staged("one transaction covers both where core is linked")
class CoreWithoutAutocommitTests(SpanningTestCase):
    def test_it_covers_the_childs_database_too(self):
        transaction.set_autocommit(False, "core")
        try:
            write_core()
            write_local()
            self.assert_rows()
            transaction.commit("core")
            write_local("undone")
        finally:
            transaction.rollback("core")
            transaction.set_autocommit(True, "core")
        self.assert_rows(core=["core"], local=["local"])
