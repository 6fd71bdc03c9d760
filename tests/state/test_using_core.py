"""``using("core")``, road by road: the query runs there, or a sentence says why it cannot.

Never the error of a table that is not there, never the rows of another table of that name.
"""

import pytest
from asgiref.sync import async_to_sync
from django.db import connections, transaction
from django.db.models import Count, Exists, F, FilteredRelation, Max, OuterRef, Prefetch, Q, Subquery
from django.test.utils import CaptureQueriesContext

from causeway.exceptions import PlacementError
from tests.library.models import Article, Author, Tag
from tests.library.models import Note as CoreNote
from tests.orm.models import Entry, LocalEntry
from tests.shop.models import Bookmark, Comment, Note, Shelf, Story
from tests.state import rows

CONTROL = ("BEGIN", "ROLLBACK", "SAVEPOINT", "RELEASE", "COMMIT")


def core(model=Article):
    return model.objects.using("core")


async def each(rows):
    return [row async for row in rows]


# A query of core rows that needs local ones, each with the table that is out of reach.
SPANNING = {
    "filter": (lambda: list(core().filter(comments__text="Deep")), "shop_comment"),
    "exclude": (lambda: list(core().exclude(comments__text="Deep")), "shop_comment"),
    "filter by a local row": (lambda: list(core().filter(comments=1)), "shop_comment"),
    "isnull": (lambda: list(core().filter(rating__isnull=True)), "shop_rating"),
    "order_by": (lambda: list(core().order_by("rating__stars")), "shop_rating"),
    "values": (lambda: list(core().values("comments__text")), "shop_comment"),
    "values_list": (lambda: list(core().values_list("shelves__name")), "shop_shelf"),
    "annotate": (lambda: list(core().annotate(number=Count("comments"))), "shop_comment"),
    "alias": (lambda: list(core().alias(n=Count("comments")).filter(n=1)), "shop_comment"),
    "F": (lambda: list(core().annotate(text=F("comments__text"))), "shop_comment"),
    "filtered relation": (
        lambda: list(
            core()
            .annotate(deep=FilteredRelation("comments", condition=Q(comments__text="Deep")))
            .filter(deep__isnull=False)
        ),
        "shop_comment",
    ),
    "select_related": (lambda: list(core().select_related("rating")), "shop_rating"),
    "select_related of a child": (lambda: list(core().select_related("story")), "shop_story"),
    "count": (lambda: core().filter(comments__text="Deep").count(), "shop_comment"),
    "exists": (lambda: core().filter(comments__text="Deep").exists(), "shop_comment"),
    "aggregate": (lambda: core().aggregate(Max("rating__stars")), "shop_rating"),
    "aggregate of a slice": (lambda: core().filter(comments=1)[:2].aggregate(Max("pk")), "shop_comment"),
    "iterator": (lambda: next(core().filter(comments__text="Deep").iterator()), "shop_comment"),
    "in_bulk": (lambda: core().filter(comments__text="Deep").in_bulk([1]), "shop_comment"),
    "get": (lambda: core().get(comments__text="Deep"), "shop_comment"),
    "first": (lambda: core().filter(comments__text="Deep").first(), "shop_comment"),
    "contains": (lambda: core().filter(comments__text="Deep").contains(Article(pk=1)), "shop_comment"),
    "dates": (lambda: list(core().filter(comments=1).dates("created_at", "day")), "shop_comment"),
    "explain": (lambda: core().filter(comments__text="Deep").explain(), "shop_comment"),
    "select_for_update": (
        lambda: list(core().select_for_update().filter(comments__text="Deep")),
        "shop_comment",
    ),
    "Exists": (
        lambda: list(core().filter(Exists(Comment.objects.filter(article=OuterRef("pk"))))),
        "shop_comment",
    ),
    "Subquery": (
        lambda: list(
            core().annotate(text=Subquery(Comment.objects.filter(article=OuterRef("pk")).values("text")[:1]))
        ),
        "shop_comment",
    ),
    "in a local queryset": (
        lambda: list(core().filter(pk__in=Comment.objects.values("article"))),
        "shop_comment",
    ),
    "union": (
        lambda: list(core().values_list("title").union(core(Comment).values_list("text"))),
        "shop_comment",
    ),
    "union with its filter": (
        lambda: list(core().union(core().filter(comments__text="Deep"))),
        "shop_comment",
    ),
    "difference of another": (
        lambda: (
            list(core().values("pk").difference(Shelf.objects.using("core").values("pk")))
            if connections["core"].features.supports_select_difference
            else core(Shelf).count()
        ),
        "shop_shelf",
    ),
    "prefetch by a queryset on core": (
        lambda: list(Article.objects.prefetch_related(Prefetch("comments", core(Comment)))),
        "shop_comment",
    ),
    "prefetch over a local table": (
        lambda: list(Shelf.objects.prefetch_related(Prefetch("articles", core()))),
        "shop_shelf_articles",
    ),
    "local rows": (lambda: list(core(Comment)), "shop_comment"),
    "local rows with core rows": (lambda: list(core(Comment).select_related("article")), "shop_comment"),
    "a local child": (lambda: list(core(Story)), "shop_story"),
    "beside a row of a CoreManager": (
        lambda: list(core(Author).filter(page__parent=1, articles__comments__text="Deep")),
        "shop_comment",
    ),
    "a table between": (lambda: list(Shelf.articles.through.objects.using("core")), "shop_shelf_articles"),
    "a related manager": (lambda: rows.articles("core").get().comments.using("core").get(), "shop_comment"),
    "aget": (lambda: async_to_sync(core().aget)(comments__text="Deep"), "shop_comment"),
    "acount": (lambda: async_to_sync(core().filter(comments__text="Deep").acount)(), "shop_comment"),
    "aexists": (lambda: async_to_sync(core().filter(comments__text="Deep").aexists)(), "shop_comment"),
    "async for": (lambda: async_to_sync(each)(core().filter(comments__text="Deep")), "shop_comment"),
    "async iterator": (
        lambda: async_to_sync(each)(core().filter(comments__text="Deep").aiterator()),
        "shop_comment",
    ),
}

