"""``causeway.atomic()`` where core is linked: one transaction of Django's."""

import warnings

import pytest
from django.db import connection, transaction

import causeway
from tests.transactions.cases import SpanningTestCase, write_core, write_local


@pytest.mark.linked("staged has tests of its own")
class LinkedTests(SpanningTestCase):
    def test_both_or_neither(self):
        with pytest.raises(RuntimeError), causeway.atomic():
            write_core()
            write_local()
            raise RuntimeError
        self.assert_rows()
        with causeway.atomic(), transaction.atomic():
            write_core()
            write_local()
        self.assert_rows(core=["core"], local=["local"])

    def test_a_plain_block_covers_both(self):
        with transaction.atomic():
            write_core()
            write_local()
        self.assert_rows(core=["core"], local=["local"])

    def test_on_commit_and_durable(self):
        ran = []
        with causeway.atomic(durable=True):
            write_core()
            transaction.on_commit(lambda: ran.append("once"))
        assert ran == ["once"]

    def test_it_says_that_wal_is_not_atomic(self):
        if connection.vendor != "sqlite":
            self.skipTest("This is about files.")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with causeway.atomic():
                write_core()
        connection.ensure_connection()
        connection.in_wal["core"] = ["default"]
        with (
            pytest.warns(RuntimeWarning, match="'default' is in it. Set journal_mode to DELETE"),
            causeway.atomic(),
        ):
            write_local()
        connection.close()
