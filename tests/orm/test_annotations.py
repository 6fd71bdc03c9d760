"""Annotations, aggregates and window functions over the two databases."""

from collections import Counter
from itertools import accumulate

from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    Max,
    Min,
    Q,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Concat, Lag, Length, Rank, RowNumber, TruncDay, Upper

from tests.library.models import Article, Author
from tests.orm.models import Place, Visit
from tests.orm.newsroom import (
    ARTICLES,
    COMMENTS,
    RATINGS,
    TITLES,
    VISITS,
    NewsroomTestCase,
    author_of,
    comments_of,
)
from tests.shop.models import Comment, Rating


class AnnotationTests(NewsroomTestCase):
    def test_expressions_over_both_tables(self):
        label = Concat(Upper("article__author__name"), Value(": "), "text", output_field=CharField())
        found = Comment.objects.annotate(label=label).values_list("label", flat=True)
        self.assertCountEqual(found, [f"{author_of(title).upper()}: {text}" for title, text, _ in COMMENTS])

    def test_conditional_expressions(self):
        kind = Case(
            When(rating__stars__gte=4, then=Value("good")),
            When(rating__isnull=False, then=Value("fair")),
            default=Value("unrated"),
        )
        found = dict(Article.objects.annotate(kind=kind).values_list("title", "kind"))
        expected = {
            t: "unrated" if t not in RATINGS else "good" if RATINGS[t] >= 4 else "fair" for t in TITLES
        }
        self.assertEqual(found, expected)

    def test_filter_and_order_by_an_annotation(self):
        found = (
            Comment.objects.annotate(length=Length("article__title"))
            .filter(length__gt=5)
            .order_by("-length", "text")
        )
        expected = sorted(
            (text for title, text, _ in COMMENTS if len(title) > 5),
            key=lambda text: (-max(len(t) for t, x, _ in COMMENTS if x == text), text),
        )
        self.assertEqual([comment.text for comment in found], expected)

    def test_alias(self):
        found = Article.objects.alias(number=Count("comments")).filter(number=3)
        self.assert_titles(found, ["Bridges"])

    def test_a_local_number_beside_a_core_column(self):
        stars = Coalesce("rating__stars", 0, output_field=IntegerField())
        found = dict(Article.objects.annotate(stars=stars).values_list("title", "stars"))
        self.assertEqual(found, {title: RATINGS.get(title, 0) for title in TITLES})


