"""SQLite: the two connections of a thread are two users of the core file."""

import pytest
from django.db import OperationalError, connections, transaction
from django.test import TransactionTestCase

from tests.library.models import Author
from tests.shop.models import Content


@pytest.mark.sqlite3
class LockedFileTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        for alias in self.databases:
            connections[alias].ensure_connection()
            connections[alias].connection.execute("PRAGMA busy_timeout = 0")
            self.addCleanup(connections[alias].close)

    @pytest.mark.linked("staged, the child's connection holds no lock of core's file")
    def test_a_core_manager_is_told_of_the_child_s_transaction(self):
        with (
            self.assertRaisesMessage(OperationalError, "the transaction that is open on 'default' holds it"),
            transaction.atomic(),
        ):
            Author.objects.create(name="Ada")
            Content.contents.create(title="Dams", slug="dams")

    @pytest.mark.linked("staged, the child's connection holds no lock of core's file")
    def test_a_core_model_is_told_of_the_transaction_on_core(self):
        with (
            self.assertRaisesMessage(OperationalError, "the transaction that is open on 'core' holds it"),
            transaction.atomic(using="core"),
            transaction.atomic(),
        ):
            Content.contents.create(title="Dams", slug="dams")
            Author.objects.create(name="Ada")

    def test_another_s_lock_is_not_explained(self):
        other = connections["core"].copy()
        self.addCleanup(other.close)
        with other.cursor() as cursor:
            cursor.execute("BEGIN EXCLUSIVE")
            with self.assertRaises(OperationalError) as caught:
                Content.contents.create(title="Dams", slug="dams")
            cursor.execute("ROLLBACK")
        self.assertNotIn("holds it", str(caught.exception))

    @pytest.mark.staged("linked, the transaction on core may hold it")
    def test_a_staged_core_holds_no_lock_of_the_child_s_file(self):
        other = connections["default"].copy()
        self.addCleanup(other.close)
        with other.cursor() as cursor:
            cursor.execute("BEGIN EXCLUSIVE")
            with self.assertRaises(OperationalError) as caught, transaction.atomic(using="core"):
                Content.contents.create(title="Dams", slug="dams")
                Content.objects.create(title="Dams", slug="dams")
            cursor.execute("ROLLBACK")
        self.assertNotIn("holds it", str(caught.exception))
