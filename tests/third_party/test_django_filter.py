"""django-filter: filter sets of local rows by core columns, and of core rows by local ones."""

from django.db.models import Count

from tests.library.models import Article
from tests.orm.newsroom import (
    COMMENTS,
    RATINGS,
    SHELVES,
    TITLES,
    NewsroomTestCase,
    author_of,
    comments_of,
    tags_of,
)
from tests.shop.models import Comment
from tests.third_party.filters import ArticleFilter, CommentFilter


class FilterTestCase(NewsroomTestCase):
    filter_set = None

    def found(self, queryset=None, **data):
        """The rows that the filter set keeps; data that is not valid fails the test."""
        filtered = self.filter_set(data, queryset)
        self.assertTrue(filtered.is_valid(), filtered.errors)
        return [str(row) for row in filtered.qs]

    def refused(self, **data):
        """The errors by field."""
        filtered = self.filter_set(data)
        self.assertFalse(filtered.is_valid())
        return filtered.errors


class LocalRowTests(FilterTestCase):
    filter_set = CommentFilter

    def assert_found(self, expected, **data):
        """The comments for which ``expected(title, text)`` holds are found."""
        self.assertCountEqual(
            self.found(**data), [text for title, text, _ in COMMENTS if expected(title, text)]
        )

    def test_a_core_row_chosen(self):
        self.assert_found(lambda title, text: title == "Canals", article=self.articles["Canals"].pk)
        self.assertEqual(self.found(article=self.articles["Locks"].pk), [])
        missing = max(article.pk for article in self.articles.values()) + 100
        self.assertIn("article", self.refused(article=missing))

    def test_the_choices_are_core_rows(self):
        field = CommentFilter({}).form.fields["article"]
        self.assertEqual([label for _, label in field.choices], ["---------", *sorted(TITLES)])
        # Of the titles, those that a comment is on.
        titles = [value for value, _ in CommentFilter({}).form.fields["title"].choices]
        self.assertEqual(titles, ["", *sorted({title for title, *_ in COMMENTS})])

    def test_several_core_rows_chosen(self):
        ada, cy = self.authors["Ada"].pk, self.authors["Cy"].pk
        self.assert_found(lambda title, text: author_of(title) in {"Ada", "Cy"}, author=[ada, cy])
        self.assert_found(
            lambda title, text: {"stone", "steel"} <= set(tags_of(title)), tags=["stone", "steel"]
        )

    def test_lookups_of_core_columns(self):
        self.assert_found(lambda title, text: title == "Dams", article__slug="dams")
        self.assert_found(lambda title, text: title.startswith("D"), article__slug__startswith="d")
        self.assert_found(lambda title, text: title in {"Dams", "Piers"}, article__slug__in="dams,piers")
        self.assert_found(
            lambda title, text: author_of(title) == "Ben", article__author__name__icontains="EN"
        )
        self.assert_found(lambda title, text: author_of(title) != "Ben", of_authors="Ada,Cy")
        self.assert_found(lambda title, text: title == "Bridges", title="Bridges")
        self.assert_found(lambda title, text: title not in RATINGS, unrated="true")

    def test_dates_in_core(self):
        self.assert_found(lambda title, text: True, article__created_at__year=2024)
        self.assert_found(
            lambda title, text: title in {"Dams", "Canals"}, article__created_at__date="2024-03-02"
        )
        self.assert_found(lambda title, text: title == "Piers", article__created_at__date__gt="2024-03-02")
        between = {"published_after": "2024-03-02", "published_before": "2024-03-04"}
        self.assert_found(lambda title, text: title in {"Dams", "Canals"}, **between)

    def test_conditions_of_both_databases(self):
        found = self.found(flagged="true", article__author__name="Ben", article__created_at__year=2024)
        self.assertCountEqual(found, ["Slow", "Green"])

    def test_order_by_core_columns(self):
        by_author = sorted(COMMENTS, key=lambda row: (author_of(row[0]), row[0]), reverse=True)
        found = self.found(Comment.objects.select_related("article__author"), order="-author,-title")
        titles = {text: title for title, text, _ in COMMENTS}
        self.assertEqual([titles[text] for text in found], [title for title, *_ in by_author])

    def test_over_the_api(self):
        found = self.client.get("/api/comments/", {"article__author__name": "Ada", "flagged": "true"}).json()
        self.assertEqual([row["text"] for row in found], ["Rusty"])
        refusal = self.client.get("/api/comments/", {"article": "none"})
        self.assertEqual((refusal.status_code, list(refusal.json())), (400, ["article"]))


class CoreRowTests(FilterTestCase):
    filter_set = ArticleFilter

    def test_core_rows_by_core_columns(self):
        self.assertEqual(self.found(slug="dams"), ["Dams"])
        self.assertCountEqual(self.found(author=self.authors["Ben"].pk), ["Canals", "Locks"])
        self.assertCountEqual(
            self.found(tags=[self.tags["water"].pk, self.tags["steel"].pk]),
            ["Bridges", "Dams", "Canals", "Piers"],
        )

    def test_core_rows_by_local_columns(self):
        commented = {title for title, *_ in COMMENTS}
        self.assertCountEqual(self.found(commented="true"), commented)
        self.assertCountEqual(self.found(commented="false"), set(TITLES) - commented)
        self.assertCountEqual(self.found(flagged="true"), ["Bridges", "Canals"])
        self.assertCountEqual(self.found(shelf="Reading"), SHELVES["Reading"])
        self.assertCountEqual(self.found(stars_min=4), ["Bridges", "Canals"])
        self.assertCountEqual(self.found(stars_min=3, stars_max=4), ["Dams", "Canals"])
        self.assertEqual(self.found(comment="dee", comment_lookup="istartswith"), ["Dams"])

    def test_core_rows_by_an_aggregate_of_local_ones(self):
        self.assertCountEqual(self.found(most=2), [title for title in TITLES if len(comments_of(title)) >= 2])

    def test_a_queryset_that_spans_already(self):
        queryset = (
            Article.objects.annotate(number=Count("comments"))
            .filter(number__gt=0)
            .order_by("-number", "title")
        )
        self.assertEqual(self.found(queryset, author=self.authors["Ada"].pk), ["Bridges", "Dams"])
