"""What the other tests build on: the shared apps, and projects of their own."""

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count
from django.test import TestCase

from tests.library import models as library
from tests.shop import models as shop


class SharedAppsTests(TestCase):
    databases = {"default", "core"}

    def setUp(self):
        author = library.Author.objects.create(name="Ada")
        self.article = library.Article.objects.create(title="Bridges", slug="bridges", author=author)

    def test_core_rows_are_seen_through_local_ones(self):
        shop.Comment.objects.create(article=self.article, text="Good")
        found = shop.Comment.objects.filter(article__author__name="Ada").select_related("article")
        self.assertEqual([comment.article.title for comment in found], ["Bridges"])

    def test_local_rows_are_counted_by_core_row(self):
        shop.Comment.objects.create(article=self.article, text="Good")
        shop.Comment.objects.create(article=self.article, text="Bad")
        found = library.Article.objects.annotate(number=Count("comments"))
        self.assertEqual([article.number for article in found], [2])

    def test_deletion_takes_local_rows_along(self):
        shop.Comment.objects.create(article=self.article, text="Good")
        shop.Bookmark.objects.create(article=self.article, reader="Eve")
        self.article.delete()
        self.assertFalse(shop.Comment.objects.exists())
        self.assertEqual(shop.Bookmark.objects.get().article_id, None)

    def test_many_to_many_from_both_sides(self):
        self.article.tags.add(library.Tag.objects.create(name="stone"))
        shelf = shop.Shelf.objects.create(name="Reading")
        shelf.articles.add(self.article)
        self.assertEqual(shop.Shelf.objects.get(articles__tags__name="stone"), shelf)

    def test_inheritance_puts_the_parent_in_core(self):
        story = shop.Story.objects.create(
            title="Dams", slug="dams", author=self.article.author, teaser="High"
        )
        self.assertTrue(library.Article.objects.filter(pk=story.pk).exists())
        self.assertEqual(shop.Story.objects.get(title="Dams").teaser, "High")

    def test_generic_foreign_key_to_a_core_row(self):
        label = shop.Label.objects.create(name="read", target=self.article)
        self.assertEqual(label.content_type, ContentType.objects.get_for_model(library.Article))
        self.assertEqual(shop.Label.objects.get().target, self.article)

    def test_one_table_name_in_two_homes(self):
        library.Note.objects.create(text="in core")
        shop.Note.objects.create(text="local")
        self.assertEqual(library.Note.objects.get().text, "in core")
        self.assertEqual(shop.Note.objects.get().text, "local")


class TwoManagersTests(TestCase):
    databases = {"default", "core"}

    def test_two_managers_see_two_databases(self):
        shop.Content.objects.create(title="Ours", slug="ours")
        self.assertFalse(shop.Content.contents.exists())
        shop.Content.contents.create(title="Shared", slug="shared")
        self.assertEqual(shop.Content.contents.get()._state.db, "core")


def test_projects_share_the_rows_of_core(core_project, child_project):
    core_project.migrate()
    child_project.migrate()
    core_project.shell("Article.objects.create(title='Bridges', slug='bridges')")
    child_project.shell("Comment.objects.create(article=Article.objects.get(), text='Good')")
    assert child_project.shell("print(Comment.objects.get().article.title)") == "Bridges"
    assert core_project.rows("SELECT title FROM articles_article") == [("Bridges",)]
    assert "comments_comment" not in core_project.schema()
