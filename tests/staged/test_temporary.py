"""Statements over temporary tables find what they find over inline relations, however often they name a table."""

from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import Count, Exists, F, FilteredRelation, Max, OuterRef, Q, Subquery, Window
from django.db.models.functions import FirstValue, Rank, RowNumber
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from causeway import explain
from causeway.exceptions import PlacementError
from causeway.transactions.decisions import new_gid
from tests.library.models import Article, Author
from tests.shop.models import Bookmark, Comment, Shelf
from tests.staged.cases import StagedTestCase
from tests.transactions.prepared import Named


def siblings():
    """Comments on an article, with the number of articles that its author has."""
    return Comment.objects.annotate(number=Count("article__author__articles"))


def of_same_author():
    outer = Article.objects.filter(author=OuterRef("article__author")).exclude(pk=OuterRef("article"))
    return Comment.objects.filter(Exists(outer))


def latest_of_author(name):
    return Article.objects.filter(author__name=name, pk=OuterRef("article")).values("title")[:1]


QUERYSETS = {
    "joined twice": lambda: siblings().order_by("pk").values_list("pk", "number"),
    "in a subquery of a join": lambda: of_same_author().order_by("article__title", "pk").values_list("text"),
    "in two subqueries": lambda: (
        Comment.objects.order_by("pk")
        .filter(Q(article__in=Article.objects.filter(title__startswith="B")) | Q(article__author__name="Cy"))
        .exclude(article__in=Article.objects.filter(title="Dams"))
        .values_list("pk")
    ),
    "in two annotations": lambda: (
        Comment.objects.order_by("pk")
        .annotate(ada=Subquery(latest_of_author("Ada")), ben=Subquery(latest_of_author("Ben")))
        .values_list("pk", "ada", "ben")
    ),
    "in a window": lambda: (
        siblings()
        .annotate(place=Window(Rank(), order_by="article__title"))
        .order_by("pk")
        .values_list("pk", "place", "number")
    ),
    "in a window that is filtered": lambda: (
        of_same_author()
        .annotate(
            first=Window(FirstValue("text"), partition_by="article__author__name", order_by="pk"),
            row=Window(RowNumber(), partition_by=F("article__title"), order_by="pk"),
        )
        .filter(row=1)
        .order_by("article__title", "pk")
        .values_list("first", "article__title")
    ),
    "in two branches": lambda: (
        Comment.objects.filter(article__title="Dams")
        .values_list("text", "article__title")
        .union(
            Bookmark.objects.filter(article__title="Canals").values_list("reader", "article__title"),
            all=True,
        )
        .order_by("text")
    ),
    "in three branches": lambda: (
        Comment.objects.filter(article__author__name="Ada")
        .values_list("text")
        .union(
            Comment.objects.filter(article__author__name="Ben").values_list("text"),
            Comment.objects.filter(article__author__name="Cy").values_list("text"),
        )
        .order_by("text")
    ),
    "in an aggregate over a sliced query": lambda: [
        Comment.objects.filter(article__author__name__in=["Ada", "Ben"])
        .filter(Exists(Article.objects.filter(author=OuterRef("article__author"), title="Bridges")))
        .order_by("pk")[:4]
        .aggregate(most=Max("article__title"), number=Count("pk"))
    ],
    "in an order of distinct rows": lambda: (
        Shelf.objects.annotate(
            first=Subquery(
                Article.objects.filter(shelves=OuterRef("pk")).order_by("title").values("title")[:1]
            )
        )
        .filter(articles__author__name__in=["Ada", "Ben"])
        .order_by(F("first").asc(), "pk")
        .distinct()
        .values_list("name")
    ),
    "in an order that is no column of distinct rows": lambda: (
        Shelf.objects.filter(articles__author__name__in=["Ada", "Ben"])
        .order_by(
            Subquery(Article.objects.filter(shelves=OuterRef("pk")).order_by("title").values("title")[:1]),
            "pk",
        )
        .distinct()
        .values_list("name")
    ),
    "through a relation twice": lambda: (
        Shelf.objects.filter(articles__title="Dams").filter(articles__title="Bridges").values_list("name")
    ),
    "through relations that have a condition and a name": lambda: (
        Comment.objects.annotate(
            chosen=FilteredRelation("article", condition=Q(article__title="Dams")),
            Later=FilteredRelation("article", condition=Q(article__title__startswith="D")),
        )
        .order_by("article__title", "chosen__title", "pk")
        .values_list("text", "chosen__title", "Later__title", "article__title")
    ),
    "for core rows": lambda: (
        Author.objects.annotate(number=Count("articles__comments"))
        .filter(Exists(Comment.objects.filter(article__author=OuterRef("pk"), flagged=True)))
        .order_by("name")
        .values_list("name", "number")
    ),
}


class TemporaryTests(StagedTestCase):
    def found(self, rows, queryset):
        self.carry_inline(rows)
        return list(queryset())

    def test_the_same_is_found(self):
        for name, queryset in QUERYSETS.items():
            with self.subTest(name):
                inline = self.found(5000, queryset)
                self.assertTrue(inline)
                self.assertEqual(self.found(0, queryset), inline)

    def test_the_same_is_explained(self):
        for name, queryset in QUERYSETS.items():
            # Django, too, puts a further EXPLAIN before the query within one that is filtered by a window.
            if hasattr(queryset(), "explain") and name != "in a window that is filtered":
                with self.subTest(name):
                    self.carry_inline(0)
                    self.assertTrue(queryset().explain())

    def test_nothing_of_a_statement_is_left(self):
        self.carry_inline(0)
        for name, queryset in QUERYSETS.items():
            with self.subTest(name), CaptureQueriesContext(connection) as captured:
                list(queryset())
            made, dropped = (
                [query["sql"] for query in captured if query["sql"].startswith(verb)]
                for verb in ("CREATE TEMPORARY", "DROP")
            )
            self.assertTrue(made)
            self.assertEqual(len(made), len(dropped))


@pytest.mark.mysql
@pytest.mark.staged("the child's transaction is one that is to be prepared")
class PreparableTests(TransactionTestCase):
    """MySQL has no temporary tables in a transaction that its session leaves; MariaDB's session keeps it."""

    databases = {"default", "core"}

    def setUp(self):
        author = Author.objects.create(name="Ada")
        article = Article.objects.create(title="Dams", slug="dams", author=author)
        Comment.objects.create(article=article, text="Deep")
        self.enterContext(patch.object(connection.ops, "inline_limit", 0))
        connection.begin_branch(Named(new_gid()))
        self.addCleanup(connection.rollback_branch)

    def test_a_set_of_any_size_goes_inline(self):
        for queryset in (siblings().values_list("text", "number"), QUERYSETS["in two branches"]()):
            explanation = explain(queryset, analyze=True)
            vehicle = "temporary table" if connection.mysql_is_mariadb else "inline"
            self.assertEqual({table.vehicle for table in explanation.tables}, {vehicle})
        self.assertEqual(list(siblings().values_list("text", "number")), [("Deep", 1)])

    def test_what_cannot_is_refused(self):
        if connection.mysql_is_mariadb:
            self.skipTest("MariaDB has temporary tables there.")
        with (
            patch.object(type(connection.ops), "carries_inline", return_value=False),
            self.assertRaisesMessage(
                PlacementError, "MySQL has none in a transaction that is to be prepared"
            ),
        ):
            list(siblings())
