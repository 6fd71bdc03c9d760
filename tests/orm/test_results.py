"""What a spanning query gives back, and in which order."""

import pickle
from datetime import date

import pytest
from django.core import serializers
from django.db import connection
from django.db.models import Count, F, Sum

from tests.library.models import Article, Author
from tests.orm.models import Chapter, Entry, LocalEntry, Seat
from tests.orm.newsroom import ARTICLES, COMMENTS, RATINGS, TITLES, NewsroomTestCase, author_of, comments_of
from tests.shop.models import Bookmark, Comment, Rating


class OrderingTests(NewsroomTestCase):
    def test_by_a_core_column(self):
        found = Comment.objects.order_by("-article__title", "text").values_list("article__title", "text")
        expected = sorted(((title, text) for title, text, _ in COMMENTS), key=lambda row: row[1])
        self.assertEqual(list(found), sorted(expected, key=lambda row: row[0], reverse=True))

    def test_by_a_local_column(self):
        found = Article.objects.filter(rating__isnull=False).order_by("rating__stars")
        self.assertEqual(self.titles(found), sorted(RATINGS, key=RATINGS.get))
        self.assertEqual(self.titles(found.reverse()), sorted(RATINGS, key=RATINGS.get, reverse=True))

    def test_nulls(self):
        last = Bookmark.objects.order_by(F("article__title").asc(nulls_last=True), "pk")
        self.assertEqual([bookmark.reader for bookmark in last], ["Eve", "Eve", "Finn"])
        first = Bookmark.objects.order_by(F("article__title").desc(nulls_first=True))
        self.assertEqual([b.article and b.article.title for b in first], [None, "Canals", "Bridges"])

    def test_by_an_aggregate_with_a_slice(self):
        found = Article.objects.annotate(number=Count("comments")).order_by("-number", "title")
        expected = sorted(TITLES, key=lambda title: (-len(comments_of(title)), title))
        self.assertEqual(self.titles(found[:3]), expected[:3])
        self.assertEqual(self.titles(found[2:5]), expected[2:5])

    def test_first_last_earliest_and_latest(self):
        by_title = Comment.objects.order_by("article__title", "text")
        self.assertEqual((by_title.first().text, by_title.last().text), ("High", "Long"))
        self.assertEqual(Comment.objects.latest("article__created_at").text, "Long")
        self.assertEqual(Rating.objects.earliest("article__created_at").stars, 5)

    def test_distinct(self):
        found = Comment.objects.order_by("article__author__name").values_list(
            "article__author__name", flat=True
        )
        self.assertEqual(list(found.distinct()), ["Ada", "Ben", "Cy"])


class ValuesTests(NewsroomTestCase):
    def test_values_of_both_tables(self):
        found = Comment.objects.values("text", "article__title", "article__author__name")
        self.assertCountEqual(
            found,
            [
                {"text": text, "article__title": title, "article__author__name": author_of(title)}
                for title, text, _ in COMMENTS
            ],
        )

    def test_named_and_flat_lists(self):
        row = Comment.objects.values_list("article__title", "flagged", named=True).get(text="Slow")
        self.assertEqual((row.article__title, row.flagged), ("Canals", True))
        found = Rating.objects.values_list("article__slug", flat=True)
        self.assertCountEqual(found, [title.lower() for title in RATINGS])

    def test_values_of_expressions(self):
        found = Comment.objects.values(title=F("article__title"), number=Count("article__comments")).order_by(
            "text"
        )
        expected = {text: {"title": title, "number": len(comments_of(title))} for title, text, _ in COMMENTS}
        self.assertEqual(list(found), [expected[text] for text in sorted(expected)])

    def test_in_bulk(self):
        by_slug = Article.objects.filter(comments__flagged=True).in_bulk(
            ["bridges", "dams"], field_name="slug"
        )
        self.assertEqual({slug: article.title for slug, article in by_slug.items()}, {"bridges": "Bridges"})
        keys = [comment.pk for comment in self.comments[:2]]
        self.assertEqual(set(Comment.objects.select_related("article").in_bulk(keys)), set(keys))

    def test_iterator(self):
        comments = Comment.objects.select_related("article").order_by("text").iterator(chunk_size=2)
        found = [(comment.article.title, comment.text) for comment in comments]
        expected = sorted(((title, text) for title, text, _ in COMMENTS), key=lambda row: row[1])
        self.assertEqual(found, expected)
        chunks = Article.objects.prefetch_related("comments").iterator(chunk_size=2)
        self.assertEqual(sum(len(article.comments.all()) for article in chunks), len(COMMENTS))

    def test_dates(self):
        days = {date(2024, 3, day) for title, _, _, day in ARTICLES if comments_of(title)}
        self.assertEqual(list(Comment.objects.dates("article__created_at", "day")), sorted(days))
        stamps = Article.objects.filter(comments__isnull=False).datetimes("created_at", "day")
        self.assertEqual({stamp.date() for stamp in stamps}, days)

    def test_extra(self):
        found = Comment.objects.filter(article__title="Dams").extra(
            select={"slug": "library_article.slug"}, where=["library_article.title = %s"], params=["Dams"]
        )
        self.assertEqual([(comment.text, comment.slug) for comment in found], [("Deep", "dams")])

    def test_extra_tables(self):
        found = Comment.objects.extra(
            tables=["library_article"],
            where=["library_article.id = shop_comment.article_id", "library_article.slug = %s"],
            params=["dams"],
        )
        self.assertEqual([comment.text for comment in found], ["Deep"])


