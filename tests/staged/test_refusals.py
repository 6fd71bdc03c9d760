"""What would hurt is refused before anything is shipped, and leaves both connections usable."""

from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.db.models import Count
from django.test import override_settings

import causeway
from causeway.exceptions import CoreUnavailable, PlacementError, TooManyStagedRows
from causeway.placements.staged import core, keys, want
from tests.library.models import Article
from tests.shop.models import Comment
from tests.staged.cases import StagedTestCase

WITH_THE_WHOLE_TABLE = Comment.objects.exclude(article__title__in=["Bridges"]).order_by("pk")


class TooManyRowsTests(StagedTestCase):
    def test_a_query_that_would_ship_more_than_allowed(self):
        self.carry_inline(0)
        with causeway.max_staged_rows(2), self.assertRaises(TooManyStagedRows) as raised:
            list(WITH_THE_WHOLE_TABLE.all())
        for part in ("'library_article'", "MAX_STAGED_ROWS allows 2", "Filter", "link"):
            self.assertIn(part, str(raised.exception))
        self.assertEqual(WITH_THE_WHOLE_TABLE.count(), 4)

    def test_the_setting_of_a_core_database(self):
        self.carry_inline(0)
        core = {**settings.CAUSEWAY["core"], "MAX_STAGED_ROWS": 2}
        with override_settings(CAUSEWAY={"core": core}):
            with self.assertRaises(TooManyStagedRows):
                list(WITH_THE_WHOLE_TABLE.all())
            with causeway.max_staged_rows(100):
                self.assertEqual(len(WITH_THE_WHOLE_TABLE.all()), 4)

    def test_no_rows_are_fetched_to_find_out(self):
        self.carry_inline(0)
        with (
            causeway.max_staged_rows(2),
            self.assertNumQueries(1, using="core") as sent,
            self.assertRaises(TooManyStagedRows),
        ):
            list(Article.objects.filter(comments__isnull=True).order_by("comments__text"))
        self.assertIn("count(*)", sent[0]["sql"])

    def test_queries_of_core_alone_are_not_limited(self):
        with causeway.max_staged_rows(0):
            self.assertEqual(Article.objects.count(), 6)

    def test_bad_limits(self):
        for rows in (-1, "5", None, True, 1.5):
            with self.subTest(rows=rows), self.assertRaises(ValueError), causeway.max_staged_rows(rows):
                pass


class ExactLimitTests(StagedTestCase):
    """The limit is of the rows of a table that a query needs: of all its statements, and of no other rows."""

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        author = cls.authors["Ada"]
        for number in range(400):
            Article.objects.create(title=f"{number:03}", slug=f"a-{number}", author=author)
        cls.numbered = list(Article.objects.filter(slug__startswith="a-").order_by("pk"))
        cls.every_other = cls.numbered[::2]
        Comment.objects.bulk_create(
            Comment(article=article, text=article.title, flagged=True) for article in cls.every_other
        )
        Comment.objects.filter(flagged=True, article__title__gt="A").update(flagged=False)

    def setUp(self):
        super().setUp()
        self.carry_inline(10)
        self.needed = len(self.every_other)
        self.flagged = Comment.objects.filter(flagged=True).order_by("article__title", "text")

    def assert_needed(self, queryset, number):
        """A queryset is executed where it may stage so many rows, and refused where it may stage one less."""
        with causeway.max_staged_rows(number):
            found = len(queryset.all())
        with causeway.max_staged_rows(number - 1), self.assertRaises(TooManyStagedRows):
            list(queryset.all())
        return found

    def test_a_range_of_keys(self):
        self.assertEqual(self.assert_needed(self.flagged, self.needed), self.needed)
        with self.assertNumQueries(2, using="core") as sent:
            list(self.flagged)
        self.assertIn("BETWEEN", sent[-1]["sql"])

    def test_keys_in_several_statements(self):
        features = type(connections["core"].features)
        for most in (30, 101):
            with (
                self.subTest(most=most),
                patch.object(features, "max_query_params", most),
                patch.object(want, "SPARSE", 0),
            ):
                self.assert_needed(self.flagged, self.needed)

    def test_more_keys_than_are_usually_asked_for(self):
        """They are asked for where all other rows would be too many."""
        with patch.object(keys, "MOST_KEYS", 20):
            self.assert_needed(self.flagged, self.needed)

    def test_keys_without_rows(self):
        Comment.objects.bulk_create(
            Comment(article_id=self.numbered[-1].pk + number, text="lost", flagged=True)
            for number in range(1, 50)
        )
        self.assert_needed(self.flagged, self.needed)

    def test_estimates_that_are_wrong(self):
        ops = connections["core"].ops
        for estimate in (1, 11, 10**9):
            with (
                self.subTest(estimate=estimate),
                patch.object(type(ops), "estimated_rows", return_value=estimate),
            ):
                core._sizes.clear()
                self.assert_needed(self.flagged, self.needed)
                core._sizes.clear()
                self.assert_needed(Article.objects.annotate(Count("comments")), 406)

    def test_a_table_that_was_larger_a_moment_ago(self):
        with causeway.max_staged_rows(300), self.assertRaises(TooManyStagedRows):
            list(Article.objects.order_by("comments__text"))
        Comment.objects.filter(flagged=True).delete()
        Article.objects.filter(slug__startswith="a-").delete()
        with causeway.max_staged_rows(6):
            self.assertEqual(len(Article.objects.order_by("comments__text")), 9)

    def test_a_table_that_was_smaller_a_moment_ago(self):
        Article.objects.filter(slug__startswith="a-")._raw_delete("core")
        self.assertEqual(len(Article.objects.order_by("comments__text")), 9)
        Article.objects.bulk_create(self.numbered)
        self.assert_needed(self.flagged, self.needed)

    def test_pages_whose_keys_need_core_rows(self):
        """The rows that are needed for the keys of a page, and then for its rows, count once."""
        page = self.flagged.filter(article__title__gt="").select_related("article__author")[:150]
        with causeway.max_staged_rows(self.needed):
            self.assertEqual(len(page), 150)

    def test_pages_in_the_order_of_core(self):
        page = Comment.objects.filter(flagged=True).order_by("article__created_at", "pk")[:15]
        with causeway.max_staged_rows(50):
            self.assertEqual(len(page), 15)


