"""What would hurt is refused before anything is shipped, and leaves both connections usable."""

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.test import override_settings

import causeway
from causeway.exceptions import CoreUnavailable, PlacementError, TooManyStagedRows
from tests.library.models import Article
from tests.shop.models import Comment
from tests.staged.cases import StagedTestCase

WITH_THE_WHOLE_TABLE = Comment.objects.exclude(article__title__in=["Bridges"]).order_by("pk")


class TooManyRowsTests(StagedTestCase):
    def test_a_query_that_would_ship_more_than_allowed(self):
        self.carry_inline(0)
        with causeway.max_staged_rows(3), self.assertRaises(TooManyStagedRows) as raised:
            list(WITH_THE_WHOLE_TABLE.all())
        for part in ("'library_article'", "MAX_STAGED_ROWS allows 3", "Filter", "link", "mirror"):
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
