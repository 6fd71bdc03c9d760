"""Foreign keys between the databases, from both ends."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.library.models import Article
from tests.orm.models import Visit
from tests.orm.newsroom import COMMENTS, NewsroomTestCase, comments_of
from tests.shop.models import Bookmark, Comment


class LocalToCoreTests(NewsroomTestCase):
    def test_the_core_row_is_fetched_when_asked_for(self):
        comment = Comment.objects.get(text="Deep")
        with self.assertNumQueries(1):
            self.assertEqual(comment.article.title, "Dams")
        with self.assertNumQueries(0):
            self.assertEqual(comment.article.slug, "dams")

    def test_a_fetched_core_row_is_saved_in_core(self):
        article = Comment.objects.get(text="Deep").article
        article.title = "Barrages"
        article.save()
        self.assertEqual(Article.objects.get(slug="dams").title, "Barrages")

    def test_assignment_moves_the_local_row_to_another_core_row(self):
        comment = Comment.objects.get(text="Deep")
        comment.article = self.articles["Locks"]
        comment.save()
        comment.refresh_from_db()
        self.assertEqual(comment.article, self.articles["Locks"])

    def test_a_null_reference_has_no_core_row(self):
        self.assertIsNone(Bookmark.objects.get(reader="Finn").article)

    def test_the_key_may_be_another_column_than_the_primary_key(self):
        visit = Visit.objects.get(minutes=7)
        self.assertEqual(visit.article_id, "locks")
        self.assertEqual(visit.article, self.articles["Locks"])
        found = Visit.objects.filter(article__author__name="Ada").values_list("minutes", flat=True)
        self.assertCountEqual(found, [10, 20, 5])

    @pytest.mark.linked("staged, no engine holds a constraint")
    def test_a_core_row_that_is_not_there_is_refused_where_the_engine_can(self):
        comment = Comment(article_id=987654, text="Lost")
        if connection.features.supports_foreign_keys_across_databases:
            with self.assertRaises(IntegrityError), transaction.atomic():
                comment.save()
                connection.check_constraints()
        else:
            comment.save()
            with self.assertRaises(Article.DoesNotExist):
                _ = Comment.objects.get(pk=comment.pk).article
            comment.delete()

    def test_an_unsaved_core_row_is_refused_with_djangos_sentence(self):
        comment = Comment(article=Article(title="Unsaved"), text="Early")
        with self.assertRaisesMessage(ValueError, "unsaved related object 'article'"):
            comment.save()


class CoreToLocalTests(NewsroomTestCase):
    """The reverse manager of a core row: its local rows."""

    def test_the_local_rows_of_a_core_row(self):
        for title in self.articles:
            found = self.articles[title].comments.values_list("text", flat=True)
            self.assertCountEqual(found, comments_of(title))

    def test_the_reverse_manager_filters_counts_and_orders(self):
        comments = self.articles["Bridges"].comments
        self.assertEqual(comments.filter(flagged=True).get().text, "Rusty")
        self.assertEqual(comments.count(), 3)
        self.assertEqual(comments.order_by("text").first().text, "High")

    def test_create_makes_a_local_row(self):
        comment = self.articles["Locks"].comments.create(text="New")
        self.assertEqual(comment._state.db, "default")
        self.assertEqual(Comment.objects.get(text="New").article_id, self.articles["Locks"].pk)

    def test_get_or_create_and_update_or_create(self):
        comments = self.articles["Dams"].comments
        self.assertEqual(comments.get_or_create(text="Deep")[1], False)
        self.assertEqual(comments.get_or_create(text="Shallow")[1], True)
        comments.update_or_create(text="Deep", defaults={"flagged": True})
        self.assertCountEqual(
            Comment.objects.filter(article__slug="dams").values_list("text", "flagged"),
            [("Deep", True), ("Shallow", False)],
        )

    def test_add_takes_local_rows_over(self):
        self.articles["Locks"].comments.add(*Comment.objects.filter(article__title="Canals"))
        self.assertEqual(self.articles["Locks"].comments.count(), 2)
        self.assertEqual(self.articles["Canals"].comments.count(), 0)

    def test_add_one_by_one(self):
        comment = Comment(text="Loose")
        self.articles["Locks"].comments.add(comment, bulk=False)
        self.assertEqual(Comment.objects.get(text="Loose").article, self.articles["Locks"])

    def test_remove_clear_and_set_of_a_nullable_relation(self):
        bridges, canals = self.articles["Bridges"], self.articles["Canals"]
        bridges.bookmarks.remove(bridges.bookmarks.get())
        self.assertFalse(bridges.bookmarks.exists())
        canals.bookmarks.clear()
        self.assertFalse(Bookmark.objects.filter(article__isnull=False).exists())
        canals.bookmarks.set(Bookmark.objects.filter(reader="Eve"))
        self.assertEqual(Bookmark.objects.filter(article__title="Canals").count(), 2)


class CoreToCoreTests(NewsroomTestCase):
    def test_both_ends_are_in_core(self):
        self.assertEqual(Article.objects.get(title="Locks").author.name, "Ben")
        self.assert_titles(self.authors["Ben"].articles.all(), ["Canals", "Locks"])

    def test_reverse_manager_makes_a_core_row(self):
        self.authors["Ben"].articles.create(title="Sluices", slug="sluices")
        self.assertEqual(Article.objects.get(slug="sluices").author, self.authors["Ben"])

    def test_a_local_relation_is_reached_over_two_core_ones(self):
        found = Comment.objects.filter(article__author__articles__title="Dams")
        expected = [text for title, text, _ in COMMENTS if title in {"Bridges", "Dams"}]
        self.assertCountEqual(found.values_list("text", flat=True), expected)
