"""Core models of views: that a column is declared to be the key does not make it one."""

from functools import partial
from unittest.mock import patch

import pytest
from django.db import connection, connections, models
from django.db.models import Count
from django.test import TransactionTestCase
from django.test.utils import isolate_apps

from tests.library.models import Article, Author
from tests.orm.models import CoreModel

# Their tables are not there outside of these tests.
with isolate_apps("tests.orm"):

    class Byline(CoreModel):
        """A view, whose declared key repeats: an author has several articles."""

        author_id = models.BigIntegerField(primary_key=True)
        title = models.CharField(max_length=255)

        class Meta:
            app_label = "orm"
            managed = False

        def __str__(self):
            return self.title

    class Follow(models.Model):
        """Refers to a view twice."""

        byline = models.ForeignKey(Byline, models.DO_NOTHING, related_name="follows", db_constraint=False)
        other = models.ForeignKey(Byline, models.DO_NOTHING, related_name="+", null=True, db_constraint=False)
        number = models.IntegerField()

        class Meta:
            app_label = "orm"

        def __str__(self):
            return str(self.number)


TITLES = {"Ada": ["Bridges", "Dams"], "Ben": ["Canals", "Canals", "Locks"], "Cy": ["Piers"], "Dee": []}


@pytest.mark.staged("core rows are fetched")
class ViewTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        view = connection.ops.quote_name(str(Byline._meta.db_table))
        with connections["core"].cursor() as cursor:
            cursor.execute(f"CREATE VIEW {view} AS SELECT author_id, title FROM library_article")
        self.addCleanup(self.drop, view)
        with connection.schema_editor() as editor:
            editor.create_model(Follow)
        self.authors = {name: Author.objects.create(name=name) for name in TITLES}
        for name, titles in TITLES.items():
            for number, title in enumerate(titles):
                Article.objects.create(title=title, slug=f"{name}-{number}", author=self.authors[name])
        names = list(TITLES)
        self.follows = [(name, names[number % 2], number) for number, name in enumerate([*names, "Ben"])]
        for name, other, number in self.follows:
            Follow.objects.create(
                byline_id=self.authors[name].pk, other_id=self.authors[other].pk, number=number
            )

    def drop(self, view):
        with connection.schema_editor() as editor:
            editor.delete_model(Follow)
        with connections["core"].cursor() as cursor:
            cursor.execute(f"DROP VIEW {view}")

    def assert_each_way(self, found, expected):
        """Whether the rows go inline or to a temporary table, and by one statement on core or by several."""
        features = type(connections["core"].features)
        for limit, most in ((1000, 999), (0, 999), (0, 1), (1000, 1)):
            with (
                self.subTest(limit=limit, most=most),
                patch.object(connection.ops, "inline_limit", limit),
                patch.object(features, "max_query_params", most),
            ):
                self.assertEqual(found(), expected)

    def expected(self):
        return [(number, title) for name, _, number in self.follows for title in TITLES[name]]

    def test_each_row_is_joined(self):
        rows = Follow.objects.order_by("number", "byline__title").values_list("number", "byline__title")
        self.assert_each_way(lambda: list(rows.all()), self.expected())
        self.assert_each_way(lambda: rows.filter(byline__title="Canals").count(), 4)
        self.assert_each_way(lambda: rows.filter(byline__title__contains="a", number__lt=4).count(), 3)
        counted = (
            Follow.objects.annotate(n=Count("byline__title")).values_list("number", "n").order_by("number")
        )
        numbers = [(n, len(TITLES[name])) for name, _, n in self.follows if TITLES[name]]
        self.assert_each_way(lambda: list(counted.all()), numbers)

    def test_two_references(self):
        others = {"Dams", "Canals", "Locks"}
        rows = Follow.objects.filter(byline__title__startswith="C", other__title__in=others)
        expected = [
            (title, other)
            for name, other_name, _ in self.follows
            for title in TITLES[name]
            for other in TITLES[other_name]
            if title.startswith("C") and other in others
        ]
        self.assert_each_way(
            lambda: sorted(rows.values_list("byline__title", "other__title")), sorted(expected)
        )

    def test_pages(self):
        local = Follow.objects.select_related("byline").order_by("number")
        rows = local.order_by("number", "byline__title")
        for low, high in ((0, 3), (2, 5), (1, 20)):
            page = self.expected()[low:high]
            shown, numbers = rows[low:high], local[low:high]
            self.assert_each_way(partial(self.shown, shown), page)
            self.assert_each_way(partial(self.numbers, numbers), [n for n, _ in page])

    def shown(self, rows):
        return [(row.number, row.byline.title) for row in rows.all()]

    def numbers(self, rows):
        return [row.number for row in rows.all()]

    def test_the_view_itself(self):
        followed = Byline.objects.filter(follows__number__lt=3).order_by("title", "follows__number")
        expected = sorted((title, n) for name, _, n in self.follows if n < 3 for title in TITLES[name])
        self.assert_each_way(lambda: list(followed.values_list("title", "follows__number")), expected)
        titles = [title for title, _ in expected]
        self.assert_each_way(lambda: [row.title for row in followed[1:4]], titles[1:4])
