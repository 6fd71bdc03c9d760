"""Writes to a ``READ_ONLY`` core are refused before any SQL is sent, and nothing is changed."""

from functools import partial

from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models import F

from causeway.exceptions import CausewayError, CoreReadOnly, PlacementError
from tests.guards.read_only import ReadOnlyTestCase
from tests.library.models import Article, Author, Note, Tag
from tests.managers.models import Page
from tests.orm.models import Feature, Harbour, LabelledArticle, Place
from tests.shop.models import Comment, Content, Story


def in_sync(function):
    """An async function of no arguments as an ordinary one."""

    async def call():
        return await function()

    return async_to_sync(call)


class CoreModelTests(ReadOnlyTestCase):
    def new(self):
        return Article(title="New", slug="new", author_id=self.author.pk)

    def test_save_and_delete(self):
        for refused in (
            self.article.save,
            lambda: self.article.save(update_fields=["title"]),
            lambda: self.article.save(force_update=True),
            lambda: self.new().save(),
            lambda: self.new().save(force_insert=True),
            self.article.delete,
            lambda: Article.objects.get(slug="dams").save_base(raw=True),
        ):
            self.assert_refused(refused, "library.Article", reads=True)
        for refused in (self.article.save, lambda: self.new().save()):
            self.assert_refused(refused, "library.Article")

    def test_querysets(self):
        articles = Article.objects
        for refused in (
            lambda: articles.create(title="New", slug="new", author_id=self.author.pk),
            lambda: articles.update(title="changed"),
            lambda: articles.filter(comments__text="Deep").update(title="changed"),
            lambda: articles.update(title=F("slug")),
            lambda: articles.bulk_create([self.new()]),
            lambda: articles.bulk_create([self.new()], ignore_conflicts=True),
            lambda: articles.bulk_update([self.article], ["title"]),
            lambda: articles.get_or_create(slug="new", defaults={"title": "New", "author": self.author}),
            lambda: articles.update_or_create(slug="dams", defaults={"title": "changed"}),
            lambda: articles.update_or_create(slug="new", defaults={"title": "New", "author": self.author}),
            lambda: articles.all().delete(),
            lambda: articles.filter(comments__text="Deep").delete(),
            lambda: articles.none().union(articles.all()) and articles.filter(pk=1)._raw_delete("default"),
        ):
            self.assert_refused(refused, "library.Article", reads=True)

    def test_no_sql_at_all(self):
        """Not even a SELECT where nothing has to be looked up."""
        articles = Article.objects
        for refused in (
            lambda: articles.create(title="New", slug="new", author_id=self.author.pk),
            lambda: articles.update(title="changed"),
            lambda: articles.bulk_create([self.new()]),
            lambda: articles.bulk_update([self.article], ["title"]),
            lambda: articles.all().delete(),
        ):
            self.assert_refused(refused, "library.Article")
        note = Note(pk=1, text="nothing refers to it")
        self.assert_refused(note.delete, "library.Note")
        self.assert_refused(note.save, "library.Note")

    def test_what_reads_in_order_to_write(self):
        self.assert_refused(lambda: Article.objects.get_or_create(slug="dams"), "library.Article")
        with transaction.atomic():
            self.assert_refused(
                lambda: Article.objects.select_for_update().get(slug="dams"), "library.Article"
            )

    def test_reverse_relations(self):
        self.assert_refused(lambda: self.author.articles.create(title="New", slug="new"), "library.Article")
        self.assert_refused(lambda: self.author.articles.add(self.article), "library.Article")
        self.assert_refused(lambda: self.author.articles.update(title="x"), "library.Article")
        self.assert_refused(lambda: self.author.articles.all().delete(), "library.Article", reads=True)

    def test_many_to_many(self):
        tags = self.article.tags
        for refused in (
            lambda: tags.add(self.free_tag),
            lambda: tags.remove(self.tag),
            lambda: tags.set([self.free_tag]),
            tags.clear,
            lambda: self.tag.articles.set([]),
            lambda: self.free_tag.articles.add(self.article),
            lambda: Article.tags.through.objects.create(article_id=1, tag_id=2),
            lambda: Article.tags.through.objects.all().delete(),
        ):
            self.assert_refused(refused, "library.Article_tags", reads=True)
        self.assert_refused(lambda: tags.create(name="wood"), "library.")
        self.assert_refused(
            lambda: Place.objects.get().twins.add(Place.objects.get()), "orm.Place_twins", reads=True
        )

    def test_a_proxy(self):
        for refused in (
            self.proxy.save,
            self.proxy.delete,
            lambda: LabelledArticle.published.update(title="x"),
            lambda: LabelledArticle.published.create(title="New", slug="new", author_id=self.author.pk),
        ):
            self.assert_refused(refused, "orm.LabelledArticle", reads=True)

    def test_inheritance_within_core(self):
        for refused in (
            self.harbour.save,
            self.harbour.delete,
            lambda: Harbour.objects.update(name="x", depth=1),
            lambda: Harbour.objects.create(name="Ghent", country="BE", depth=4),
            lambda: Harbour.objects.filter(visits=None).delete(),
        ):
            self.assert_refused(refused, "orm.", reads=True)

    def test_on_the_core_connection(self):
        articles, article = Article.objects.using("core"), Article.objects.using("core").get(slug="dams")
        for refused in (
            article.save,
            lambda: self.article.save(using="core"),
            lambda: articles.create(title="New", slug="new", author_id=self.author.pk),
            lambda: articles.update(title="changed"),
            lambda: articles.bulk_create([self.new()]),
            lambda: articles.bulk_update([article], ["title"]),
            lambda: articles.get_or_create(
                slug="new", defaults={"title": "New", "author_id": self.author.pk}
            ),
            lambda: articles.update_or_create(slug="dams", defaults={"title": "changed"}),
        ):
            self.assert_refused(refused, "library.Article", reads=True)
        self.assert_refused(lambda: article.tags.clear(), "library.Article_tags", reads=True)
        self.assert_refused(lambda: article.tags.add(self.free_tag), "library.Article_tags", reads=True)
        tags = Tag.objects.using("core")
        self.assert_refused(lambda: tags.all().delete(), "library.", reads=True)
        self.assert_refused(lambda: tags.get(name="stone").delete(), "library.Tag", reads=True)
        with self.assertRaises((CoreReadOnly, PlacementError)):
            # Its local relations are looked for first, and core has none of their tables.
            self.article.delete(using="core")

    def test_async_methods(self):
        articles = Article.objects
        for refused in (
            self.article.asave,
            self.article.adelete,
            partial(articles.acreate, title="New", slug="new", author_id=self.author.pk),
            partial(articles.aupdate, title="x"),
            partial(articles.abulk_create, [self.new()]),
            partial(articles.aget_or_create, slug="new", defaults={"title": "New", "author": self.author}),
            articles.filter(comments__text="Deep").adelete,
        ):
            self.assert_refused(in_sync(refused), "library.Article", reads=True)

    def test_in_a_transaction_that_goes_on(self):
        """Nothing was sent, so the transaction is not broken."""
        with transaction.atomic():
            with self.assertRaises(CoreReadOnly):
                self.article.save()
            self.comment.text = "still written"
            self.comment.save()
        self.assertEqual(Comment.objects.get().text, "still written")

    def test_the_exception_is_a_database_error_of_ours(self):
        with self.assertRaises(CausewayError):
            Author.objects.update(name="x")