class OrderWithRespectToTests(NewsroomTestCase):
    def test_local_rows_in_the_order_of_their_core_row(self):
        dams, locks = self.articles["Dams"], self.articles["Locks"]
        one, two, three = (
            Chapter.objects.create(name=name, article=dams) for name in ("one", "two", "three")
        )
        Chapter.objects.create(name="other", article=locks)
        self.assertEqual(list(dams.get_chapter_order()), [one.pk, two.pk, three.pk])
        dams.set_chapter_order([three.pk, one.pk, two.pk])
        self.assertEqual([chapter.name for chapter in dams.chapters.all()], ["three", "one", "two"])
        self.assertEqual(three.get_next_in_order(), one)


class ReckonedByTheDatabaseTests(NewsroomTestCase):
    def test_defaults_and_generated_columns_of_a_core_row(self):
        seat = Seat.objects.create(place=self.places["Bath"], number=1)
        seat.refresh_from_db()
        self.assertEqual((seat.price, seat.twice), (7, 14))
        Seat.objects.filter(place__name="Bath").update(price=F("twice") + 1)
        self.assertEqual(Seat.objects.values_list("price", "twice").get(), (15, 30))

    def test_a_key_of_two_columns(self):
        bath, lyon = self.places["Bath"], self.places["Lyon"]
        Seat.objects.bulk_create([Seat(place=place, number=n) for place in (bath, lyon) for n in (1, 2)])
        seat = Seat.objects.get(pk=(bath.pk, 2))
        seat.price = 3
        seat.save()
        self.assertEqual(
            Seat.objects.filter(pk__in=[(bath.pk, 1), (bath.pk, 2)]).aggregate(sum=Sum("price")), {"sum": 10}
        )
        Seat.objects.filter(place__country="FR", number=1).delete()
        seat.delete()
        self.assertCountEqual(Seat.objects.values_list("pk", flat=True), [(bath.pk, 1), (lyon.pk, 2)])
        bath.delete()
        self.assertEqual(Seat.objects.get().place, lyon)


class SerializerTests(NewsroomTestCase):
    def test_rows_of_both_databases_come_back(self):
        rows = [self.articles["Dams"], *self.articles["Dams"].comments.all(), *self.shelves.values()]
        for form in ("json", "jsonl", "xml"):
            with self.subTest(form):
                text = serializers.serialize(form, rows)
                Article.objects.filter(slug="dams").update(title="lost")
                self.shelves["All"].articles.clear()
                for row in serializers.deserialize(form, text):
                    row.save()
                self.assertEqual(Comment.objects.get(text="Deep").article.title, "Dams")
                self.assert_titles(self.shelves["All"].articles.all(), TITLES)


class ExplainTests(NewsroomTestCase):
    def test_the_plan_of_a_spanning_query(self):
        plan = Comment.objects.filter(article__author__name="Ada").explain()
        self.assertIn("library_a", plan)
        self.assertIn("shop_comment", plan)

    @pytest.mark.linked("staged, the rows come with the statement only when it is executed")
    def test_the_sql_runs_as_it_stands(self):
        """On one connection, the statement that ``str(query)`` shows reaches both databases."""
        queryset = Comment.objects.filter(article__author_id=self.authors["Ada"].pk).values_list(
            "article__title"
        )
        with connection.cursor() as cursor:
            cursor.execute(str(queryset.query))
            self.assertCountEqual(cursor.fetchall(), list(queryset))


class PickleTests(NewsroomTestCase):
    """What is pickled, in a cache or for another process, still knows where its tables are."""

    def again(self, value):
        return pickle.loads(pickle.dumps(value))

    @pytest.mark.linked("staged, a core row knows core as its database")
    def test_an_instance(self):
        article = self.again(Article.objects.select_related("author").get(title="Dams"))
        self.assertEqual((article._state.db, article.author.name), ("default", "Ada"))
        article.title = "Barrages"
        article.save()
        self.assertEqual(Article.objects.get(slug="dams").title, "Barrages")

    def test_a_query(self):
        queryset = Comment.objects.filter(article__author__name="Ada").order_by("article__title", "text")
        copy = Comment.objects.all()
        copy.query = self.again(queryset.query)
        self.assertEqual(list(copy), list(queryset))
        self.assertEqual(copy.select_related("article").first().article.title, "Bridges")

    def test_an_evaluated_queryset(self):
        queryset = self.again(Article.objects.prefetch_related("comments").annotate(number=Count("comments")))
        with self.assertNumQueries(0):
            found = {article.title: (article.number, len(article.comments.all())) for article in queryset}
        self.assertEqual(found, {title: (len(comments_of(title)),) * 2 for title in TITLES})

    def test_a_queryset_of_values(self):
        queryset = Comment.objects.values("article__title", "text")
        copy = Comment.objects.all()
        copy.query = self.again(queryset.query)
        self.assertCountEqual(copy, list(queryset))

    def test_a_query_of_two_tables_with_one_name(self):
        entry = Entry.objects.create(text="in core")
        LocalEntry.objects.create(text="local", original=entry)
        copy = LocalEntry.objects.all()
        copy.query = self.again(LocalEntry.objects.filter(original__text="in core").query)
        self.assertEqual([found.text for found in copy], ["local"])

    def test_a_query_that_was_compiled_before(self):
        queryset = Author.objects.filter(articles__comments__flagged=True).distinct()
        expected = sorted(author.name for author in queryset)
        copy = Author.objects.all()
        copy.query = self.again(queryset.query)
        self.assertEqual(sorted(author.name for author in copy.all()), expected)