class RawSQLTests(StagedTestCase):
    def test_a_staged_table_is_explained(self):
        for sql in ("SELECT title FROM library_article", "SELECT 1 FROM shop_comment c, library_article a"):
            with (
                self.subTest(sql=sql),
                self.assertRaisesMessage(PlacementError, "whose tables are staged"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(sql)

    @pytest.mark.mysql
    def test_a_staged_table_is_explained_whatever_language_the_server_speaks(self):
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION lc_messages = 'de_DE'")
            try:
                with self.assertRaisesMessage(PlacementError, "Cannot name the table 'library_article'"):
                    cursor.execute("SELECT count(*) FROM library_article")
                with self.assertRaisesMessage(DatabaseError, "existiert nicht"):
                    cursor.execute("SELECT count(*) FROM nowhere")
            finally:
                cursor.execute("SET SESSION lc_messages = DEFAULT")

    def test_a_raw_queryset_of_a_core_model_runs_on_core(self):
        (article,) = Article.objects.raw("SELECT * FROM library_article WHERE title = 'Dams'")
        self.assertEqual((article.title, article._state.db), ("Dams", "core"))

    def test_a_local_table_on_core_is_explained(self):
        sql = "SELECT a.* FROM library_article a JOIN shop_comment c ON c.article_id = a.id"
        with self.assertRaisesMessage(PlacementError, "core knows no child"), transaction.atomic("core"):
            list(Article.objects.raw(sql))

    def test_a_table_that_is_nowhere_is_the_servers_error(self):
        with self.assertRaises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM nowhere_at_all")
        self.assertNotIsInstance(raised.exception, PlacementError)

    def test_the_name_of_a_staged_table(self):
        self.assertRaises(PlacementError, causeway.table, Article)
        self.assertEqual(
            causeway.table(Article, "core"), connections["core"].ops.quote_name("library_article")
        )


class LockTests(StagedTestCase):
    def test_core_rows_are_locked_in_a_transaction_of_core(self):
        if not connections["core"].features.has_select_for_update:
            self.skipTest("SQLite locks the whole file.")
        with self.assertNumQueries(1, using="core") as sent:
            list(Comment.objects.select_related("article").select_for_update().filter(article__title="Dams"))
        self.assertIn("FOR UPDATE", sent[0]["sql"])

    def test_local_rows_alone_can_be_locked(self):
        if not connection.features.has_select_for_update_of:
            self.skipTest("This engine cannot name what it locks.")
        comments = Comment.objects.select_related("article").select_for_update(of=("self",))
        with self.assertNumQueries(1, using="core") as sent:
            list(comments.filter(article__title="Dams"))
        self.assertNotIn("FOR UPDATE", sent[0]["sql"])


class UnreachableCoreTests(StagedTestCase):
    def test_one_exception_and_the_child_is_usable(self):
        core = connections["core"]
        message = "Cannot fetch the rows of a spanning query from the core database 'core'"

        def gone(execute, *args):
            core.connection = None
            raise OperationalError("server closed the connection unexpectedly")

        kept = core.connection
        try:
            with core.execute_wrapper(gone), self.assertRaisesMessage(CoreUnavailable, message):
                list(Comment.objects.filter(article__title="Dams"))
        finally:
            core.connection = kept
        self.assertEqual(Comment.objects.filter(text="Deep").count(), 1)
        self.assertEqual(Comment.objects.filter(article__title="Dams").count(), 1)
