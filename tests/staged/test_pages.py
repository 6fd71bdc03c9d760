"""Sliced queries over local and core rows: which rows they show, and what they fetch for it."""

from unittest.mock import patch

from django.db.models import Count, F, Window

from causeway.placements.staged import page
from tests.library.models import Article
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

    def test_first_rows_of_an_order_are_enough_or_more_are_fetched(self):
        titles = sorted(comment.article.title for comment in Comment.objects.all())
        for first in (1, 2, 3, 60):
            with patch.multiple(page, LEAST_FIRST=first, TIMES_THE_PAGE=1, THEN_TIMES=2):
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
        with patch.multiple(page, LEAST_FIRST=1, TIMES_THE_PAGE=1, THEN_TIMES=2):
            comments = Comment.objects.order_by("article__created_at", "-text")[:3]
            self.assertEqual([comment.text for comment in comments], ["Strong", "Slow", "Rusty"])

    def test_a_page_by_a_relation_to_many_is_one_of_joined_rows(self):
        expected = [
            (a.title, c.text) for a in Article.objects.order_by("title") for c in a.comments.order_by("text")
        ]
        articles = Article.objects.filter(comments__isnull=False).order_by("title", "comments__text")
        self.assertEqual(list(articles.values_list("title", "comments__text")[:5]), expected[:5])
        self.assertEqual([article.title for article in articles[:5]], [title for title, _ in expected[:5]])
