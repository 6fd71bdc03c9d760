"""Sequences of a test case that has them begin anew."""

from django.db import connection
from django.test import TestCase, TransactionTestCase

from tests.library.models import Author
from tests.shop.models import Bookmark


class SequenceListTests(TestCase):
    databases = {"default", "core"}

    def test_the_childs_own_are_listed_alone(self):
        tables = {sequence["table"] for sequence in connection.introspection.sequence_list()}
        self.assertIn(Bookmark._meta.db_table, tables)
        self.assertNotIn(Author._meta.db_table, tables)


class ResetSequencesTests(TransactionTestCase):
    databases = {"default", "core"}
    reset_sequences = True

    def test_keys_begin_anew(self):
        self.assertEqual(Author.objects.create(name="Ada").pk, 1)

    def test_keys_begin_anew_each_time(self):
        self.assertEqual(Author.objects.create(name="Bea").pk, 1)