class AggregateTests(NewsroomTestCase):
    def test_local_rows_by_core_row(self):
        found = dict(Article.objects.annotate(number=Count("comments")).values_list("title", "number"))
        self.assertEqual(found, {title: len(comments_of(title)) for title in TITLES})

    def test_local_rows_by_core_row_under_a_condition(self):
        number = Count("comments", filter=Q(comments__flagged=True))
        found = dict(Article.objects.annotate(number=number).values_list("title", "number"))
        flagged = Counter(title for title, _, is_flagged in COMMENTS if is_flagged)
        self.assertEqual(found, {title: flagged[title] for title in TITLES})

    def test_several_relations_at_once(self):
        found = Article.objects.annotate(
            comment_number=Count("comments", distinct=True),
            tag_number=Count("tags", distinct=True),
            shelf_number=Count("shelves", distinct=True),
        ).get(title="Bridges")
        self.assertEqual((found.comment_number, found.tag_number, found.shelf_number), (3, 2, 2))

    def test_grouped_by_a_core_column(self):
        found = Comment.objects.values("article__author__name").annotate(number=Count("pk"))
        counts = {row["article__author__name"]: row["number"] for row in found}
        self.assertEqual(counts, Counter(author_of(title) for title, *_ in COMMENTS))

    def test_grouped_by_a_core_model(self):
        found = Author.objects.annotate(stars=Sum("articles__rating__stars")).order_by("name")
        totals = {author.name: author.stars for author in found}
        self.assertEqual(totals, {"Ada": 8, "Ben": 4, "Cy": None})

    def test_condition_on_an_aggregate(self):
        found = Article.objects.annotate(number=Count("comments")).filter(number__gte=2, author__name="Ben")
        self.assert_titles(found, ["Canals"])

    def test_grouped_by_a_truncated_core_date(self):
        found = (
            Comment.objects.annotate(day=TruncDay("article__created_at"))
            .values("day")
            .annotate(number=Count("pk"))
        )
        days = {title: day for title, _, _, day in ARTICLES}
        self.assertEqual(
            {row["day"].day: row["number"] for row in found}, Counter(days[title] for title, *_ in COMMENTS)
        )

    def test_aggregate_over_both(self):
        found = Comment.objects.filter(article__author__name="Ada").aggregate(
            number=Count("pk"),
            articles=Count("article", distinct=True),
            first=Min("article__title"),
            last=Max("article__created_at__day"),
            stars=Avg("article__rating__stars"),
        )
        self.assertEqual(
            found, {"number": 4, "articles": 2, "first": "Bridges", "last": 2, "stars": (5 * 3 + 3) / 4}
        )

    def test_aggregate_of_an_annotation(self):
        found = Article.objects.annotate(number=Count("comments")).aggregate(
            most=Max("number"), all=Sum("number")
        )
        self.assertEqual(found, {"most": 3, "all": len(COMMENTS)})

    def test_count_of_distinct_core_rows(self):
        self.assertEqual(Article.objects.filter(comments__flagged=True).distinct().count(), 2)
        self.assertEqual(Comment.objects.values("article__author").distinct().count(), 3)

    def test_core_rows_by_two_routes(self):
        found = Place.objects.annotate(
            minutes=Coalesce(Sum("visits__minutes"), 0),
            authors=Count("visits__article__author", distinct=True),
        )
        totals = {place.name: (place.minutes, place.authors) for place in found}
        delft = sum(minutes for _, place, minutes in VISITS if place == "Delft")
        self.assertEqual(totals, {"Delft": (delft, 1), "Bath": (20, 1), "Lyon": (0, 0)})


class WindowTests(NewsroomTestCase):
    def test_partition_by_a_core_column(self):
        number = Window(RowNumber(), partition_by=F("article__author__name"), order_by="text")
        found = Comment.objects.annotate(number=number).values_list("article__author__name", "text", "number")
        expected = []
        for author in ("Ada", "Ben", "Cy"):
            texts = sorted(text for title, text, _ in COMMENTS if author_of(title) == author)
            expected += [(author, text, place) for place, text in enumerate(texts, 1)]
        self.assertCountEqual(found, expected)

    def test_order_by_a_core_column(self):
        rank = Window(Rank(), order_by=F("article__title").asc())
        found = Comment.objects.annotate(rank=rank).values_list("article__title", "rank")
        titles = [title for title, *_ in COMMENTS]
        self.assertCountEqual(found, [(title, 1 + sum(t < title for t in titles)) for title in titles])

    def test_running_total_of_a_local_column(self):
        total = Window(Sum("stars"), order_by=F("article__title").asc())
        found = (
            Rating.objects.annotate(total=total).order_by("article__title").values_list("total", flat=True)
        )
        self.assertEqual(list(found), list(accumulate(RATINGS[title] for title in sorted(RATINGS))))

    def test_over_an_aggregate(self):
        before = Window(Lag("number"), order_by="title")
        found = Article.objects.annotate(number=Count("comments"), before=before).order_by("title")
        numbers = [len(comments_of(title)) for title in sorted(TITLES)]
        self.assertEqual([article.before for article in found], [None, *numbers[:-1]])

    def test_a_filter_on_a_window(self):
        longest = Window(RowNumber(), partition_by="article", order_by=[F("minutes").desc(), "pk"])
        found = Visit.objects.annotate(place_in_article=longest).filter(place_in_article=1)
        self.assertCountEqual(
            found.values_list("article__title", "minutes"), [("Bridges", 20), ("Dams", 5), ("Locks", 7)]
        )
