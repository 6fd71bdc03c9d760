"""Filters and excludes over the two databases, against the same rows reckoned in Python."""

from django.db.models import Count, F, FilteredRelation, Q

from tests.library.models import Article, Author
from tests.orm.models import Visit
from tests.orm.newsroom import (
    BOOKMARKS,
    COMMENTS,
    RATINGS,
    TITLES,
    VISITS,
    NewsroomTestCase,
    author_of,
    comments_of,
    tags_of,
)
from tests.shop.models import Bookmark, Comment, Rating


class LocalRowsByCoreColumnsTests(NewsroomTestCase):
    def assert_comments(self, queryset, is_expected):
        """The queryset has the comments whose article the function accepts."""
        with self.assertNumQueries(1):
            found = [comment.text for comment in queryset]
        expected = [text for title, text, _ in COMMENTS if is_expected(title)]
        self.assertCountEqual(found, expected)
        self.assertTrue(expected)
        self.assertLess(len(expected), len(COMMENTS))

    def test_equal(self):
        self.assert_comments(
            Comment.objects.filter(article__title="Bridges"), lambda title: title == "Bridges"
        )

    def test_lookups(self):
        lookups = {
            "article__title__startswith": ("B", lambda title: title.startswith("B")),
            "article__title__icontains": ("AN", lambda title: "an" in title.lower()),
            "article__title__in": (["Dams", "Piers"], lambda title: title in {"Dams", "Piers"}),
            "article__title__gt": ("C", lambda title: title > "C"),
            "article__title__range": (("C", "E"), lambda title: "C" <= title <= "E"),
            "article__title__regex": ("s$", lambda title: title.endswith("s")),
            "article__created_at__day": (2, lambda title: title in {"Dams", "Canals"}),
            "article__created_at__date__lt": ("2024-03-02", lambda title: title == "Bridges"),
        }
        for lookup, (value, is_expected) in lookups.items():
            with self.subTest(lookup):
                if lookup.endswith("regex"):
                    value, is_expected = "^[BD]", lambda title: title[0] in "BD"
                self.assert_comments(Comment.objects.filter(**{lookup: value}), is_expected)

    def test_over_two_joins(self):
        self.assert_comments(
            Comment.objects.filter(article__author__name="Ada"), lambda title: author_of(title) == "Ada"
        )

    def test_over_many_to_many(self):
        self.assert_comments(
            Comment.objects.filter(article__tags__name="steel"), lambda title: "steel" in tags_of(title)
        )

    def test_a_core_instance_or_a_list_of_them(self):
        self.assert_comments(
            Comment.objects.filter(article=self.articles["Dams"]), lambda title: title == "Dams"
        )
        both = [self.articles["Dams"], self.articles["Piers"]]
        self.assert_comments(
            Comment.objects.filter(article__in=both), lambda title: title in {"Dams", "Piers"}
        )

    def test_negation_and_disjunction(self):
        condition = Q(article__author__name="Ada") | ~Q(article__tags__name="stone")
        self.assert_comments(
            Comment.objects.filter(condition),
            lambda title: author_of(title) == "Ada" or "stone" not in tags_of(title),
        )

    def test_exclude(self):
        self.assert_comments(
            Comment.objects.exclude(article__author__name="Ada"), lambda title: author_of(title) != "Ada"
        )

    def test_comparison_of_a_local_with_a_core_column(self):
        Comment.objects.filter(text="Deep").update(text="Dams")
        self.assertEqual(Comment.objects.get(text=F("article__title")).text, "Dams")

    def test_null_references(self):
        self.assertEqual(Bookmark.objects.get(article__isnull=True).reader, "Finn")
        found = Bookmark.objects.exclude(article__title="Bridges").values_list("reader", flat=True)
        self.assertCountEqual(found, [reader for title, reader in BOOKMARKS if title != "Bridges"])

    def test_two_core_tables_of_one_local_row(self):
        found = Visit.objects.filter(article__author__name="Ada", place__country="NL")
        self.assertCountEqual(found.values_list("minutes", flat=True), [10, 5])
        found = Visit.objects.filter(Q(place__country="GB") | Q(place=None))
        expected = [minutes for _, place, minutes in VISITS if place in {"Bath", None}]
        self.assertCountEqual(found.values_list("minutes", flat=True), expected)


class CoreRowsByLocalColumnsTests(NewsroomTestCase):
    def test_reverse_foreign_key(self):
        expected = [title for title, _, flagged in COMMENTS if flagged]
        self.assert_titles(Article.objects.filter(comments__flagged=True), expected)
        self.assert_titles(Article.objects.filter(comments__flagged=True).distinct(), set(expected))

    def test_exclude_of_a_relation_of_many(self):
        flagged = {title for title, _, is_flagged in COMMENTS if is_flagged}
        expected = [title for title in TITLES if title not in flagged]
        self.assert_titles(Article.objects.exclude(comments__flagged=True), expected)

    def test_two_conditions_on_one_or_on_two_rows(self):
        together = Article.objects.filter(comments__flagged=True, comments__text="Strong")
        apart = Article.objects.filter(comments__flagged=True).filter(comments__text="Strong")
        self.assert_titles(together, [])
        self.assert_titles(apart, ["Bridges"])

    def test_absence(self):
        expected = [title for title in TITLES if not comments_of(title)]
        self.assert_titles(Article.objects.filter(comments=None), expected)
        self.assert_titles(Article.objects.filter(comments__isnull=True), expected)

    def test_one_to_one(self):
        expected = [title for title, stars in RATINGS.items() if stars >= 4]
        self.assert_titles(Article.objects.filter(rating__stars__gte=4), expected)

    def test_core_rows_two_joins_from_the_local_ones(self):
        found = Author.objects.filter(articles__comments__flagged=True).distinct()
        expected = {author_of(title) for title, _, flagged in COMMENTS if flagged}
        self.assertCountEqual([author.name for author in found], expected)

    def test_local_rows_of_two_models(self):
        found = Article.objects.filter(bookmarks__reader="Eve", comments__flagged=True, rating__stars__gt=4)
        self.assert_titles(found, ["Bridges"])

    def test_filtered_relation(self):
        flagged = FilteredRelation("comments", condition=Q(comments__flagged=True))
        counts = Article.objects.annotate(flagged=flagged, number=Count("flagged")).values_list(
            "title", "number"
        )
        expected = {title: sum(f for t, _, f in COMMENTS if t == title) for title in TITLES}
        self.assertEqual(dict(counts), expected)

    def test_from_a_local_table_to_another_over_core(self):
        found = Rating.objects.filter(article__comments__text="Rusty")
        self.assertEqual([rating.stars for rating in found], [RATINGS["Bridges"]])

    def test_combined_querysets(self):
        ada = Article.objects.filter(author__name="Ada")
        flagged = Article.objects.filter(comments__flagged=True)
        self.assert_titles((ada & flagged).distinct(), ["Bridges"])
        self.assert_titles((ada | flagged).distinct(), ["Bridges", "Dams", "Canals"])
