"""A ``READ_ONLY`` core is read as ever, and local rows are written as ever."""

from django.contrib.auth.models import User
from django.db.models import Count
from django.forms import modelform_factory
from django.test import override_settings
from django.urls import reverse

import causeway
from causeway.exceptions import CoreReadOnly
from causeway.test import writable_core
from tests.guards.read_only import ReadOnlyTestCase, read_only
from tests.library.models import Article, Tag
from tests.managers.models import Page, Remark
from tests.orm.models import LocalCascade, Place, Sticker
from tests.shop.models import Bookmark, Comment, Content, Rating, Shelf, Story


class ReadTests(ReadOnlyTestCase):
    def test_core_models(self):
        self.assertEqual(Article.objects.get(comments__text="Deep"), self.article)
        self.assertEqual(Comment.objects.select_related("article__author").get().article.author.name, "Ada")
        self.assertEqual(
            Article.objects.annotate(number=Count("comments")).aggregate(all=Count("pk")), {"all": 3}
        )
        self.assertEqual([tag.name for tag in self.article.tags.all()], ["water"])
        self.assertEqual(Article.objects.using("core").count(), 3)
        table = causeway.table(Article, using="core")
        self.assertEqual(len(Article.objects.using("core").raw(f"SELECT * FROM {table}")), 3)
        self.assertTrue(Article.objects.filter(author__name="Ada").explain())
        self.article.refresh_from_db()
        self.assertEqual(
            Article.objects.prefetch_related("comments", "tags").get(slug="dams").comments.count(), 1
        )

    def test_validation(self):
        """Django asks the router where it would write, in order to read there."""
        self.article.full_clean()
        form = modelform_factory(Article, fields=["title", "slug", "author", "tags"])
        data = {"title": "Dams", "slug": "weirs", "author": self.author.pk, "tags": []}
        self.assertEqual(list(form(data, instance=self.article).errors), ["slug"])
        self.assertTrue(form({**data, "slug": "dams"}, instance=self.article).is_valid())

    def test_core_managers(self):
        self.assertEqual(Content.contents.get(), self.content)
        self.content.refresh_from_db()
        self.assertEqual([tag.name for tag in Page.pages.get().tags.all()], ["water"])
        self.assertEqual(list(Content.contents.iterator()), [self.content])

    async def test_async_methods(self):
        self.assertEqual(await Article.objects.acount(), 3)
        self.assertEqual([row async for row in Content.contents.all()], [self.content])


