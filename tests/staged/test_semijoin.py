"""Queries on core models that local rows restrict: core is given the keys of these, and no core row travels twice."""

from unittest.mock import patch

from django.db import connection, connections
from django.db.models import Count, Exists, F, FilteredRelation, Max, OuterRef, Q, Value
from django.db.models.functions import Lower

import causeway
from causeway.placements.staged import keys
from tests.library.models import Article, Author
from tests.orm.models import Mention
from tests.shop.models import Bookmark, Comment
from tests.staged.cases import StagedTestCase, march

FLAGGED = ["Bridges", "Canals"]


class KeysInPlaceTests(StagedTestCase):
    def setUp(self):
        super().setUp()
        flagged = Comment.objects.filter(flagged=True)
        self.by_keys = Article.objects.filter(pk__in=flagged.values("article"))
        self.by_existence = Article.objects.filter(Exists(flagged.filter(article=OuterRef("pk"))))

    def assert_asked(self, queryset, number=1):
        """Core is asked once, the child's database for so many lists of keys; return what is found."""
        queryset = queryset.all()
        with (
            self.assertNumQueries(1, using="core"),
            self.assertNumQueries(number, using="default"),
            # Nothing is staged.
            causeway.max_staged_rows(0),
        ):
            return list(queryset)

    def assert_staged(self, queryset):
        explained = causeway.explain(queryset, analyze=True)
        self.assertIn("library_article", [table.table for table in explained.tables])
        return list(queryset)

    def test_core_is_asked_with_the_keys(self):
        for articles in (self.by_keys, self.by_existence):
            found = self.assert_asked(articles.order_by("pk"))
            self.assertEqual([article.title for article in found], FLAGGED)
            self.assertEqual([article._state.db for article in found], ["core", "core"])
            self.assertEqual(self.assert_asked(articles.order_by("-pk")[:1])[0].title, "Canals")
            self.assertEqual(articles.count(), 2)
            self.assertTrue(articles.exists())
            self.assertEqual(articles.aggregate(last=Max("pk")), {"last": self.articles["Canals"].pk})
            self.assertEqual(articles.order_by("pk").first().title, "Bridges")
            self.assertEqual(articles.filter(created_at__lt=march(2)).get().title, "Bridges")
            self.assertEqual(articles.select_related("author").order_by("pk")[1].author.name, "Ben")
            self.assertEqual(set(articles.values_list("author__name", flat=True)), {"Ada", "Ben"})

    def test_both_kinds_at_once(self):
        rated = Article.objects.filter(rating__stars__gt=4)
        both = self.by_keys.filter(Exists(rated.filter(pk=OuterRef("pk")).values("rating")))
        self.assertEqual([article.title for article in both], ["Bridges"])
        bookmarked = self.by_existence.filter(pk__in=Bookmark.objects.filter(reader="Eve").values("article"))
        self.assertEqual(
            [article.pk for article in self.assert_asked(bookmarked.order_by("pk"), 2)],
            [self.articles[title].pk for title in FLAGGED],
        )

    def test_no_keys_and_null(self):
        none = Article.objects.filter(pk__in=Comment.objects.filter(text="none").values("article"))
        self.assertEqual((list(none), none.count(), none.exists(), none.first()), ([], 0, False, None))
        self.assertEqual(none.aggregate(last=Max("pk")), {"last": None})
        empty = Article.objects.filter(pk__in=Bookmark.objects.filter(reader="Finn").values("article"))
        self.assertEqual((list(empty), empty.count()), ([], 0))
        each = Article.objects.filter(pk__in=Bookmark.objects.values("article"))
        self.assertEqual({article.title for article in self.assert_asked(each)}, {"Bridges", "Canals"})

    def test_keys_of_rows_that_core_rows_refer_to(self):
        authors = Author.objects.filter(articles__in=Comment.objects.filter(flagged=True).values("article"))
        self.assertEqual({author.name for author in authors}, {"Ada", "Ben"})

    def test_too_many_keys(self):
        self.carry_inline(0)
        with patch.object(keys, "MOST_KEYS", 1):
            found = self.assert_staged(self.by_keys.order_by("pk"))
        self.assertEqual([article.title for article in found], FLAGGED)

    def test_what_needs_more_of_the_child(self):
        self.carry_inline(0)
        unflagged = Comment.objects.filter(flagged=False).values("article")
        flagged = Comment.objects.filter(flagged=True).values("article")
        for articles, titles in (
            (self.by_keys.annotate(number=Count("comments")), FLAGGED),
            (self.by_keys.filter(Q(comments__text="Rusty") | Q(comments__text="Slow")), FLAGGED),
            (Article.objects.exclude(pk__in=unflagged), ["Canals", "Draft of weirs", "Locks"]),
            (Article.objects.filter(Q(pk__in=flagged) | Q(title="Dams")), ["Bridges", "Canals", "Dams"]),
        ):
            with self.subTest(titles=titles):
                self.assertEqual(sorted(article.title for article in self.assert_staged(articles)), titles)

    def test_what_core_might_take_for_something_else(self):
        """Its texts, functions and orders are the child's, where the two are not of one engine."""
        lowered = self.by_keys.annotate(low=Lower("title")).order_by("title").values_list("low", flat=True)
        self.assertEqual(list(lowered), ["bridges", "canals"])
        is_same = connection.vendor == connections["core"].vendor
        planned = causeway.explain(lowered)
        self.assertEqual(planned.using, "core" if is_same else "default")
        self.assertEqual(list(self.by_keys.filter(title__contains="anal")), [self.articles["Canals"]])

    def test_keys_that_are_texts(self):
        """Which texts are the same is for the child's database to say."""
        self.carry_inline(0)
        Mention.objects.create(article_id="dams", number=1)
        mentioned = Article.objects.filter(slug__in=Mention.objects.values("article"))
        self.assertEqual([article.title for article in self.assert_staged(mentioned)], ["Dams"])

    def test_values_in_place_of_keys(self):
        self.carry_inline(0)
        first = self.articles["Bridges"].pk
        named = Comment.objects.filter(flagged=True).annotate(one=Value(first)).values("one")
        self.assertEqual(
            [a.title for a in self.assert_staged(Article.objects.filter(pk__in=named))], ["Bridges"]
        )
        last = (
            Comment.objects.filter(flagged=True)
            .values("article")
            .annotate(number=Count("pk"))
            .order_by(F("number").desc())
        )
        found = Article.objects.filter(pk__in=last.values("article")[:1])
        self.assertEqual([article.title for article in found], ["Canals"])

    def test_a_join_with_a_condition_of_its_own(self):
        self.carry_inline(0)
        named = FilteredRelation("author", condition=Q(author__name__contains="d"))
        articles = self.by_keys.annotate(named=named).order_by("pk").values_list("title", "named__name")
        self.assertEqual(self.assert_staged(articles), [("Bridges", "Ada")])

    def test_it_is_told(self):
        planned = causeway.explain(self.by_keys.order_by("pk"))
        self.assertEqual(
            str(planned).splitlines()[0],
            "The query runs on 'core', with keys in place of what it asks of other tables.",
        )
        self.assertEqual([alias for alias, _ in planned.statements], ["default", "core"])
        self.assertEqual(
            causeway.explain(self.by_keys.order_by("pk"), analyze=True).statements, planned.statements
        )
