"""The roads on which a core row comes to Python, on either connection."""

import copy
import pickle

from asgiref.sync import async_to_sync
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.core import serializers
from django.db import transaction
from django.db.models import Count, Prefetch, prefetch_related_objects
from django.test import TransactionTestCase

import causeway
from causeway import table
from tests.library.models import Article, Author, Tag
from tests.shop.models import Bookmark, Comment, Label, Rating, Shelf, Story


def articles(alias):
    return Article.objects.using(alias).filter(slug="dams")


async def first_of(queryset):
    async for row in queryset:
        return row
    return None


# What is asked of a queryset of core rows alone, on any connection.
OF_A_QUERYSET = {
    "get": lambda rows: rows.get(),
    "first": lambda rows: rows.order_by("pk").first(),
    "latest": lambda rows: rows.latest("created_at"),
    "slice": lambda rows: rows.order_by("pk")[:1][0],
    "iterator": lambda rows: next(rows.iterator()),
    "iterator with prefetch": lambda rows: next(rows.prefetch_related("tags").iterator(chunk_size=2)),
    "in_bulk": lambda rows: Article.objects.using(rows.db).in_bulk(["dams"], field_name="slug")["dams"],
    "only": lambda rows: rows.only("title").get(),
    "defer": lambda rows: rows.defer("created_at").get(),
    "annotated": lambda rows: rows.annotate(number=Count("tags")).get(),
    "select_related": lambda rows: rows.select_related("author").get(),
    "union": lambda rows: rows.union(rows, all=False).get(),
    "raw": lambda rows: Article.objects.using(rows.db).raw(
        f"SELECT * FROM {table(Article, rows.db)} WHERE slug = 'dams'"
    )[0],
    "select_for_update": lambda rows: rows.order_by().get(),
    "get_or_create": lambda rows: Article.objects.using(rows.db).get_or_create(slug="dams")[0],
    "update_or_create": lambda rows: Article.objects.using(rows.db).update_or_create(slug="dams")[0],
    "aget": lambda rows: async_to_sync(rows.aget)(),
    "async for": lambda rows: async_to_sync(first_of)(rows.all()),
    "async iterator": lambda rows: async_to_sync(first_of)(rows.aiterator()),
    "pickled": lambda rows: pickle.loads(pickle.dumps(rows.get())),
    "of a pickled queryset": lambda rows: pickle.loads(pickle.dumps(rows.all())).get(),
    "copied": lambda rows: copy.copy(rows.get()),
    "copied deeply": lambda rows: copy.deepcopy(rows.select_related("author").get()),
    "refreshed": lambda rows: refreshed(rows.get()),
    "refreshed from a queryset": lambda rows: refreshed(rows.get(), from_queryset=rows.all()),
    "of an author": lambda rows: author(rows).articles.get(slug="dams"),
    "prefetched of an author": lambda rows: author(rows, "articles").articles.all()[0],
    "of a tag": lambda rows: tag(rows).articles.get(),
    "prefetched of a tag": lambda rows: tag(rows, "articles").articles.all()[0],
    "saved": lambda rows: saved(rows.get()),
}

# Over local rows, which the child's own connection alone reaches.
OVER_LOCAL_ROWS = {
    "joined": lambda: Comment.objects.select_related("article").get().article,
    "joined over two": lambda: Comment.objects.select_related("article__author").get().article,
    "of a comment": lambda: Comment.objects.get().article,
    "prefetched of a comment": lambda: Comment.objects.prefetch_related("article").get().article,
    "of a rating": lambda: Rating.objects.get().article,
    "joined to a rating": lambda: Article.objects.select_related("rating").get(slug="dams").rating.article,
    "prefetched of a rating": lambda: Rating.objects.prefetch_related("article").get().article,
    "of a shelf": lambda: Shelf.objects.get(name="Reading").articles.get(),
    "prefetched of a shelf": lambda: (
        Shelf.objects.prefetch_related("articles").get(name="Reading").articles.all()[0]
    ),
    "prefetched by a queryset": lambda: (
        Shelf.objects.prefetch_related(
            Prefetch("articles", Article.objects.select_related("author"), to_attr="found")
        )
        .get(name="Reading")
        .found[0]
    ),
    "prefetched later": lambda: prefetched(list(Comment.objects.all()), "article"),
    "target of a label": lambda: Label.objects.get(name="old").target,
    "prefetched target": lambda: Label.objects.prefetch_related("target").get(name="old").target,
    "target by a queryset": lambda: (
        Label.objects.prefetch_related(
            GenericPrefetch("target", [Article.objects.select_related("author"), Tag.objects.all()])
        )
        .get(name="old")
        .target
    ),
    "parent of a story": lambda: Story.objects.get().article_ptr,
    "of the content type": lambda: content_type().get_object_for_this_type(slug="dams"),
    "all of the content type": lambda: content_type().get_all_objects_for_this_type(slug="dams").get(),
    "by a local row": lambda: Article.objects.filter(comments__text="Deep").get(),
    "deserialised": lambda: deserialised("default"),
}