class LocalWriteTests(ReadOnlyTestCase):
    def test_rows_that_refer_to_core_rows(self):
        comment = Comment.objects.create(article=self.article, text="New")
        comment.text = "Newer"
        comment.save()
        Comment.objects.filter(article__title="Dams").update(flagged=True)
        self.assertEqual(Comment.objects.filter(flagged=True, text="Newer").delete()[0], 1)
        Comment.objects.bulk_create([Comment(article=self.article, text="Bulk")])
        _, created = Rating.objects.update_or_create(article=self.article, defaults={"stars": 1})
        self.assertTrue(created)
        Comment.objects.filter(article__author__name="Ada").delete()
        self.assertFalse(Comment.objects.exists())

    def test_over_the_reverse_managers_of_a_core_row(self):
        self.article.comments.create(text="New")
        self.article.comments.all().delete()
        self.article.bookmarks.clear()
        self.assertIsNone(Bookmark.objects.get().article)
        self.article.bookmarks.set([self.bookmark])
        self.assertEqual(Bookmark.objects.get().article, self.article)
        Place.objects.get().stickers.create(name="old")
        self.assertEqual(Sticker.objects.get().target, Place.objects.get())

    def test_local_many_to_many_relations_from_both_ends(self):
        self.shelf.articles.add(self.article)
        self.assertEqual(self.article.shelves.get(), self.shelf)
        self.article.shelves.remove(self.shelf)
        self.article.shelves.set([self.shelf])
        self.article.shelves.clear()
        self.shelf.articles.set([self.article])
        self.shelf.delete()
        self.assertFalse(Shelf.articles.through.objects.exists())

    def test_the_same_of_a_row_of_the_core_connection(self):
        article = Article.objects.using("core").get(slug="dams")
        article.shelves.add(self.shelf)
        self.assertEqual(self.shelf.articles.get(), self.article)
        article.shelves.clear()
        article.comments.create(text="New")
        Comment(article=article, text="Newer").save()
        article.bookmarks.clear()
        self.assertEqual(article.comments.count(), 3)

    def test_create_over_a_local_many_to_many_relation(self):
        shelf = self.article.shelves.create(name="Made")
        self.assertEqual(Shelf.objects.get(articles=self.article), shelf)

    def test_local_fields_of_a_child_of_a_core_row(self):
        Story.objects.filter(title="Weirs").update(teaser="Lower")
        self.story.teaser = "Lowest"
        self.story.save(update_fields=["teaser"])
        self.assertEqual(Story.objects.get().teaser, "Lowest")
        Story(article_ptr=self.article, teaser="Wet").save_base(raw=True)
        self.assertEqual(Story.objects.get(title="Dams").teaser, "Wet")
        self.story.delete(keep_parents=True)
        self.assertEqual(Story.objects.get().title, "Dams")

    def test_local_rows_of_a_model_with_rows_in_both(self):
        row = Content.objects.create(slug="new", title="new")
        row.title = "newer"
        row.save()
        Content.objects.filter(slug="new").update(title="newest")
        Content.objects.bulk_update([row], ["title"])
        self.assertEqual(Content.objects.get(slug="new").title, "newer")
        self.local.delete()
        self.assertFalse(Remark.objects.exists())
        self.local_page.tags.add(self.tag)
        self.local_page.tags.clear()
        self.local_page.subpages.create(title="leaf", slug="leaf")
        self.local_page.delete()
        self.assertFalse(Page.objects.exists())

    def test_local_rows_without_a_core_row(self):
        LocalCascade.objects.all().delete()
        self.assertFalse(LocalCascade.objects.exists())


@override_settings(ROOT_URLCONF="tests.orm.urls")
class AdminTests(ReadOnlyTestCase):
    """The pages of core models are shown, those of local models are written."""

    def setUp(self):
        super().setUp()
        self.client.force_login(User.objects.create_superuser("editor"))

    def test_pages_of_core_models(self):
        for url in ("newsroom:library_article_changelist", "newsroom:library_article_add"):
            self.assertEqual(self.client.get(reverse(url)).status_code, 200)
        for view in ("change", "history"):
            page = self.client.get(reverse(f"newsroom:library_article_{view}", args=[self.article.pk]))
            self.assertContains(page, "Dams")

    def test_the_page_that_leads_to_a_deletion_is_refused(self):
        """It asks for the alias to write to, of no row in particular."""
        with self.assertRaises(CoreReadOnly):
            self.client.get(reverse("newsroom:library_article_delete", args=[self.article.pk]))

    def test_forms_of_local_models(self):
        url = reverse("newsroom:shop_comment_change", args=[self.comment.pk])
        self.assertContains(self.client.get(url), "Deep")
        self.client.post(url, {"text": "Deeper", "article": self.article.pk})
        self.assertEqual(Comment.objects.get().text, "Deeper")


class WritableAgainTests(ReadOnlyTestCase):
    """Whoever lifts the declaration can write: in tests, ``causeway.test.writable_core``."""

    def test_as_a_context_manager(self):
        with writable_core():
            self.article.title = "Dykes"
            self.article.save()
            self.story.delete()
            Content.contents.update(title="x")
            self.page.delete()
        self.assertEqual(Article.objects.get(slug="dams").title, "Dykes")
        self.assertFalse(Story.objects.exists() or Page.pages.exists())
        self.before = self.everything_in_core()

    def test_deletion_is_refused_again_after_it(self):
        with writable_core("core"), read_only():
            self.assert_refused(self.tag.delete, "library.Tag", reads=True)
        self.assert_refused(self.tag.delete, "library.Tag", reads=True)
        self.assertEqual(Tag.objects.count(), 2)
