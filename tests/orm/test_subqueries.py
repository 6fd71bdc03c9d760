"""Subqueries, ``Exists`` and combined querysets over the two databases."""

from django.db import connection
from django.db.models import CharField, Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Value

from tests.library.models import Article, Author, Tag
from tests.orm.models import Place, Visit
from tests.orm.newsroom import COMMENTS, RATINGS, TITLES, NewsroomTestCase, author_of, comments_of
from tests.shop.models import Comment, Rating, Shelf


class SubqueryTests(NewsroomTestCase):
    def test_core_rows_in_a_local_subquery(self):
        flagged = Comment.objects.filter(flagged=True).values("article")
        with self.assertNumQueries(1):
            self.assert_titles(Article.objects.filter(pk__in=flagged), ["Bridges", "Canals"])

    def test_local_rows_in_a_core_subquery(self):
        with self.assertNumQueries(1):
            found = list(Comment.objects.filter(article__in=Article.objects.filter(author__name="Ada")))
        self.assertEqual(len(found), sum(author_of(title) == "Ada" for title, *_ in COMMENTS))

    def test_a_correlated_local_column(self):
        stars = Rating.objects.filter(article=OuterRef("pk")).values("stars")
        found = dict(Article.objects.annotate(stars=Subquery(stars)).values_list("title", "stars"))
        self.assertEqual(found, {title: RATINGS.get(title) for title in TITLES})

    def test_a_correlated_core_column(self):
        name = Author.objects.filter(articles=OuterRef("article")).values("name")[:1]
        found = dict(Rating.objects.annotate(name=Subquery(name)).values_list("stars", "name"))
        self.assertEqual(found, {stars: author_of(title) for title, stars in RATINGS.items()})

    def test_a_correlated_aggregate(self):
        number = (
            Comment.objects.filter(article__author=OuterRef("pk"))
            .order_by()
            .values("article__author")
            .annotate(number=Count("pk"))
            .values("number")
        )
        found = dict(Author.objects.annotate(number=Subquery(number)).values_list("name", "number"))
        self.assertEqual(found, {"Ada": 4, "Ben": 2, "Cy": 1})

    def test_a_subquery_that_itself_spans_both(self):
        inner = Comment.objects.filter(article__tags__name="stone", article__author=OuterRef("author"))
        found = Article.objects.annotate(first=Subquery(inner.order_by("text").values("text")[:1]))
        expected = {"Ada": "High", "Ben": "Green", "Cy": None}
        self.assertEqual({a.title: a.first for a in found}, {t: expected[author_of(t)] for t in TITLES})

    def test_three_levels(self):
        deepest = Comment.objects.filter(article=OuterRef("pk"), text__gt=OuterRef(OuterRef("name")))
        middle = Article.objects.filter(Exists(deepest), author=OuterRef("pk"))
        found = Author.objects.filter(Exists(middle)).values_list("name", flat=True)
        expected = {author_of(title) for title, text, _ in COMMENTS if text > author_of(title)}
        self.assertCountEqual(found, expected)

    def test_in_a_slice(self):
        newest = Article.objects.order_by("-created_at").values("pk")[:2]
        found = (
            Shelf.objects.annotate(newest=Subquery(newest[:1])).values_list("newest", flat=True).distinct()
        )
        self.assertEqual(list(found), [self.articles["Draft of weirs"].pk])

    def test_in_order_by(self):
        stars = Rating.objects.filter(article=OuterRef("pk")).values("stars")
        found = Article.objects.filter(rating__isnull=False).order_by(Subquery(stars).desc())
        self.assertEqual(self.titles(found), sorted(RATINGS, key=lambda title: -RATINGS[title]))


class ExistsTests(NewsroomTestCase):
    def test_core_rows_that_have_local_ones(self):
        comments = Comment.objects.filter(article=OuterRef("pk"), flagged=True)
        self.assert_titles(Article.objects.filter(Exists(comments)), ["Bridges", "Canals"])
        expected = [title for title in TITLES if title not in {"Bridges", "Canals"}]
        self.assert_titles(Article.objects.filter(~Exists(comments)), expected)

    def test_local_rows_that_have_core_ones(self):
        stone = Tag.objects.filter(articles=OuterRef("article"), name="stone")
        found = Comment.objects.filter(Exists(stone)).values_list("text", flat=True)
        self.assertCountEqual(found, [*comments_of("Bridges"), *comments_of("Canals")])

    def test_as_an_annotation_and_in_a_disjunction(self):
        visited = Exists(Visit.objects.filter(article=OuterRef("slug")))
        found = dict(Article.objects.annotate(visited=visited).values_list("title", "visited"))
        self.assertEqual({title for title in TITLES if found[title]}, {"Bridges", "Dams", "Locks"})
        self.assert_titles(
            Article.objects.filter(Q(visited) | Q(title="Piers")), ["Bridges", "Dams", "Locks", "Piers"]
        )

    def test_exists_contains_and_count_of_a_spanning_query(self):
        found = Comment.objects.filter(article__author__name="Cy")
        self.assertTrue(found.exists())
        self.assertEqual(found.count(), 1)
        self.assertTrue(found.contains(Comment.objects.get(text="Long")))
        self.assertFalse(found.contains(Comment.objects.get(text="Deep")))


class CombinedTests(NewsroomTestCase):
    """Unions, intersections and differences of core and local rows."""

    def core(self):
        return Article.objects.annotate(home=Value("core", CharField())).values_list("title", "home")

    def local(self):
        return Comment.objects.annotate(home=Value("local", CharField())).values_list("text", "home")

    def test_union(self):
        expected = [(title, "core") for title in TITLES] + [(text, "local") for _, text, _ in COMMENTS]
        self.assertCountEqual(self.core().union(self.local()), expected)
        self.assertCountEqual(self.local().union(self.core(), all=True), expected)
        self.assertEqual(self.core().union(self.local()).count(), len(expected))

    def test_union_of_spanning_queries_ordered_and_sliced(self):
        ada = Comment.objects.filter(article__author__name="Ada").values_list("text", "article__title")
        stone = Comment.objects.filter(article__tags__name="stone").values_list("text", "article__title")
        found = ada.union(stone).order_by("text")
        expected = sorted(
            (text, title) for title, text, _ in COMMENTS if title in {"Bridges", "Dams", "Canals"}
        )
        self.assertEqual(list(found), expected)
        self.assertEqual(list(found[1:3]), expected[1:3])

    def test_intersection_and_difference(self):
        Comment.objects.filter(text="Deep").update(text="Dams")
        titles, texts = Article.objects.values_list("title"), Comment.objects.values_list("text")
        self.assertEqual(list(titles.intersection(texts)), [("Dams",)])
        self.assertCountEqual(titles.difference(texts), [(title,) for title in TITLES if title != "Dams"])

    def test_union_in_a_filter(self):
        flagged = Comment.objects.filter(flagged=True).values("article_id")
        tagged = Tag.objects.filter(name="water").values("articles")
        found = Article.objects.filter(pk__in=flagged.union(tagged))
        self.assert_titles(found, ["Bridges", "Canals", "Dams"])

    def test_one_statement(self):
        with self.assertNumQueries(1, using=connection.alias):
            list(self.core().union(self.local()))

    def test_arithmetic_over_both(self):
        found = Visit.objects.filter(minutes__lt=F("place__population") / 5).values_list("minutes", flat=True)
        self.assertCountEqual(found, [10, 5])
        total = Place.objects.annotate(
            rate=F("population") / F("visits__minutes"), whole=Value(1, IntegerField())
        ).filter(visits__minutes=20)
        self.assertEqual(float(total.get().rate) // 1, 4)
