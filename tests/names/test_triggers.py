"""Tables of any name have their changes logged."""

from django.db import connection
from django.test import TransactionTestCase

from causeway.feed.keys import TEXT, KeyColumn, Watched
from causeway.feed.triggers import triggers_of
from causeway.feed.triggers.base import EPOCH, LOG, MARKS
from tests import databases
from tests.names.places import in_quotes

MARK = "`" if databases.engine() == "mysql" else '"'
NAMES = [
    "it's",
    "a{a}b",
    "{0}",
    "a\\",
    "$causeway$",
    "a$causeway$b",
    "a;b",
    "/*c*/",
    f"a{MARK}b",
    "a%sb",
    "é.漢",
]


class TriggersTests(TransactionTestCase):
    available_apps = []
    databases = {"default"}

    def setUp(self):
        self.triggers = triggers_of(connection)
        self.addCleanup(self.clean)

    def clean(self):
        for table in (LOG, MARKS, EPOCH):
            self.execute(f"DROP TABLE IF EXISTS {table}")

    def execute(self, *statements):
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def test_changes_of_tables_are_logged_whatever_their_names(self):
        for name in NAMES:
            with self.subTest(name):
                table, key = in_quotes(name, MARK), in_quotes(f"k{name}", MARK)
                self.execute(f"CREATE TABLE {table} ({key} varchar(20) NOT NULL PRIMARY KEY)")
                watched = Watched(name, (KeyColumn(f"k{name}", TEXT),))
                try:
                    self.execute(*self.triggers.statements([watched], {}))
                    self.assertEqual(set(self.triggers.found()), {name})
                    self.execute(f"INSERT INTO {table} VALUES ('one')", f"DELETE FROM {table}")
                    self.assertEqual(self.execute(f"SELECT tbl, k FROM {LOG}"), [(name, "one")] * 2)
                    self.execute(*self.triggers.drop_statements(name, self.triggers.found()[name]))
                    self.assertEqual(self.triggers.found(), {})
                finally:
                    self.execute(f"DROP TABLE {table}", f"DROP TABLE {LOG}")