# A write on core that needs local rows.
WRITING = {
    "update by local rows": (lambda: core().filter(comments__text="Deep").update(title="x"), "shop_comment"),
    "update from local rows": (
        lambda: core().update(
            title=Subquery(Comment.objects.filter(article=OuterRef("pk")).values("text")[:1])
        ),
        "shop_comment",
    ),
    "update of local rows": (lambda: core(Comment).update(text="x"), "shop_comment"),
    "update of a local child": (lambda: core(Story).update(teaser="x"), "shop_story"),
    "update of a parent": (lambda: core(Story).update(title="x"), "shop_story"),
    "delete by local rows": (lambda: core().filter(comments__text="Deep").delete(), "shop_comment"),
    "delete that cascades": (lambda: core().all().delete(), "shop_"),
    "delete of a row that cascades": (lambda: core().get().delete(), "shop_"),
    "delete of an author": (lambda: core(Author).get().delete(), "shop_"),
    "delete of local rows": (lambda: core(Comment).all().delete(), "shop_comment"),
    "create": (lambda: core(Comment).create(article_id=1, text="x"), "shop_comment"),
    "bulk_create": (lambda: core(Comment).bulk_create([Comment(article_id=1, text="x")]), "shop_comment"),
    "bulk_update": (
        lambda: core(Comment).bulk_update([Comment(pk=1, article_id=1, text="x")], ["text"]),
        "shop_comment",
    ),
    "get_or_create": (lambda: core(Comment).get_or_create(article_id=1, text="x"), "shop_comment"),
    "update_or_create": (lambda: core(Comment).update_or_create(text="x"), "shop_comment"),
    "save": (lambda: Comment.objects.get().save(using="core"), "shop_comment"),
    "save of a local child": (lambda: Story.objects.get().save(using="core"), "shop_story"),
    "delete of a local row": (lambda: Comment.objects.get().delete(using="core"), "shop_comment"),
    "create over a local relation": (lambda: core().get().shelves.create(name="x"), "shop_shelf"),
    "acreate": (lambda: async_to_sync(core(Comment).acreate)(article_id=1, text="x"), "shop_comment"),
    "adelete": (lambda: async_to_sync(core().get().adelete)(), "shop_"),
}


class UsingCoreTestCase(rows.DamsTestCase):
    def refused(self, function, table):
        """The sentence with which the function is refused, before it has sent anything that changes rows."""
        with (
            CaptureQueriesContext(connections["core"]) as sent,
            self.assertRaises(PlacementError) as caught,
            transaction.atomic(using="core"),
        ):
            function()
        sentence = str(caught.exception)
        for word in (f"Cannot use the table '{table}", "'core'", "'default'", "using('core')"):
            self.assertIn(word, sentence)
        return [query["sql"] for query in sent if not query["sql"].startswith(CONTROL)]

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_a_query_that_needs_local_rows_is_refused_before_any_sql(self):
        for name, (function, table) in SPANNING.items():
            with self.subTest(name):
                sent = self.refused(function, table)
                self.assertTrue(all("library_article" in sql and "shop_" not in sql for sql in sent), sent)

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_a_write_that_needs_local_rows_changes_nothing(self):
        for name, (function, table) in WRITING.items():
            with self.subTest(name):
                sent = self.refused(function, table)
                self.assertFalse([sql for sql in sent if "shop_" in sql])
                self.assertEqual(Article.objects.get().title, "Dams")
                self.assertEqual((Article.tags.through.objects.count(), Shelf.objects.count()), (1, 1))
                self.assertEqual(Comment.objects.get().text, "Deep")

    def test_the_same_query_without_using_reaches_both(self):
        self.assertEqual(Article.objects.filter(comments__text="Deep", rating__stars=3).count(), 1)
        self.assertEqual(core().get().delete(using="default")[1]["shop.Comment"], 1)


