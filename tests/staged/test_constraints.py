"""The constraints of core's tables are left unchecked where the child's connection leaves them so."""

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import TransactionTestCase

import causeway
from tests.library.models import Article, Author
from tests.shop.models import Shelf

MISSING = 999_999


def write_orphan(slug):
    return Article.objects.create(title=slug, slug=slug, author_id=MISSING)


@pytest.mark.staged("linked, core's rows are written over the child's connection")
class ConstraintsTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        if connections["core"].vendor == "sqlite":
            self.skipTest("SQLite turns them off for no open transaction.")

    def test_rows_may_come_before_what_they_refer_to(self):
        with causeway.atomic(), connection.constraint_checks_disabled():
            write_orphan("early")
            Shelf.objects.create(name="local")
            Author.objects.create(pk=MISSING, name="Ada")
        self.assertEqual(Article.objects.get().author.name, "Ada")
        with self.assertRaises(IntegrityError), transaction.atomic():
            Article.objects.create(title="late", slug="late", author_id=MISSING + 1)

    @pytest.mark.mysql
    def test_they_are_checked_again_after_an_error(self):
        with self.assertRaises(ZeroDivisionError), connection.constraint_checks_disabled():
            write_orphan("early")
            raise ZeroDivisionError
        with self.assertRaises(IntegrityError):
            write_orphan("late")

    @pytest.mark.mysql
    def test_what_was_asked_of_core_itself_stays(self):
        with connections["core"].constraint_checks_disabled():
            write_orphan("first")
            with connection.constraint_checks_disabled():
                write_orphan("second")
            write_orphan("third")
        with self.assertRaises(IntegrityError):
            write_orphan("fourth")

    @pytest.mark.mysql
    def test_a_connection_that_is_made_meanwhile_heeds_it_too(self):
        connections["core"].close()
        with connection.constraint_checks_disabled():
            write_orphan("first")
            connections["core"].close()
            write_orphan("second")
        connections["core"].close()
        with self.assertRaises(IntegrityError):
            write_orphan("third")
