"""What both managers give back: the rows of their own database and no others."""

import pickle

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, Value
from django.db.models.functions import Concat

from tests.managers.rows import SLUGS, BothManagersTestCase, seed
from tests.shop.models import Content


class ReadingTestCase(BothManagersTestCase):
    def title(self, slug):
        return seed(self.alias)[slug]

    def titles(self, rows):
        rows = list(rows)
        self.assert_at_home(*rows)
        return [row.title for row in rows]

    def test_all_filter_exclude_and_order(self):
        everything = list(seed(self.alias).values())
        self.assertCountEqual(self.titles(self.manager.all()), everything)
        self.assertEqual(self.titles(self.manager.filter(slug="b")), [self.title("b")])
        self.assertEqual(self.titles(self.manager.exclude(slug__in="ab")), [self.title("c")])
        self.assertEqual(self.titles(self.manager.order_by("-slug")[:2]), [self.title("c"), self.title("b")])
        self.assertEqual(
            self.titles(self.manager.none() | self.manager.filter(Q(slug="a"))), [self.title("a")]
        )

    def test_get_first_last_earliest_and_latest(self):
        rows = [
            self.manager.get(slug="a"),
            self.manager.order_by("slug").first(),
            self.manager.order_by("-slug").last(),
            self.manager.earliest("slug"),
        ]
        self.assertEqual(self.titles(rows), [self.title("a")] * 4)
        self.assertEqual(self.manager.latest("slug").title, self.title("c"))
        with self.assertRaises(Content.DoesNotExist):
            self.manager.get(title=seed(self.other)["a"])

    def test_count_exists_and_contains(self):
        self.assertEqual(self.manager.count(), 3)
        self.assertTrue(self.manager.filter(title=self.title("a")).exists())
        self.assertFalse(self.manager.filter(title=seed(self.other)["a"]).exists())
        self.assertTrue(self.manager.contains(self.manager.get(slug="a")))

    def test_in_bulk(self):
        by_slug = self.manager.in_bulk(SLUGS, field_name="slug")
        self.assertEqual({slug: row.title for slug, row in by_slug.items()}, seed(self.alias))
        self.assertEqual(self.titles(self.manager.in_bulk([1]).values()), [self.title("a")])

    def test_iterator(self):
        found = self.titles(self.manager.order_by("slug").iterator(chunk_size=1))
        self.assertEqual(found, list(seed(self.alias).values()))

    def test_values(self):
        self.assertEqual(dict(self.manager.values_list("slug", "title")), seed(self.alias))
        self.assertEqual(self.manager.values("title").get(slug="b"), {"title": self.title("b")})

    def test_aggregates_and_annotations(self):
        found = self.manager.aggregate(number=Count("pk"), first=Min("title"), last=Max("title"))
        self.assertEqual(found, {"number": 3, "first": self.title("a"), "last": self.title("c")})
        label = Concat("slug", Value(": "), "title")
        self.assertEqual(self.manager.annotate(label=label).get(slug="a").label, f"a: {self.title('a')}")

    def test_subqueries_and_combinations_of_the_same_manager(self):
        same = self.manager.filter(slug=OuterRef("slug"), title=F("title"), pk__gt=1)
        self.assertCountEqual(
            self.titles(self.manager.filter(Exists(same))), [self.title("b"), self.title("c")]
        )
        union = self.manager.filter(slug="a").union(self.manager.filter(slug="c"))
        self.assertCountEqual(self.titles(union), [self.title("a"), self.title("c")])
        self.assertEqual(
            self.titles(self.manager.filter(pk__in=self.manager.filter(slug="b"))), [self.title("b")]
        )

    def test_dates_only_defer_and_raw(self):
        self.assertEqual(len(self.manager.dates("created_at", "year")), 1)
        for row in (self.manager.only("slug").get(slug="a"), self.manager.defer("title").get(slug="a")):
            self.assertEqual(row.get_deferred_fields() & {"title"}, {"title"})
            self.assertEqual(row.title, self.title("a"))
        raw = self.manager.raw("SELECT * FROM content WHERE slug = %s", ["b"])
        self.assertEqual(self.titles(raw), [self.title("b")])

    def test_refresh(self):
        row = self.manager.get(slug="a")
        row.title = "changed"
        row.refresh_from_db()
        self.assertEqual(row.title, self.title("a"))
        row.title = "changed"
        row.refresh_from_db(fields=["title"])
        self.assertEqual(row.title, self.title("a"))

    def test_pickled_rows_and_querysets(self):
        row = pickle.loads(pickle.dumps(self.manager.get(slug="a")))
        row.refresh_from_db()
        self.assertEqual(self.titles([row]), [self.title("a")])
        queryset = pickle.loads(pickle.dumps(self.manager.order_by("slug")))
        self.assertEqual(self.titles(queryset), list(seed(self.alias).values()))
        self.assertEqual(self.titles(queryset.all()), list(seed(self.alias).values()))

    def test_using_names_another_database_as_ever(self):
        self.assertEqual(self.manager.using(self.other).get(slug="a").title, seed(self.other)["a"])
        self.assertEqual(self.manager.db_manager(self.other).get(slug="a").title, seed(self.other)["a"])
        self.assertEqual(self.manager.db, self.alias)
        self.assertEqual(self.manager.all().db, self.alias)

    def test_the_other_connection_is_not_asked(self):
        with self.assertNumQueries(0, using=self.other):
            self.manager.get(slug="a").refresh_from_db()
            self.manager.count()


class LocalReadingTests(ReadingTestCase):
    alias = "default"


class CoreReadingTests(ReadingTestCase):
    alias = "core"
