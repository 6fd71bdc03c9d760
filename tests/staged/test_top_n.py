"""Pages of core rows that are ordered by figures of local rows, or show them: as in one database, without all core rows."""

from unittest.mock import patch

import pytest
from django.db.models import Avg, Count, F, Max, Min, Q, Sum
from django.db.models.functions import Coalesce

import causeway
from causeway.placements.staged import top_n
from tests.library.models import Article
from tests.orm.models import Anchor, LocalCascade, LocalRestrict
from tests.shop.models import Bookmark, Comment, Shelf
from tests.staged.cases import StagedTestCase, march

PAGES = ((0, 1), (0, 3), (1, 4), (2, 3), (3, 9), (0, 30), (25, 40))
FIGURES = "come first by figures"
FIRST = "the first "
WHOLE = "the whole table"


class TopTestCase(StagedTestCase):
    def setUp(self):
        super().setUp()
        self.carry_inline(0)
        self.enterContext(patch.multiple(top_n, LEAST_FIRST=6, TIMES_THE_PAGE=2, THEN_TIMES=2))
        ada, ben = self.authors["Ada"], self.authors["Ben"]
        self.further = [
            Article.objects.create(title=f"{n * 7 % 10} {n:02}", slug=f"n-{n}", author=ada if n % 3 else ben)
            for n in range(24)
        ]
        for number, article in enumerate(self.further):
            for count in range(number % 6):
                Comment.objects.create(article=article, text=f"{count} of {number}", flagged=count % 2 == 0)
        last = self.further[-1].pk
        # No constraint keeps them from referring to nothing.
        Comment.objects.bulk_create(Comment(article_id=last + 1 + n % 3, text="lost") for n in range(40))

    def assert_pages(self, articles, how, pages=PAGES):
        """Each page has the rows of the whole, which are all that it is made from otherwise; one is made in that way."""
        rows = articles.values_list("pk", *articles.query.annotations)
        whole = list(rows)
        for low, high in pages:
            with self.subTest(low=low, high=high):
                self.assertEqual(list(rows[low:high]), whole[low:high])
                found = [
                    (row.pk, *(getattr(row, name) for name in articles.query.annotations))
                    for row in articles[low:high]
                ]
                self.assertEqual(found, whole[low:high])
        self.assertIn(how, self.reduction(articles[:3]))

    def reduction(self, queryset):
        return causeway.explain(queryset, analyze=True).tables[-1].reduction