# Of local rows too, by a queryset on the core connection.
BY_A_QUERYSET_ON_CORE = {
    "prefetched of a comment": lambda rows: (
        Comment.objects.prefetch_related(Prefetch("article", rows)).get().article
    ),
    "prefetched of a rating": lambda rows: (
        Rating.objects.prefetch_related(Prefetch("article", rows)).get().article
    ),
    "prefetched of an author": lambda rows: (
        Author.objects.prefetch_related(Prefetch("articles", rows)).get(name="Ada").articles.all()[0]
    ),
    "prefetched of a tag": lambda rows: (
        Tag.objects.prefetch_related(Prefetch("articles", rows, to_attr="found")).get().found[0]
    ),
    "prefetched target": lambda rows: (
        Label.objects.prefetch_related(GenericPrefetch("target", [rows])).get(name="old").target
    ),
}


def refreshed(row, **kwargs):
    row.refresh_from_db(**kwargs)
    return row


def saved(row):
    row.save()
    return row


def author(rows, *lookups):
    return Author.objects.using(rows.db).prefetch_related(*lookups).get(name="Ada")


def tag(rows, *lookups):
    return Tag.objects.using(rows.db).prefetch_related(*lookups).get(name="water")


def content_type():
    return Label.objects.get(name="old").content_type


def prefetched(rows, lookup):
    prefetch_related_objects(rows, lookup)
    return getattr(rows[0], lookup)


def deserialised(alias):
    """A row of a fixture, once it is saved."""
    text = serializers.serialize("json", articles(alias))
    (found,) = serializers.deserialize("json", text, using=alias)
    found.save(using=alias)
    return found.object


def on_default():
    roads = {name: lambda road=road: road(articles("default")) for name, road in OF_A_QUERYSET.items()}
    return {**roads, **OVER_LOCAL_ROWS}


def on_core():
    roads = {**OF_A_QUERYSET}
    roads |= {f"{name} by a queryset": road for name, road in BY_A_QUERYSET_ON_CORE.items()}
    roads = {name: lambda road=road: road(articles("core")) for name, road in roads.items()}
    return {**roads, "deserialised": lambda: deserialised("core")}


class DamsTestCase(TransactionTestCase):
    """One article, in core, and one row of each local model that refers to it."""

    databases = {"default", "core"}

    def setUp(self):
        self.make()

    def make(self):
        with causeway.atomic(best_effort=True):
            ada = Author.objects.create(name="Ada")
            self.article = Article.objects.create(title="Dams", slug="dams", author=ada)
            self.article.tags.create(name="water")
            self.comment = Comment.objects.create(article=self.article, text="Deep")
            self.rating = Rating.objects.create(article=self.article, stars=3)
            self.bookmark = Bookmark.objects.create(article=self.article, reader="Eve")
            self.shelf = Shelf.objects.create(name="Reading")
            self.shelf.articles.add(self.article)
            self.label = Label.objects.create(name="old", target=self.article)
            Story(article_ptr=self.article, teaser="Walls").save_base(raw=True)

    def make_again(self):
        """Whatever was changed, all is as it was at first."""
        with transaction.atomic():
            for model in (Author, Tag, Shelf, Label, Bookmark):
                model.objects.all().delete()
        self.make()
