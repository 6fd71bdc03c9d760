"""Sliced queries over local and core rows: which rows they show, and what they fetch for it."""

import sqlite3
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import Count, Exists, ExpressionWrapper, F, IntegerField, OuterRef, Value, Window

import causeway
from causeway.placements.staged import page as staged_page
from causeway.placements.staged import top_n
from tests.library.models import Article, Author
from tests.orm.models import (
    Anchor,
    Crossing,
    Harbour,
    LocalCascade,
    LocalRestrict,
    Mention,
    Place,
    Venue,
)
from tests.shop.models import Bookmark, Comment
from tests.staged.cases import StagedTestCase


class PageTests(StagedTestCase):
    def lose(self, title):
        """Delete an article as the core project does, which knows no child."""
        self.articles[title].tags.clear()
        Article.objects.filter(title=title)._raw_delete("core")

    def shown(self, queryset):
        return [(comment.text, comment.article.title) for comment in queryset]

    def test_rows_that_refer_to_nothing_do_not_shorten_a_page(self):
        """No constraint keeps a local row from referring to a core row that is gone."""
        self.lose("Dams")
        comments = Comment.objects.select_related("article").order_by("pk")
        self.assertEqual(
            self.shown(comments[:4]),
            [("Strong", "Bridges"), ("Rusty", "Bridges"), ("High", "Bridges"), ("Slow", "Canals")],
        )
        self.assertEqual(self.shown(comments[3:5]), [("Slow", "Canals"), ("Green", "Canals")])
        self.assertEqual(self.shown(comments[4:6]), [("Green", "Canals"), ("Long", "Piers")])
        with_author = comments.select_related("article__author")
        self.assertEqual(self.shown(with_author[4:6]), [("Green", "Canals"), ("Long", "Piers")])
        for comment in with_author[:4]:
            self.assertEqual((comment.article._state.db, comment.article.author._state.db), ("core", "core"))
        self.assertEqual(self.shown(comments[6:9]), [])

    def test_pages_of_two_references_to_one_table(self):
        """That there are as many core rows as keys says nothing: another reference may have brought them."""
        self.lose("Dams")
        titles = [title for title in self.articles if title != "Dams"]
        for number in range(40):
            first, second = titles[number % 5], titles[number % 3]
            gone = number % 4 if number < 20 else 0
            Crossing.objects.create(
                first_id=self.articles["Dams" if gone == 2 else first].pk,
                second_id=self.articles["Dams" if gone == 3 else second].pk,
                number=number,
            )
        left = [number for number in range(40) if number >= 20 or number % 4 < 2]
        rows = Crossing.objects.order_by("number")
        for related in (
            ["first", "second"],
            ["first__author", "second"],
            ["first__author", "second__author"],
        ):
            for low, high in ((0, 3), (0, 10), (1, 5), (8, 12), (3, 30), (25, 40), (30, 50)):
                with self.subTest(related=related, low=low, high=high):
                    page = list(rows.select_related(*related)[low:high])
                    self.assertEqual([row.number for row in page], left[low:high])
                    self.assertEqual(
                        [row.first.title for row in page], [titles[n % 5] for n in left[low:high]]
                    )

    def test_a_page_goes_on_where_rows_are_left_out(self):
        """It stages what it shows, however many rows before refer to nothing."""
        self.lose("Dams")
        canals = self.articles["Canals"]
        gone = [Comment(article_id=self.articles["Dams"].pk + 1000 + n, text="lost") for n in range(300)]
        Comment.objects.bulk_create([*gone, *(Comment(article=canals, text=f"{n:03}") for n in range(30))])
        others = Author.objects.create(name="Dee")
        for number in range(30):
            Article.objects.create(title=str(number), slug=str(number), author=others)
        comments = Comment.objects.order_by("pk")
        # What a query stages is no more than what it shows.
        with causeway.max_staged_rows(3):
            for related in ("article", "article__author"):
                page = comments.select_related(related)[3:13]
                self.assertEqual([c.article.title for c in page], ["Canals"] * 2 + ["Piers"] + ["Canals"] * 7)
                page = comments.select_related(related)[:6]
                self.assertEqual(
                    [c.article.title for c in page], ["Bridges"] * 3 + ["Canals"] * 2 + ["Piers"]
                )
                self.assertEqual(comments.select_related(related)[20].text, "014")
                self.assertEqual(list(comments.select_related(related)[36:40]), [])
                self.assertEqual([c.text for c in comments.select_related(related)[34:40]], ["028", "029"])

    def test_pages_whose_rows_before_are_gone_through(self):
        """They come to the same as those whose rows before are counted."""
        self.lose("Dams")
        titles = [title for title in self.articles if title != "Dams"]
        for number in range(60):
            title = "Dams" if number % 7 == 3 and number < 40 else titles[number % 5]
            Comment.objects.create(article_id=self.articles[title].pk, text=f"{number:02}")
        added = Comment.objects.filter(text__lt="A").order_by("text")
        left = [number for number in range(60) if number % 7 != 3 or number >= 40]
        mine = [number for number in left if titles[number % 5] in {"Canals", "Locks"}]
        for least, most in ((1, 10**6), (1, 50), (5, 30), (10**6, 10**6)):
            limits = {"LEAST_BEFORE": least, "MOST_BEFORE": most}
            for low, high in ((1, 3), (4, 9), (20, 25), (45, 49), (50, 80), (70, 80)):
                with self.subTest(low=low, high=high, **limits), patch.multiple(staged_page, **limits):
                    for related in ("article", "article__author"):
                        shown = self.shown(added.select_related(related)[low:high])
                        self.assertEqual(shown, [(f"{n:02}", titles[n % 5]) for n in left[low:high]])
                    kept = added.filter(article__author__name="Ben")[low:high]
                    self.assertEqual([int(comment.text) for comment in kept], mine[low:high])

    def test_a_page_of_references_by_texts(self):
        """Which texts are the same is for the child's database to say."""
        slugs = ["dams", "BRIDGES", "gone", "locks", "bridges", "PIERS", "nowhere", "dams", "canals"]
        for number, slug in enumerate(slugs):
            Mention.objects.create(article_id=slug, number=number)
        known = {article.slug for article in self.articles.values()}
        ignores_case = connection.vendor == "mysql"
        left = [n for n, slug in enumerate(slugs) if (slug.lower() if ignores_case else slug) in known]
        mentions = Mention.objects.order_by("number")
        for related in ("article", "article__author"):
            for low, high in ((0, 2), (0, 4), (1, 4), (3, 9)):
                with self.subTest(related=related, low=low, high=high), causeway.max_staged_rows(4):
                    page = mentions.select_related(related)[low:high]
                    self.assertEqual([mention.number for mention in page], left[low:high])

    def test_a_page_of_rows_that_all_refer_to_nothing(self):
        for title in list(self.articles):
            self.lose(title)
        for related in ("article", "article__author"):
            self.assertEqual(list(Comment.objects.select_related(related).order_by("pk")[:5]), [])
            self.assertIsNone(Comment.objects.select_related(related).order_by("pk").first())

    @pytest.mark.sqlite3
    def test_a_page_of_more_rows_than_a_statement_has_parameters(self):
        self.lose("Dams")
        titles = [title for title in self.articles if title != "Dams"]
        last = Comment.objects.order_by("pk").last().pk
        Comment.objects.bulk_create(
            Comment(article=self.articles[titles[n % 5]], text=f"{n:03}") for n in range(150)
        )
        added = Comment.objects.filter(pk__gt=last)
        by_title = added.order_by("-article__title", "text")
        in_order = sorted(range(150), key=lambda n: titles[n % 5], reverse=True)
        limit = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 60)
        self.addCleanup(connection.connection.setlimit, sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, limit)
        for low, high in ((0, 55), (0, 60), (0, 61), (3, 140), (70, 300)):
            for related in ("article", "article__author"):
                with self.subTest(low=low, high=high, related=related):
                    page = self.shown(added.order_by("pk").select_related(related)[low:high])
                    self.assertEqual(page, [(f"{n:03}", titles[n % 5]) for n in range(150)][low:high])
                    page = self.shown(by_title.select_related(related)[low:high])
                    self.assertEqual(page, [(f"{n:03}", titles[n % 5]) for n in in_order][low:high])
        counted = added.annotate(n=Count("article__comments")).order_by("article__title", "pk")[:130]
        self.assertEqual(len(counted), 130)
        self.assertEqual(Comment.objects.select_related("article").order_by("pk")[:150][5].text, "Long")

    def test_an_order_by_a_window_is_that_of_all_rows(self):
        order = [Window(Count("*"), partition_by=F("article_id")), "pk"]
        comments = Comment.objects.select_related("article__author").order_by(*order)
        found = self.shown(comments)
        self.assertNotEqual(found, self.shown(comments.order_by("pk")))
        for low, high in ((0, 5), (1, 6), (2, 5)):
            self.assertEqual(self.shown(comments.all()[low:high]), found[low:high])

    def test_rows_that_refer_to_nothing_stay_where_they_may(self):
        self.lose("Canals")
        bookmarks = Bookmark.objects.select_related("article").order_by("pk")[:3]
        self.assertEqual(
            [bookmark.article and bookmark.article.title for bookmark in bookmarks], ["Bridges", None, None]
        )

    def test_a_page_of_joined_rows_whose_keys_name_more_of_core(self):
        """What is selected is ordered by itself; not selected, by the order of the model that it refers to."""
        anchor = Anchor.objects.create(name="one")
        for name in "ab":
            owner = LocalCascade.objects.create(name=name, anchor=anchor)
            for number in range(3):
                LocalRestrict.objects.create(name=str(number), anchor=anchor, owner=owner)
        others = Article.objects.exclude(pk=OuterRef("anchor") - 10**6)
        joined = LocalCascade.objects.filter(Exists(others)).values("localrestrict__id", "anchor")
        ordered = joined.order_by("localrestrict__id", "anchor")
        with patch.object(Anchor._meta, "ordering", ["name"]):
            for low, high in ((0, 2), (1, 4), (0, 9)):
                self.assertEqual(list(ordered[low:high]), list(ordered)[low:high])

    def test_a_name_in_an_order_is_that_of_what_is_selected(self):
        """By itself it would stand for the order of the model that it refers to."""
        self.carry_inline(0)
        anchors = [Anchor.objects.create(name=name) for name in "pqrstu"]
        owners = [LocalCascade.objects.create(name=name, anchor=anchors[0]) for name in "abcd"]
        for anchor in anchors:
            for owner in owners:
                LocalRestrict.objects.create(name=owner.name, anchor=anchor, owner=owner)
        rows = LocalRestrict.objects.values_list("owner", "anchor__name")
        expected = [(owner.pk, anchor.name) for anchor in anchors for owner in owners]
        with (
            patch.object(LocalCascade._meta, "ordering", ["-name"]),
            patch.multiple(top_n, LEAST_FIRST=2, TIMES_THE_PAGE=1, THEN_TIMES=2),
        ):
            for low, high in ((0, 2), (1, 4), (3, 9)):
                self.assertEqual(list(rows.order_by("anchor__name", "owner")[low:high]), expected[low:high])

    def test_an_order_by_a_value_is_none(self):
        """The keys of a page are found without what it selects."""
        self.carry_inline(0)
        comments = Comment.objects.annotate(no=Value(False)).values_list("text", "no")
        one = ExpressionWrapper(Value(1), output_field=IntegerField())
        by_one = (
            Comment.objects.annotate(one=one)
            .values_list("text", "one")
            .order_by(F("one").asc(), "article__title", "text")
        )
        self.assertEqual(list(by_one[:3]), list(by_one.all())[:3])
        for order in (["article__title", F("no").asc()], ["article__title", "no"], [F("no").desc()]):
            with patch.multiple(top_n, LEAST_FIRST=1, TIMES_THE_PAGE=1, THEN_TIMES=2):
                ordered = comments.order_by(*order, "text")
                self.assertEqual(list(ordered[:3]), list(ordered)[:3])
                self.assertEqual(ordered.filter(article__author__name="Ada")[2][1], False)

    def test_a_page_of_core_rows_that_other_core_rows_refer_to(self):
        """A row that refers to the base table's is a condition on that, which is there in any case."""
        for number in range(9):
            place = Place.objects.create(name=f"Port {number}", country="PT")
            if number % 2:
                Harbour(place_ptr=place, depth=number).save_base(raw=True)
            if number % 3:
                Venue(place_ptr=place, seats=number).save_base(raw=True)
        places = Place.objects.filter(harbour__place_ptr__gt=0).select_related("venue").order_by("name")
        found = [(place.name, getattr(place, "venue", None) and place.venue.seats) for place in places[1:3]]
        self.assertEqual(found, [("Port 3", None), ("Port 5", 5)])
        self.assertEqual(list(places.filter(pk=-2)[2:4]), [])

    def test_first_rows_of_an_order_are_enough_or_more_are_fetched(self):
        titles = sorted(comment.article.title for comment in Comment.objects.all())
        for first in (1, 2, 3, 60):
            with patch.multiple(top_n, LEAST_FIRST=first, TIMES_THE_PAGE=1, THEN_TIMES=2):
                self.carry_inline(0)
                for low, high in ((0, 1), (0, 3), (2, 6), (0, 7), (5, 9)):
                    with self.subTest(first=first, low=low, high=high):
                        comments = Comment.objects.select_related("article").order_by("article__title", "pk")
                        self.assertEqual([c.article.title for c in comments[low:high]], titles[low:high])
                        comments = comments.order_by("-article__title", "pk")
                        self.assertEqual(
                            [c.article.title for c in comments[low:high]], titles[::-1][low:high]
                        )

    def test_ties_of_an_order_are_told_apart_by_local_columns(self):
        """All rows that are alike in the order of core are there, or none of them."""
        self.carry_inline(0)
        Article.objects.update(created_at=self.articles["Dams"].created_at)
        with patch.multiple(top_n, LEAST_FIRST=1, TIMES_THE_PAGE=1, THEN_TIMES=2):
            comments = Comment.objects.order_by("article__created_at", "-text")[:3]
            self.assertEqual([comment.text for comment in comments], ["Strong", "Slow", "Rusty"])

    def test_a_page_by_a_relation_to_many_is_one_of_joined_rows(self):
        expected = [
            (a.title, c.text) for a in Article.objects.order_by("title") for c in a.comments.order_by("text")
        ]
        articles = Article.objects.filter(comments__isnull=False).order_by("title", "comments__text")
        self.assertEqual(list(articles.values_list("title", "comments__text")[:5]), expected[:5])
        self.assertEqual([article.title for article in articles[:5]], [title for title, _ in expected[:5]])
