"""How many rows a statement would bring, as MySQL and MariaDB are asked for it."""

from contextlib import suppress
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import TestCase, TransactionTestCase

from tests.shop.models import Note

# A session can be set so, where its server has that.
SETTINGS = [
    "explain_format = 'TRADITIONAL'",
    "explain_format = 'TREE'",
    "explain_format = 'JSON'",
    "optimizer_switch = 'hypergraph_optimizer=on'",
]


def set_session(assignment):
    with connection.cursor() as cursor, suppress(OperationalError):
        cursor.execute(f"SET SESSION {assignment}")


def estimated(queryset):
    sql, params = queryset.query.get_compiler("default").as_sql()
    return connection.ops.estimated_rows(sql, params, most=30)


@pytest.mark.mysql
class EstimateTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        Note.objects.bulk_create(Note(text=f"note {number}") for number in range(40))

    def test_rows_are_estimated_however_the_server_explains(self):
        for assignment in SETTINGS:
            variable = assignment.partition(" ")[0]
            with self.subTest(assignment):
                self.addCleanup(set_session, f"{variable} = DEFAULT")
                set_session(assignment)
                self.assertGreaterEqual(estimated(Note.objects.all()), 1)
                self.assertLess(estimated(Note.objects.filter(pk=-1)), 2)

    def test_rows_are_counted_where_the_server_tells_no_number(self):
        def estimate_sql(self, sql, most):
            return f"EXPLAIN FORMAT=JSON {sql}"

        with patch.object(type(connection.ops), "estimate_sql", estimate_sql):
            self.assertEqual(estimated(Note.objects.all()), 31)
            self.assertEqual(estimated(Note.objects.filter(text="note 1")), 1)


@pytest.mark.mariadb
class FilteredByRowIdsTests(TransactionTestCase):
    """Where a range of one index filters what another one finds, MariaDB tells the share in the number of rows."""

    def test_rows_are_estimated(self):
        with connection.cursor() as cursor:
            columns = "id int PRIMARY KEY, x int, y int, z varchar(200), KEY (x), KEY (y)"
            cursor.execute(f"CREATE TABLE estimated ({columns})")
            self.addCleanup(self.drop)
            rows = [(number, number % 100, number // 20, "z" * 150) for number in range(20_000)]
            cursor.executemany("INSERT INTO estimated VALUES (%s, %s, %s, %s)", rows)
            cursor.execute("ANALYZE TABLE estimated")
            # What such a statement brings is 20 rows.
            sql, params = "SELECT * FROM estimated WHERE x = %s AND y < %s", (3, 100)
            cursor.execute(f"EXPLAIN EXTENDED {sql}", params)
            *_, number, filtered, _ = cursor.fetchone()
            if connection.mysql_version < (11,):
                self.assertIn("%", number)
            else:
                # These find the statement's rows by one index, and tell the share in the column for it.
                self.assertLess(filtered, 100)
        self.assertLess(connection.ops.estimated_rows(sql, params, most=30_000), 200)

    def drop(self):
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE estimated")
