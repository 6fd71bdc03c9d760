"""``delete`` of querysets over joins, and what it reports."""

import pytest
from django.db import connection
from django.db.models import Count, Exists, OuterRef
from django.test.utils import CaptureQueriesContext

from tests.library.models import Article, Author, Section, Tag
from tests.orm.models import Visit
from tests.orm.newsroom import COMMENTS, TITLES, NewsroomTestCase, author_of, comments_of
from tests.shop.models import Bookmark, Comment, Rating, Shelf


class DeleteTests(NewsroomTestCase):
    def test_local_rows_by_a_core_column(self):
        deleted = Comment.objects.filter(article__author__name="Ada").delete()
        self.assertEqual(deleted, (4, {"shop.Comment": 4}))
        left = [text for title, text, _ in COMMENTS if author_of(title) != "Ada"]
        self.assertCountEqual(Comment.objects.values_list("text", flat=True), left)
        self.assertEqual(Article.objects.count(), len(TITLES))

    def test_core_rows_by_a_local_column(self):
        deleted, by_model = Article.objects.filter(comments__flagged=True).delete()
        expected = {
            "library.Article": 2,
            "library.Article_tags": 4,
            "shop.Comment": 5,
            "shop.Rating": 2,
            "shop.Shelf_articles": 4,
            "orm.Visit": 2,
        }
        self.assertEqual(by_model, expected)
        self.assertEqual(deleted, sum(expected.values()))
        self.assert_titles(Article.objects.all(), [t for t in TITLES if t not in {"Bridges", "Canals"}])
        self.assertEqual(Bookmark.objects.filter(article=None).count(), 3)

    def test_by_exclude_and_exists(self):
        Comment.objects.exclude(article__tags__name="stone").delete()
        self.assertEqual(Comment.objects.count(), len(comments_of("Bridges")) + len(comments_of("Canals")))
        Article.objects.filter(~Exists(Comment.objects.filter(article=OuterRef("pk")))).delete()
        self.assert_titles(Article.objects.all(), ["Bridges", "Canals"])

    def test_by_an_aggregate(self):
        Article.objects.annotate(number=Count("comments")).filter(number=0).delete()
        self.assert_titles(Article.objects.all(), [title for title in TITLES if comments_of(title)])
        Comment.objects.annotate(tags=Count("article__tags")).filter(tags=2).delete()
        self.assertCountEqual(Comment.objects.values_list("text", flat=True), ["Deep", "Long"])

    def test_a_slice_is_refused_as_ever(self):
        with self.assertRaises(TypeError):
            Article.objects.filter(comments__flagged=True)[:1].delete()

    @pytest.mark.linked("staged, the keys are found first")
    def test_local_rows_are_deleted_in_one_statement(self):
        with CaptureQueriesContext(connection) as queries:
            Comment.objects.filter(article__title="Bridges")._raw_delete("default")
        self.assertEqual(len(queries), 1)
        self.assertEqual(Comment.objects.count(), 4)

    def test_core_rows_are_deleted_in_one_statement(self):
        Article.tags.through.objects.filter(article__comments__flagged=True)._raw_delete("default")
        self.assertCountEqual(
            Article.tags.through.objects.values_list("article__title", flat=True), ["Dams", "Piers"]
        )

    def test_over_a_related_manager(self):
        self.articles["Bridges"].comments.all().delete()
        self.authors["Cy"].articles.filter(comments__isnull=True).delete()
        self.assertEqual(Comment.objects.count(), 4)
        self.assert_titles(self.authors["Cy"].articles.all(), ["Piers"])

    def test_a_chain_of_core_and_local_rows(self):
        """Author (core), article (core), comment, rating, visit and shelf (local)."""
        by_model = self.authors["Ada"].delete()[1]
        self.assertEqual(by_model["library.Article"], 2)
        self.assertEqual(by_model["shop.Comment"], 4)
        self.assert_titles(Article.objects.all(), [title for title in TITLES if author_of(title) != "Ada"])
        self.assertFalse(Comment.objects.filter(text="Deep").exists())
        self.assertEqual(Rating.objects.get().stars, 4)
        self.assertEqual(Visit.objects.get().minutes, 7)
        self.assertEqual(Shelf.articles.through.objects.count(), 5)

    def test_more_rows_than_one_batch(self):
        extra = [
            Article(title=f"Extra {n}", slug=f"extra-{n}", author=self.authors["Ada"]) for n in range(1100)
        ]
        Article.objects.bulk_create(extra)
        rows = Article.objects.filter(title__startswith="Extra")
        Comment.objects.bulk_create(Comment(article=article, text="Many") for article in rows)
        by_model = rows.delete()[1]
        self.assertEqual((by_model["library.Article"], by_model["shop.Comment"]), (1100, 1100))
        self.assertFalse(Comment.objects.filter(text="Many").exists())

    def test_a_tree_in_core(self):
        root = Section.objects.create(name="root")
        leaf = Section.objects.create(name="leaf", parent=Section.objects.create(name="stem", parent=root))
        self.assertEqual(Section.objects.get(parent__parent__name="root"), leaf)
        root.delete()
        self.assertFalse(Section.objects.exists())

    def test_everything(self):
        Author.objects.all().delete()
        Tag.objects.all().delete()
        for model in (Article, Comment, Rating, Visit, Shelf.articles.through, Article.tags.through):
            self.assertFalse(model.objects.exists(), model)
        self.assertEqual(Shelf.objects.count(), 3)
