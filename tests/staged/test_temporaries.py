"""Temporary tables outside of any transaction: none is left, nor is anything else of them."""

from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from tests.library.models import Article, Author
from tests.shop.models import Comment

ROWS = 30


@pytest.mark.staged("core rows are carried")
class TemporariesTestCase(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        author = Author.objects.create(name="Ada")
        for number in range(ROWS):
            article = Article.objects.create(title=f"{number:02}", slug=str(number), author=author)
            Comment.objects.create(article=article, text=str(number))
        self.enterContext(patch.object(connection.ops, "inline_limit", 0))
        self.comments = Comment.objects.exclude(article__title="03").order_by("pk")

    def assert_found(self):
        self.assertEqual(len(self.comments.all()), ROWS - 1)

    def temporary_tables(self):
        sql = {
            "sqlite": "SELECT name FROM temp.sqlite_master WHERE type = 'table'",
            "postgresql": "SELECT relname FROM pg_class WHERE relpersistence = 't' AND relname LIKE 'causeway%'",
        }[connection.vendor]
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def sent(self, word):
        """The statements that begin so, of those that a query sends."""
        with CaptureQueriesContext(connection) as captured:
            self.assert_found()
        return [query["sql"] for query in captured if query["sql"].startswith(word)]


class NamesTests(TemporariesTestCase):
    def test_no_two_are_alike(self):
        """Sessions of a server may be shared by processes, and a new process must not count from the beginning."""
        names = {sql.split()[3] for _ in range(3) for sql in self.sent("CREATE TEMPORARY TABLE")}
        self.assertEqual(len(names), 3)
        for name in names:
            self.assertRegex(name, r"^.causeway_[0-9a-f]{32}.$")


@pytest.mark.postgresql
class TransactionTests(TemporariesTestCase):
    def test_they_have_a_transaction_of_their_own(self):
        with CaptureQueriesContext(connection) as captured:
            self.assert_found()
        words = [query["sql"].split()[0] for query in captured]
        begin, end = words.index("BEGIN"), words.index("COMMIT")
        self.assertLess(begin, words.index("CREATE"))
        self.assertEqual(words[end - 1 :], ["WITH", "COMMIT"])
        self.assertEqual(self.temporary_tables(), [])

    def test_rows_read_one_by_one_are_not_read_within_it(self):
        rows = self.comments.iterator(chunk_size=2)
        next(rows)
        with connection.cursor() as cursor:
            cursor.execute("SELECT now() = statement_timestamp()")
            self.assertEqual(cursor.fetchone(), (True,))
        # It is committed by itself.
        Comment.objects.filter(article__title="05").update(flagged=True)
        self.assertEqual(len(list(rows)), ROWS - 2)
        connection.close()
        self.assertEqual(Comment.objects.filter(flagged=True).count(), 1)

    def test_an_error_ends_it(self):
        with self.assertRaises(DatabaseError):
            list(self.comments.extra(where=["1 / (shop_comment.id - shop_comment.id) = 1"]))
        self.assertEqual(self.temporary_tables(), [])
        self.assert_found()


class NoTemporariesTests(TemporariesTestCase):
    """Where the server makes none, the rows go inline, however many they are."""

    @contextmanager
    def read_only(self, *sql):
        if connection.vendor == "sqlite":
            self.skipTest("SQLite keeps them in a file of its own.")
        try:
            with connection.cursor() as cursor:
                for statement in sql:
                    cursor.execute(statement)
            yield
        finally:
            connection.close()

    def test_on_a_read_only_connection(self):
        sql = {
            "mysql": "SET SESSION TRANSACTION READ ONLY",
            "postgresql": "SET default_transaction_read_only = on",
        }.get(connection.vendor)
        with self.read_only(sql):
            self.assert_found()
            with transaction.atomic():
                self.assert_found()
            self.assertEqual(len(list(self.comments.iterator(chunk_size=5))), ROWS - 1)

    @pytest.mark.postgresql
    def test_in_a_read_only_transaction(self):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
            self.assert_found()
            self.assert_found()

    @pytest.mark.postgresql
    def test_without_the_right_to_make_them(self):
        name = connection.settings_dict["NAME"]
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE causeway_reader")
            cursor.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM public")
            cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO causeway_reader")
        try:
            with self.read_only("SET ROLE causeway_reader"):
                self.assert_found()
                with transaction.atomic():
                    self.assert_found()
        finally:
            with connection.cursor() as cursor:
                cursor.execute(f"GRANT TEMPORARY ON DATABASE {name} TO public")
                cursor.execute("DROP OWNED BY causeway_reader")
                cursor.execute("DROP ROLE causeway_reader")


class LeftOverTests(TemporariesTestCase):
    def test_each_is_dropped_once_it_can_be(self):
        """While rows are read, SQLite drops no table."""
        with CaptureQueriesContext(connection) as captured:
            for _ in Comment.objects.filter(article__title__gt="").iterator(chunk_size=1):
                self.assert_found()
        self.assertEqual(connection.ops.left_over, [])
        if connection.vendor == "sqlite":
            self.assertEqual(self.temporary_tables(), [])
        made = sum(query["sql"].startswith("CREATE TEMP") for query in captured)
        dropped = sum(query["sql"].startswith("DROP") for query in captured)
        self.assertGreaterEqual(made, ROWS)
        self.assertLessEqual(dropped, 2 * made)

    @pytest.mark.sqlite3
    def test_while_another_cursor_reads(self):
        rows = Comment.objects.iterator(chunk_size=1)
        next(rows)
        for _ in range(5):
            self.assertEqual(len(self.sent("DROP")), 1)
        self.assertEqual(len(connection.ops.left_over), 5)
        rows.close()
        self.assertEqual(len(self.sent("DROP")), 6)
        self.assertEqual((connection.ops.left_over, self.temporary_tables()), ([], []))


@pytest.mark.sqlite3
class NoSpaceTests(TemporariesTestCase):
    """What cannot be filled leaves the connection as it was."""

    @contextmanager
    def little_space(self):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA temp.max_page_count = 3")
        try:
            yield
        finally:
            if connection.connection is not None:
                connection.connection.execute("PRAGMA temp.max_page_count = 100000")

    def fail(self):
        with self.little_space(), self.assertRaises(OperationalError):
            list(self.comments.all())

    def setUp(self):
        super().setUp()
        Article.objects.update(title="x" * 250)

    def test_in_autocommit_what_is_written_afterwards_is_committed(self):
        self.fail()
        Comment.objects.filter(text="1").update(text="written")
        connection.close()
        self.assertTrue(Comment.objects.filter(text="written").exists())
        self.assert_found_again()

    def test_within_a_transaction(self):
        """SQLite rolls all of it back: then nothing of it may be committed."""
        with self.assertRaises(transaction.TransactionManagementError), transaction.atomic():
            Comment.objects.filter(text="1").update(text="written")
            self.fail()
            Comment.objects.filter(text="2").update(text="written")
        self.assertFalse(Comment.objects.filter(text="written").exists())
        self.assert_found_again()

    def assert_found_again(self):
        self.assertEqual(len(self.comments.all()), ROWS)