class PrefetchTests(rows.DamsTestCase):
    """What is fetched by a query of its own runs where its tables are."""

    def test_local_rows_of_core_rows(self):
        lookups = ("comments", "rating", "shelves", "bookmarks", "story", "comments__article__tags")
        with self.assertNumQueries(2, using="core"):  # the article and its tags
            (article,) = core().prefetch_related(*lookups)
        with self.assertNumQueries(0), self.assertNumQueries(0, using="core"):
            (comment,) = article.comments.all()
            local = [comment, article.rating, *article.shelves.all(), *article.bookmarks.all(), article.story]
            self.assertEqual([row._state.db for row in local], ["default"] * 5)
            self.assertEqual([tag.name for tag in comment.article.tags.all()], ["water"])

    @pytest.mark.linked("staged, a core row knows core as its database")
    def test_querysets_on_either_connection(self):
        (comment,) = Comment.objects.prefetch_related(
            Prefetch("article", core().prefetch_related(Prefetch("tags", Tag.objects.using("default"))))
        )
        self.assertEqual(comment.article._state.db, "core")
        self.assertEqual([tag._state.db for tag in comment.article.tags.all()], ["default"])
        (article,) = core().prefetch_related(
            Prefetch("comments", Comment.objects.using("default").select_related("article"))
        )
        (comment,) = article.comments.all()
        self.assertEqual((comment._state.db, comment.article._state.db), ("default", "default"))

    def test_by_async_iteration(self):
        (article,) = async_to_sync(each)(core().prefetch_related("comments").aiterator(chunk_size=2))
        self.assertEqual([row._state.db for row in article.comments.all()], ["default"])


class NamesakeTests(rows.DamsTestCase):
    """Two tables of one name: the core connection reads and writes core's, and nothing under it."""

    def setUp(self):
        self.note = Note.objects.create(text="local")
        self.core_note = CoreNote.objects.create(text="in core")
        self.entry = Entry.objects.create(text="in core")
        LocalEntry.objects.create(text="local", original=self.entry)

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_the_local_model_is_refused(self):
        for function in (
            lambda: list(core(Note)),
            lambda: core(Note).update(text="lost"),
            lambda: core(Note).all().delete(),
            lambda: core(Note).create(text="lost"),
            lambda: self.note.save(using="core"),
            lambda: self.note.refresh_from_db(using="core"),
            lambda: list(core(Entry).filter(copies__text="local")),
            lambda: list(core(Entry).filter(pk__in=LocalEntry.objects.values("original"))),
            lambda: core(Entry).get().delete(),
        ):
            with self.assertRaises(PlacementError):
                function()
        self.assertEqual((Note.objects.get().text, CoreNote.objects.get().text), ("local", "in core"))
        self.assertEqual((Entry.objects.get().text, LocalEntry.objects.get().text), ("in core", "local"))

    def test_the_core_model_is_read_and_written(self):
        self.assertEqual(core(CoreNote).get(), self.core_note)
        core(CoreNote).update(text="changed")
        self.assertEqual((Note.objects.get().text, CoreNote.objects.get().text), ("local", "changed"))
        self.assertEqual(core(Entry).get().copies.get().text, "local")


class OtherDatabasesTests(rows.DamsTestCase):
    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_a_subquery_of_another_connection_is_refused_by_django(self):
        for function in (
            lambda: list(Comment.objects.filter(article__in=core())),
            lambda: list(core().filter(author__in=Author.objects.using("default"))),
        ):
            with self.assertRaisesMessage(ValueError, "Subqueries aren't allowed across different databases"):
                function()

    def test_the_keys_of_a_fetched_queryset_are_understood(self):
        self.assertEqual(Comment.objects.get(article__in=list(core())).text, "Deep")
        self.assertEqual(Bookmark.objects.filter(article=core().get()).count(), 1)