class CascadeTests(ReadOnlyTestCase):
    """No statement of a cascade that writes is sent, in either database."""

    def test_from_a_core_row_to_local_rows(self):
        for refused in (self.author.delete, self.article.delete, Author.objects.all().delete):
            self.assert_refused(refused, "library.", reads=True)
        self.assertEqual(Comment.objects.get(), self.comment)

    def test_from_a_local_row_to_the_core_row_it_owns(self):
        self.assert_refused(self.issue.delete, "library.Article", reads=True)
        self.assert_refused(self.issue.features.all().delete, "library.Article", reads=True)
        self.assertEqual(Feature.objects.get().issue, self.issue)

    def test_of_a_local_child_with_its_core_parent(self):
        self.assert_refused(self.story.delete, "library.Article", reads=True)
        self.assert_refused(Story.objects.filter(author__name="Ada").delete, "library.Article", reads=True)
        self.assertEqual(Story.objects.get().title, "Weirs")

    def test_from_a_row_of_a_core_manager(self):
        self.assert_refused(self.page.delete, "managers.Page", reads=True)
        self.assert_refused(Page.pages.all().delete, "managers.Page", reads=True)


class LocalChildTests(ReadOnlyTestCase):
    """Multi-table inheritance with the parent in core."""

    def test_the_parents_fields(self):
        for refused in (
            self.story.save,
            lambda: self.story.save(update_fields=["title"]),
            lambda: Story.objects.create(title="New", slug="new", author_id=self.author.pk),
            lambda: Story.objects.update(title="x"),
            lambda: Story.objects.update(title="x", teaser="y"),
            lambda: Story.objects.bulk_update([self.story], ["title"]),
        ):
            self.assert_refused(refused, "library.Article", reads=True)
        self.assertEqual(Story.objects.get().teaser, "Low")


class CoreManagerTests(ReadOnlyTestCase):
    def test_every_method_that_writes(self):
        contents = Content.contents
        for refused in (
            self.content.save,
            self.content.delete,
            lambda: Content(slug="new", title="new").save(using="core"),
            lambda: self.local.save(using="core"),
            lambda: contents.create(slug="new", title="new"),
            lambda: contents.update(title="x"),
            lambda: contents.filter(slug="same").update(title=F("slug")),
            lambda: contents.bulk_create([Content(slug="new", title="new")]),
            lambda: contents.bulk_update([self.content], ["title"]),
            lambda: contents.get_or_create(slug="new", defaults={"title": "new"}),
            lambda: contents.update_or_create(slug="same", defaults={"title": "x"}),
            lambda: contents.all().delete(),
            lambda: contents.filter(slug="same").delete(),
            in_sync(self.content.asave),
            in_sync(partial(contents.acreate, slug="new", title="new")),
        ):
            self.assert_refused(refused, "shop.Content", reads=True)

    def test_no_sql_at_all(self):
        for refused in (
            self.content.save,
            lambda: Content.contents.create(slug="new", title="new"),
            lambda: Content.contents.update(title="x"),
            lambda: Content.contents.bulk_create([Content(slug="new", title="new")]),
        ):
            self.assert_refused(refused, "shop.Content")

    def test_relations_of_a_core_row(self):
        tag = Tag.objects.using("core").get(name="stone")
        self.assert_refused(lambda: self.page.tags.add(tag), "managers.Page_tags", reads=True)
        self.assert_refused(self.page.tags.clear, "managers.Page_tags", reads=True)
        self.assert_refused(lambda: self.page.tags.set([]), "managers.Page_tags", reads=True)
        self.assert_refused(lambda: self.page.tags.create(name="wood"), "'core'", reads=True)
        self.assert_refused(
            lambda: self.page.subpages.create(title="x", slug="x"), "managers.Page", reads=True
        )
