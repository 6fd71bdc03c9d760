"""Queries that join many core tables: each is a relation of which the child's planner knows little."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.orm.newsroom import ARTICLES
from tests.shop.models import Comment
from tests.staged.cases import StagedTestCase

# Of the same author, that has a tag with another one, whose author has one with the tag: eleven joins and more.
PATH = "article__author__articles__tags__articles__author__articles__tags"


def of_tag(name):
    return Comment.objects.filter(**{f"{PATH}__name": name}).order_by("pk").distinct()


class ManyTablesTests(StagedTestCase):
    def expected(self, name):
        tags = {title: set(tags) for title, _, tags, _ in ARTICLES}
        authors = {title: author for title, author, *_ in ARTICLES}
        with_tag = {author for title, author in authors.items() if name in tags[title]}
        near = {tag for title, author in authors.items() if author in with_tag for tag in tags[title]}
        found = {author for title, author in authors.items() if tags[title] & near}
        return [comment.text for comment in self.comments if authors[comment.article.title] in found]

    def test_they_find_what_they_ask_for(self):
        for rows in (5000, 0):
            self.carry_inline(rows)
            for name in ("stone", "steel", "water"):
                with self.subTest(rows=rows, name=name):
                    self.assertEqual([comment.text for comment in of_tag(name)], self.expected(name))

    def test_they_are_explained(self):
        self.assertTrue(of_tag("stone").explain())

    @pytest.mark.mysql
    def test_the_planner_is_told_not_to_try_every_order(self):
        with CaptureQueriesContext(connection) as many:
            list(of_tag("stone"))
        with CaptureQueriesContext(connection) as few:
            list(Comment.objects.filter(article__title="Dams"))
        self.assertIn("optimizer_search_depth", many[-1]["sql"])
        self.assertNotIn("optimizer_search_depth", few[-1]["sql"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@optimizer_search_depth")
            self.assertGreater(cursor.fetchone()[0], 4)
