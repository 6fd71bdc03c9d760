import pytest
from django.db import connection
from django.test import TransactionTestCase

from causeway import homes


class AvailableAppsTests(TransactionTestCase):
    """A test case may make a part of the apps available; where tables stand does not change by that."""

    available_apps = ["tests.shop"]
    databases = {"default", "core"}

    def setUp(self):
        homes.core_tables.cache_clear()

    @pytest.mark.linked("raw SQL reaches no staged table")
    def test_raw_sql_finds_core_tables_of_the_others(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM library_article")
            self.assertEqual(cursor.fetchone(), (0,))

    def test_what_was_looked_up_meanwhile_stays_right(self):
        self.assertIn("library_article", homes.core_tables())
        self.assertIn("shop_comment", homes.local_tables())