class FigureTests(TopTestCase):
    def test_rows_with_most_of_something(self):
        articles = Article.objects.annotate(number=Count("comments"))
        self.assert_pages(articles.order_by("-number", "pk"), FIGURES)
        self.assert_pages(articles.order_by("-number", "-pk"), FIGURES)
        self.assert_pages(articles.order_by("-number", "-title"), FIGURES)
        self.assert_pages(articles.order_by("-number", "pk", "title"), FIGURES)
        fewest = articles.order_by("number", "pk")
        self.assert_pages(fewest, WHOLE)

    def test_figures_of_other_kinds(self):
        articles = Article.objects
        last = F("figure").desc(nulls_last=True)
        for figure in (
            Max("comments__pk"),
            Min("comments__pk"),
            Sum("comments__pk"),
            Avg("comments__pk"),
            Count("comments", filter=Q(comments__flagged=True)),
            Count("comments__flagged", distinct=True),
        ):
            with self.subTest(figure=figure):
                self.assert_pages(articles.annotate(figure=figure).order_by(last, "pk"), FIGURES)

    def test_a_row_without_any_counts_as_one_where_rows_are_counted(self):
        articles = Article.objects.annotate(figure=Count("*"), comments_too=Count("comments"))
        self.assert_pages(articles.order_by("-figure", "pk"), FIGURES)
        Comment.objects.all().delete()
        Comment.objects.bulk_create(
            Comment(article=article, text="the only one") for article in self.further[-9:]
        )
        self.assert_pages(articles.order_by("-figure", "pk"), WHOLE)

    def test_figures_that_rows_without_any_may_have_as_well(self):
        articles = Article.objects.annotate(flagged=Count("comments", filter=Q(comments__flagged=True)))
        Comment.objects.exclude(article=self.further[5]).update(flagged=False)
        self.assert_pages(articles.order_by("-flagged", "pk"), WHOLE)
        summed = Article.objects.annotate(figure=Coalesce(Sum("comments__pk"), 0))
        self.assert_pages(summed.order_by("-figure", "pk"), WHOLE)
        least = Article.objects.annotate(figure=Min("comments__pk"))
        self.assert_pages(least.order_by(F("figure").asc(nulls_first=True), "pk"), WHOLE)

    def test_conditions_on_either(self):
        articles = Article.objects.annotate(number=Count("comments")).order_by("-number", "pk")
        self.assert_pages(articles.filter(created_at__gte=march(3)), FIGURES)
        self.assert_pages(articles.filter(number__gt=2), FIGURES)
        self.assert_pages(articles.filter(number__gt=2, title__gt="3"), FIGURES)
        flagged = Article.objects.filter(comments__flagged=True).annotate(number=Count("comments"))
        self.assert_pages(flagged.order_by("-number", "pk"), FIGURES)
        self.assert_pages(flagged.order_by("number", "-title"), FIGURES)
        self.assert_pages(flagged.order_by("number", "-title").filter(number__lt=3), FIGURES)
        either = articles.filter(Q(comments__flagged=True) | Q(title__lt="4"))
        self.assert_pages(either, WHOLE)
        above = articles.filter(number__gt=F("pk") - self.further[3].pk)
        self.assert_pages(above, WHOLE)

    def test_two_kinds_of_rows_are_counted_over_the_joins_of_both(self):
        shelf = Shelf.objects.create(name="New")
        shelf.articles.set(self.further[::2])
        both = Article.objects.annotate(number=Count("comments"), shelved=Count("shelves"))
        self.assert_pages(both.order_by("-number", "pk"), WHOLE)
        shelved = Article.objects.annotate(number=Count("shelves")).order_by("-number", "pk")
        self.assert_pages(shelved, FIGURES)
        named = Article.objects.annotate(number=Count("shelves__name"), first=Min("shelves__name"))
        self.assert_pages(named.order_by("-number", "first", "pk"), FIGURES)

    def test_a_row_counts_that_is_joined_with_nothing_further(self):
        for number in range(12):
            anchor = Anchor.objects.create(name=str(number))
            local = [LocalCascade.objects.create(name=str(n), anchor=anchor) for n in range(number % 5)]
            for owner in local[: number % 3]:
                LocalRestrict.objects.create(name="", anchor=anchor, owner=owner)
        anchors = Anchor.objects.annotate(
            number=Count("localcascade", distinct=True), owned=Count("localcascade__localrestrict")
        )
        self.assert_pages(anchors.order_by("-number", "pk"), FIGURES, pages=((0, 2), (0, 6), (2, 5)))

    def test_rows_that_refer_to_none_are_no_groups(self):
        for article in self.further[:5]:
            Bookmark.objects.create(article=article, reader="Eve")
        Bookmark.objects.bulk_create(Bookmark(reader=str(number)) for number in range(9))
        articles = Article.objects.annotate(number=Count("bookmarks")).order_by("-number", "pk")
        self.assert_pages(articles, FIGURES, pages=((0, 3), (1, 5)))

    def test_groups_of_more_than_core_rows(self):
        groups = Article.objects.values("pk", "comments__flagged").annotate(number=Count("comments"))
        rows = groups.order_by("-number", "pk", "comments__flagged").values_list(
            "pk", "comments__flagged", "number"
        )
        whole = list(rows)
        self.assertEqual(list(rows[:5]), whole[:5])
        by_author = Article.objects.values("author_id").annotate(number=Count("comments")).order_by("-number")
        self.assertEqual(list(by_author[:2]), list(by_author)[:2])

    def test_nothing_is_fetched_but_what_may_be_on_the_page(self):
        articles = Article.objects.annotate(number=Count("comments")).order_by("-number", "pk")
        with causeway.max_staged_rows(8):
            self.assertEqual(len(articles[:3]), 3)
            self.assertEqual(articles.first().number, 5)

    def test_equal_figures_are_told_apart_by_the_key_without_more_rows(self):
        Comment.objects.all().delete()
        Comment.objects.bulk_create(Comment(article=article, text="only") for article in self.further)
        articles = Article.objects.annotate(number=Count("comments"))
        with causeway.max_staged_rows(8):
            for order, expected in (("pk", self.further), ("-pk", self.further[::-1])):
                self.assertEqual(list(articles.order_by("-number", order)[:3]), expected[:3])
        self.assertEqual(articles.order_by("-number", "-title")[0].title, max(a.title for a in self.further))

    @pytest.mark.sqlite3
    def test_what_is_told_before_is_what_is_done(self):
        articles = Article.objects.annotate(number=Count("comments")).order_by("-number", "pk")
        planned = causeway.explain(articles[:3])
        self.assertIn(FIGURES, planned.tables[-1].reduction)
        self.assertIn("not known before", planned.tables[-1].reduction)


class ShownFigureTests(TopTestCase):
    """A list of core rows, in an order of core's, that shows a figure of each."""

    def test_first_rows_of_the_order_are_enough(self):
        articles = Article.objects.annotate(number=Count("comments"))
        ordered = articles.order_by("-created_at", "pk")
        self.assert_pages(ordered, FIRST)
        with causeway.max_staged_rows(8):
            self.assertEqual(len(ordered[:3]), 3)

    def test_conditions_may_leave_too_few(self):
        articles = Article.objects.annotate(number=Count("comments")).order_by("-created_at", "pk")
        self.assert_pages(articles.filter(number__gt=0), FIRST)
        self.assert_pages(articles.filter(number=5), WHOLE, pages=((0, 2), (1, 9)))

    def test_several_figures(self):
        articles = Article.objects.annotate(
            number=Count("comments", distinct=True), shelved=Count("shelves", distinct=True)
        )
        self.assert_pages(articles.order_by("created_at", "pk"), FIRST)
