"""``select_for_update`` over the two databases."""

import threading

import pytest
from django.db import DatabaseError, NotSupportedError, connection, connections, transaction
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from tests.library.models import Article, Author
from tests.shop.models import Comment


@pytest.mark.linked("staged, core rows are locked in a transaction of core")
class SelectForUpdateTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        author = Author.objects.create(name="Ada")
        for title in ("Bridges", "Dams"):
            article = Article.objects.create(title=title, slug=title.lower(), author=author)
            Comment.objects.create(article=article, text=f"On {title}")

    def elsewhere(self, function):
        """What the function returns on connections of another thread, or the DatabaseError it raises."""
        result = []

        def run():
            try:
                with transaction.atomic():
                    result.append(function())
            except DatabaseError as error:
                result.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return result[0]

    def test_a_spanning_query_gives_its_rows(self):
        with transaction.atomic(), transaction.atomic(using="core"):
            found = (
                Comment.objects.select_for_update()
                .filter(article__author__name="Ada")
                .select_related("article")
            )
            self.assertCountEqual([c.article.title for c in found], ["Bridges", "Dams"])
            self.assertEqual(
                Article.objects.select_for_update().filter(comments__text="On Dams").get().slug, "dams"
            )

    def test_with_thousands_of_parameters(self):
        of = ("self", "article") if connection.features.has_select_for_update_of else ()
        with transaction.atomic(), transaction.atomic(using="core"):
            found = Comment.objects.select_related("article").exclude(text__in=map(str, range(4000)))
            self.assertEqual(len(found.select_for_update(of=of)), 2)

    def test_outside_a_transaction_it_is_refused(self):
        if not connection.features.has_select_for_update:
            # Django leaves the clause out for such an engine.
            self.assertEqual(len(Article.objects.select_for_update()), 2)
            return
        with self.assertRaises(transaction.TransactionManagementError):
            list(Article.objects.select_for_update())

    def test_saving_what_was_locked(self):
        with transaction.atomic(), transaction.atomic(using="core"):
            article = Article.objects.select_for_update().get(slug="dams")
            article.title = "Dykes"
            article.save()
        self.assertEqual(Article.objects.get(slug="dams").title, "Dykes")

    @pytest.mark.mysql
    def test_a_core_row_is_locked_against_others(self):
        with transaction.atomic():
            Article.objects.select_for_update().get(slug="dams")
            locked = self.elsewhere(lambda: Article.objects.select_for_update(nowait=True).get(slug="dams"))
            self.assertIsInstance(locked, DatabaseError)
            other = self.elsewhere(lambda: Article.objects.select_for_update(nowait=True).get(slug="bridges"))
            self.assertEqual(other.title, "Bridges")
        free = self.elsewhere(lambda: Article.objects.select_for_update(nowait=True).get(slug="dams"))
        self.assertEqual(free.title, "Dams")

    @pytest.mark.mysql
    def test_also_against_those_who_use_the_core_connection(self):
        with transaction.atomic():
            Article.objects.select_for_update().get(slug="dams")
            with transaction.atomic(using="core"), self.assertRaises(DatabaseError):
                Article.objects.using("core").select_for_update(nowait=True).get(slug="dams")

    @pytest.mark.mysql
    def test_a_join_locks_the_rows_of_both_databases(self):
        with transaction.atomic():
            Comment.objects.select_for_update().select_related("article").get(article__slug="dams")
            for queryset in (Article.objects.filter(slug="dams"), Comment.objects.filter(text="On Dams")):
                locked = self.elsewhere(lambda q=queryset: q.select_for_update(nowait=True).get())
                self.assertIsInstance(locked, DatabaseError)

    @pytest.mark.mysql
    def test_locked_rows_are_left_out(self):
        with transaction.atomic():
            Article.objects.select_for_update().get(slug="dams")
            found = self.elsewhere(
                lambda: [a.slug for a in Article.objects.select_for_update(skip_locked=True).order_by("slug")]
            )
            self.assertEqual(found, ["bridges"])

    @pytest.mark.linked("staged, core rows are locked by a statement in core")
    def test_of_names_the_tables_to_lock_where_the_engine_can(self):
        queryset = Comment.objects.select_related("article").select_for_update(of=("self", "article"))
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            if connection.features.has_select_for_update and not connection.features.has_select_for_update_of:
                with self.assertRaises(NotSupportedError):
                    list(queryset)
                return
            self.assertEqual(len(queryset), 2)
        if connection.features.has_select_for_update_of:
            tables = ", ".join(map(connection.ops.quote_name, ["shop_comment", "library_article"]))
            self.assertIn(f"FOR UPDATE OF {tables}", queries[-1]["sql"])
