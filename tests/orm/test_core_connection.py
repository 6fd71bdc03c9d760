"""Core models on the core connection, ``using("core")``: by themselves, as its own project sees them."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.models import Count, Exists, OuterRef
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from causeway.exceptions import PlacementError
from tests.library.models import Article, Author, Tag
from tests.orm.models import LocalEntry, Place
from tests.shop.models import Bookmark, Comment, Label, Note, Shelf, Story


class CoreConnectionTestCase(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        author = Author.objects.create(name="Ada")
        self.article = Article.objects.create(title="Dams", slug="dams", author=author)
        self.comment = Comment.objects.create(article=self.article, text="Deep")
        self.tag = Tag.objects.create(name="water")
        self.article.tags.add(self.tag)


class CoreModelsTests(CoreConnectionTestCase):
    """A second connection to the same rows."""

    @pytest.mark.linked("staged, the log of the child's connection has core's statements as well")
    def test_the_whole_of_it_runs_there(self):
        with (
            CaptureQueriesContext(connections["default"]) as local,
            CaptureQueriesContext(connections["core"]) as core,
        ):
            article = Article.objects.using("core").select_related("author").get(author__name="Ada")
            article.title = "Dykes"
            article.save()
            article.tags.add(Tag.objects.using("core").create(name="clay"))
            Tag.objects.using("core").filter(articles__author__name="Ada", name="clay").update(name="wet")
        self.assertEqual(len(local), 0)
        self.assertGreater(len(core), 4)
        self.assertEqual((article._state.db, article.author._state.db), ("core", "core"))

    def test_its_changes_are_seen_from_the_child(self):
        article = Article.objects.using("core").get()
        article.title = "Dykes"
        article.save()
        Author.objects.using("core").create(name="Ben")
        self.assertEqual(Comment.objects.get(article__title="Dykes"), self.comment)
        self.assertEqual(Author.objects.count(), 2)

    def test_local_rows_of_a_core_row_are_asked_of_the_child(self):
        article = Article.objects.using("core").get()
        with self.assertNumQueries(0, using="core"):
            self.assertEqual(article.comments.get(), self.comment)
            self.assertEqual(article.comments.count(), 1)
            self.assertFalse(article.shelves.exists())
        self.assertEqual(article.comments.get()._state.db, "default")

    def test_local_rows_refer_to_a_core_row_of_either_connection(self):
        article = Article.objects.using("core").get()
        comment = Comment.objects.create(article=article, text="Wide")
        self.assertEqual(comment._state.db, "default")
        article.comments.create(text="High")
        article.shelves.add(Shelf.objects.create(name="Reading"))
        Bookmark(article=article, reader="Eve").save()
        self.assertEqual(
            Article.objects.filter(comments__text="High", bookmarks__reader="Eve").get(), article
        )
        self.assertEqual(Shelf.objects.get().articles.get(), article)

    def test_prefetch_of_local_rows(self):
        articles = Article.objects.using("core").prefetch_related("tags")
        with self.assertNumQueries(2, using="core"):
            self.assertEqual([tag.name for tag in articles[0].tags.all()], ["water"])


class LocalTableTests(CoreConnectionTestCase):
    """Core knows no child: a local table there is refused with a sentence, before any SQL."""

    def assert_refused(self, function, *tables):
        """The function fails; the sentence names the table, the homes and what to change."""
        with (
            CaptureQueriesContext(connections["core"]) as queries,
            self.assertRaises(PlacementError) as caught,
        ):
            function()
        sentence = str(caught.exception)
        for word in (*tables, "'core'", "'default'", "using('core')"):
            self.assertIn(word, sentence)
        sent = [
            q["sql"]
            for q in queries
            if not q["sql"].startswith(("BEGIN", "ROLLBACK", "SAVEPOINT", "RELEASE"))
        ]
        self.assertEqual(sent, [])

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_reads(self):
        comments = Comment.objects.using("core")
        for function in (
            lambda: list(comments),
            comments.count,
            comments.exists,
            comments.first,
            lambda: comments.aggregate(Count("pk")),
            lambda: comments.filter(article__title="Dams").get(),
            lambda: list(comments.values_list("article__title").iterator()),
            lambda: comments.in_bulk([1]),
        ):
            self.assert_refused(function, "shop_comment")

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_core_rows_by_local_ones(self):
        articles = Article.objects.using("core")
        self.assert_refused(lambda: list(articles.filter(comments__text="Deep")), "shop_comment")
        self.assert_refused(lambda: list(articles.exclude(comments__text="Deep")), "shop_comment")
        self.assert_refused(
            lambda: (
                articles.annotate(number=Count("shelves")).count()
                or list(articles.annotate(n=Count("shelves")))
            ),
            "shop_shelf",
        )
        self.assert_refused(lambda: list(articles.select_related("rating")), "shop_rating")
        comments = Comment.objects.filter(article=OuterRef("pk"))
        self.assert_refused(lambda: list(articles.filter(Exists(comments))), "shop_comment")
        self.assert_refused(
            lambda: list(
                articles.values_list("title").union(Comment.objects.using("core").values_list("text"))
            ),
            "shop_comment",
        )

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_writes(self):
        self.assert_refused(
            lambda: Comment(article_id=self.article.pk, text="x").save(using="core"), "shop_comment"
        )
        self.assert_refused(
            lambda: Comment.objects.using("core").create(article_id=self.article.pk, text="x"), "shop_comment"
        )
        self.assert_refused(lambda: Comment.objects.using("core").update(text="x"), "shop_comment")
        self.assert_refused(
            lambda: Comment.objects.using("core").bulk_create([Comment(article_id=1, text="x")]),
            "shop_comment",
        )
        self.assert_refused(
            lambda: Comment.objects.using("core").filter(text="Deep").delete(), "shop_comment"
        )
        self.assert_refused(lambda: self.comment.save(using="core"), "shop_comment")
        self.assert_refused(lambda: self.comment.delete(using="core"), "shop_comment")
        self.assertEqual(Comment.objects.get().text, "Deep")

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_a_local_child_of_a_core_row(self):
        self.assert_refused(lambda: list(Story.objects.using("core")), "shop_story")

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_a_cascade_that_reaches_local_rows_changes_nothing(self):
        with self.assertRaises(PlacementError):
            Article.objects.using("core").get().delete()
        with self.assertRaises(PlacementError):
            Article.objects.using("core").all().delete()
        self.assertEqual(Article.objects.count(), 1)
        self.assertEqual(Article.tags.through.objects.count(), 1)
        self.assertEqual(Comment.objects.count(), 1)

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_a_local_table_with_the_name_of_a_core_table(self):
        for model in (Note, LocalEntry):
            with self.subTest(model), self.assertRaises(PlacementError):
                list(model.objects.using("core"))

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_generic_relations(self):
        """The content type of a core row is the child's own, whatever connection the row came from."""
        ContentType.objects.clear_cache()
        Label.objects.create(name="read", target=Article.objects.using("core").get())
        self.assertEqual(Label.objects.get().target, self.article)
        self.assert_refused(lambda: list(ContentType.objects.using("core")), "django_content_type")
        key = ContentType.objects.get_for_model(Article).pk
        self.assert_refused(lambda: ContentType.objects.using("core").get(pk=key), "django_content_type")

    def test_a_core_row_without_local_relations_is_deleted_there(self):
        Tag.objects.using("core").get().delete()
        self.assertFalse(Tag.objects.exists())
        self.assertFalse(Place.objects.exists())
