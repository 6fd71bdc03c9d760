"""What ``explain()`` says of a query, without and with executing it."""

from unittest.mock import patch

import pytest
from django.db import connection, connections
from django.db.models import Count, Exists, OuterRef
from django.test.utils import CaptureQueriesContext

from causeway import explain, max_staged_rows
from causeway.placements.staged import top_n
from tests.library.models import Article
from tests.orm.models import Booth
from tests.orm.newsroom import COMMENTS, TITLES, NewsroomTestCase, comments_of
from tests.shop.models import Comment, Content, Shelf
from tests.staged.cases import FIRST, StagedTestCase, march

ARTICLES_OF_FLAGGED = {title for title, _, flagged in COMMENTS if flagged}
COMMENTED = {title for title, *_ in COMMENTS}


class ReductionTests(StagedTestCase):
    """Which rows would be fetched, and why."""

    def assert_explained(self, queryset, *expected):
        """Each staged table with its reduction and estimate."""
        explanation = explain(queryset)
        self.assertEqual(explanation.using, "default")
        found = [
            (f"{table.home}.{table.table}", table.reduction, table.estimated) for table in explanation.tables
        ]
        self.assertEqual(found, list(expected))
        return explanation

    def test_own_conditions(self):
        self.carry_inline(3)
        explanation = self.assert_explained(
            Comment.objects.filter(**FIRST),
            ("core.library_article", "by its own conditions, which leave no more than 3", 1),
        )
        self.assertEqual([alias for alias, _ in explanation.statements], ["core", "default"])
        self.assertIn("LIMIT 4", explanation.statements[0][1])

    def test_few_keys(self):
        self.carry_inline(3)
        self.assert_explained(
            Comment.objects.filter(flagged=True).select_related("article"),
            (
                "core.library_article",
                f"by {len(ARTICLES_OF_FLAGGED)} keys of 'shop_comment', no more than 3",
                len(ARTICLES_OF_FLAGGED),
            ),
        )

    def test_keys_where_own_conditions_leave_too_many(self):
        self.carry_inline(3)
        self.assert_explained(
            Comment.objects.filter(flagged=True, article__created_at__gt=march(1)),
            (
                "core.library_article",
                f"its own conditions leave more than 3; by {len(ARTICLES_OF_FLAGGED)} keys of 'shop_comment', "
                f"no more than 3",
                len(ARTICLES_OF_FLAGGED),
            ),
        )

    def test_keys_that_are_fewer_than_the_rows(self):
        self.carry_inline(1)
        self.assert_explained(
            Comment.objects.filter(flagged=True).select_related("article"),
            (
                "core.library_article",
                f"by {len(ARTICLES_OF_FLAGGED)} keys of 'shop_comment', fewer than the about {len(TITLES)} rows "
                f"there are otherwise",
                len(ARTICLES_OF_FLAGGED),
            ),
        )

    def test_keys_of_a_subquery(self):
        flagged = Comment.objects.filter(flagged=True)
        for queryset in (
            Article.objects.filter(Exists(flagged.filter(article=OuterRef("pk")))),
            Article.objects.filter(pk__in=flagged.values("article")),
        ):
            self.carry_inline(5)
            self.assert_explained(
                queryset.annotate(Count("comments")),
                ("core.library_article", "by 2 keys of 'shop_comment', no more than 5", 2),
            )

    def test_the_whole_table(self):
        self.assert_explained(
            Article.objects.annotate(Count("comments")),
            ("core.library_article", "the whole table: nothing reduces it further", len(TITLES)),
        )

    def test_own_conditions_that_leave_many(self):
        self.carry_inline(2)
        self.assert_explained(
            Article.objects.filter(created_at__gt=march(3)).annotate(Count("comments")),
            (
                "core.library_article",
                "its own conditions leave more than 2; by its own conditions, which leave about 3: nothing reduces "
                "it further",
                3,
            ),
        )

    def test_first_rows_of_an_order(self):
        self.carry_inline(1)
        limits = {"LEAST_FIRST": 2, "TIMES_THE_PAGE": 1}
        with patch.multiple(top_n, **limits):
            explanation = explain(Comment.objects.order_by("-article__created_at")[:1])
        (table,) = explanation.tables
        self.assertIn("the first 2 by 'created_at'", table.reduction)
        self.assertIn("not known before", table.reduction)
        self.assertEqual(table.estimated, 2)
        sent = [sql for alias, sql in explanation.statements if alias == "core" and "OFFSET" in sql]
        # For a third, core would look to the end.
        self.assertTrue(sent and all(sql.endswith("LIMIT 2") for sql in sent), sent)

    def test_rows_of_a_page_of_local_rows(self):
        newest = Comment.objects.order_by("-pk")[:2]
        explanation = self.assert_explained(
            newest.select_related("article"),
            ("core.library_article", "by 2 keys of 'shop_comment', those of the page", 2),
        )
        aliases = [alias for alias, _ in explanation.statements]
        vehicles = [table.vehicle for table in explanation.tables]
        if connections["core"].vendor == connection.vendor:
            # The page itself, and what it shows of core.
            self.assertEqual((aliases, vehicles), (["default", "core"], ["result"]))
        else:
            # Its keys, what it shows of core, and the page.
            self.assertEqual((aliases, vehicles), (["default", "core", "default"], ["inline"]))

    def test_rows_of_a_page_that_depends_on_core_rows(self):
        queryset = Comment.objects.filter(**FIRST).select_related("article__author")
        shown = "by the keys of the page's rows, which are not known before"
        few = connection.ops.inline_limit
        explanation = self.assert_explained(
            queryset.order_by("pk")[:2],
            ("core.library_article", f"by its own conditions, which leave no more than {few}", 1),
            ("core.library_article", shown, 2),
            ("core.library_author", shown, 2),
        )
        self.assertEqual([alias for alias, _ in explanation.statements], ["core", "default", "default"])

    def test_a_step_that_depends_on_core_rows(self):
        explanation = explain(Comment.objects.select_related("article__author"))
        article, author = explanation.tables
        self.assertEqual(article.estimated, len(COMMENTED))
        self.assertEqual(author.reduction, "by keys that are not known before")
        self.assertIsNone(author.estimated)
        self.assertIn("  estimated  not known before", str(explanation).splitlines())

    def test_columns_are_those_that_the_query_reads(self):
        explanation = explain(Comment.objects.filter(article__title="Bridges").values("article__slug"))
        self.assertEqual(explanation.tables[0].columns, ["id", "title", "slug"])

    def test_vehicle_follows_from_the_number_of_rows(self):
        for rows, vehicle in ((6, "inline"), (5, "temporary table")):
            self.carry_inline(rows)
            explanation = explain(Article.objects.annotate(Count("comments")))
            self.assertEqual(explanation.tables[0].vehicle, vehicle)

    def test_both_queries_of_a_union(self):
        explanation = explain(
            Shelf.objects.filter(articles__title="Dams").union(Booth.objects.filter(authors__name="Ada"))
        )
        self.assertEqual([table.table for table in explanation.tables], ["library_article", "library_author"])


class DryRunTests(StagedTestCase):
    """Without ``analyze``, nothing is fetched from core."""

    querysets = (
        Comment.objects.filter(article__title="Bridges"),
        Comment.objects.select_related("article__author"),
        Comment.objects.select_related("article").order_by("-pk")[:2],
        Comment.objects.filter(article__title="Bridges").select_related("article__author")[:2],
        Article.objects.annotate(Count("comments")),
        Article.objects.select_related("rating")[:2],
        Article.objects.filter(title="Bridges"),
    )

    def test_core_is_asked_for_estimates_alone(self):
        for queryset in self.querysets:
            # What is asked once: by which rules texts are compared.
            explain(queryset)
            with CaptureQueriesContext(connections["core"]) as captured:
                explain(queryset)
            asked = [entry["sql"] for entry in captured]
            self.assertEqual([sql for sql in asked if not sql.startswith("SELECT count(*) FROM (")], [])

    def test_nothing_is_carried_to_the_child(self):
        self.carry_inline(0)
        for queryset in self.querysets:
            with CaptureQueriesContext(connection) as captured:
                explain(queryset)
            sent = " ".join(entry["sql"] for entry in captured)
            self.assertNotIn("WITH", sent)
            self.assertNotIn("TEMPORARY", sent)

    def test_the_queryset_is_left_as_it_is(self):
        queryset = Comment.objects.select_related("article").filter(article__title="Bridges")
        before = str(queryset.query)
        for analyze in (False, True):
            explain(queryset, analyze)
            self.assertIsNone(queryset._result_cache)
            self.assertEqual(str(queryset.query), before)
        self.assertCountEqual([comment.text for comment in queryset], comments_of("Bridges"))

    def test_engines_own_estimates_will_do(self):
        self.doCleanups()
        (table,) = explain(Article.objects.filter(title__gt="").annotate(Count("comments"))).tables
        self.assertGreaterEqual(table.estimated, 0)


class WhereItRunsTests(StagedTestCase):
    def assert_first_line(self, queryset, line):
        for analyze in (False, True):
            explanation = explain(queryset, analyze)
            self.assertEqual(str(explanation).splitlines()[0], line)
        return explanation

    def test_a_spanning_query(self):
        self.assert_first_line(
            Comment.objects.filter(article__title="Dams"),
            "The query runs on 'default', where the core rows that it needs are staged.",
        )

    def test_core_tables_alone(self):
        explanation = self.assert_first_line(
            Article.objects.filter(author__name="Ada"),
            "The query runs on 'core': it reaches core tables alone.",
        )
        self.assertIn("core.library_author: at home", str(explanation).splitlines())
        self.assertEqual([alias for alias, _ in explanation.statements], ["core"])

    def test_rows_of_a_core_manager(self):
        self.assert_first_line(
            Content.contents.all(), "The query runs on 'core': it reaches core tables alone."
        )

    def test_core_tables_that_are_shown(self):
        explanation = explain(Article.objects.select_related("author"))
        self.assertEqual(
            [table.table for table in explanation.standing], ["library_article", "library_author"]
        )

    def test_a_table_that_is_joined_for_nothing_is_none_of_them(self):
        explanation = explain(Article.objects.filter(author__pk=1))
        self.assertEqual([table.table for table in explanation.standing], ["library_article"])

    def test_local_tables_alone(self):
        explanation = self.assert_first_line(
            Comment.objects.filter(flagged=True), "The query runs on 'default': it reaches no core table."
        )
        self.assertEqual([alias for alias, _ in explanation.statements], ["default"])
        self.assertEqual(explanation.rows, sum(flagged for *_, flagged in COMMENTS))

    def test_nothing_at_all(self):
        explanation = self.assert_first_line(
            Comment.objects.none(),
            "No statement is sent: whatever the databases hold, nothing meets the query's conditions.",
        )
        self.assertEqual(explanation.rows, 0)

    def test_a_page_without_rows(self):
        self.assert_first_line(
            Comment.objects.filter(text="nothing").select_related("article")[:2],
            "The query runs on 'default', where it needs no core rows.",
        )


class AnalyzeTests(StagedTestCase):
    def test_figures_are_those_of_the_rows(self):
        titles = Comment.objects.filter(article__created_at__lt=march(3)).values("article__title")
        explanation = explain(titles, analyze=True)
        (table,) = explanation.tables
        # A key, a date, and a text.
        self.assertEqual(table.columns, ["id", "title", "created_at"])
        self.assertEqual((table.rows, table.estimated), (3, 3))
        self.assertEqual(table.bytes, 3 * 16 + len("Bridges" + "Dams" + "Canals"))
        self.assertEqual(
            explanation.rows, sum(title in {"Bridges", "Dams", "Canals"} for title, *_ in COMMENTS)
        )

    def test_what_was_not_known_before_is_known(self):
        explanation = explain(Comment.objects.select_related("article__author"), analyze=True)
        article, author = explanation.tables
        self.assertEqual((article.estimated, article.rows), (len(COMMENTED), len(COMMENTED)))
        self.assertEqual((author.estimated, author.rows), (None, 3))

    def test_statements_are_those_that_are_sent(self):
        queryset = Comment.objects.filter(**FIRST)
        with CaptureQueriesContext(connections["core"]) as core, CaptureQueriesContext(connection) as local:
            explanation = explain(queryset, analyze=True)
        statements = dict(explanation.statements)
        self.assertEqual(list(statements), ["core", "default"])
        for alias, captured in (("core", core), ("default", local)):
            # The last one logged, with its values in place.
            beginning = statements[alias].split("%s")[0]
            self.assertEqual(captured[-1]["sql"][: len(beginning)], beginning)

    def test_temporary_table(self):
        self.carry_inline(1)
        explanation = explain(Comment.objects.filter(article__title__gt=""), analyze=True)
        self.assertEqual(explanation.tables[0].vehicle, "temporary table")
        self.assertEqual(explanation.rows, len(COMMENTS))

    def test_text(self):
        explanation = explain(Comment.objects.filter(**FIRST), analyze=True)
        lines = str(explanation).splitlines()
        self.assertEqual(
            lines[:7],
            [
                "The query runs on 'default', where the core rows that it needs are staged.",
                "",
                "core.library_article: staged, inline",
                "  columns    id, created_at",
                f"  reduction  by its own conditions, which leave no more than {connection.ops.inline_limit}",
                "  estimated  about 1 row",
                "  actual     1 row, 16 bytes",
            ],
        )
        self.assertEqual(lines[-1], f"The query has {len(comments_of('Bridges'))} rows.")
        self.assertEqual(repr(explanation), str(explanation))


class RefusalTests(StagedTestCase):
    def test_too_many_rows_are_told_and_not_raised(self):
        queryset = Comment.objects.filter(article__title__gt="")
        for analyze in (False, True):
            with max_staged_rows(2):
                explanation = explain(queryset, analyze)
            self.assertIn("'library_article'", explanation.refusal)
            self.assertIn("MAX_STAGED_ROWS allows 2", explanation.refusal)
            self.assertIn(f"Refused: {explanation.refusal}", str(explanation))
            self.assertIsNone(explanation.rows)
        self.assertIsNone(explain(queryset, analyze=True).refusal)

    def test_few_keys_help_where_own_conditions_leave_too_many(self):
        with max_staged_rows(2):
            explanation = explain(Comment.objects.filter(flagged=True, article__title__gt=""), analyze=True)
        self.assertEqual(explanation.tables[0].rows, 2)


class ArgumentTests(StagedTestCase):
    def test_a_manager_stands_for_its_rows(self):
        self.assertEqual(explain(Comment.objects, analyze=True).rows, len(COMMENTS))
        article = self.articles["Bridges"]
        self.assertEqual(explain(article.comments, analyze=True).rows, len(comments_of("Bridges")))

    def test_anything_else_is_refused_with_a_sentence(self):
        for thing in (Comment, 5, None, "Comment.objects", [], Comment.objects.raw("SELECT 1")):
            with self.subTest(type(thing)):
                message = f"explain() takes a QuerySet or a manager, not {type(thing).__name__!r}."
                with self.assertRaisesMessage(TypeError, message):
                    explain(thing)


@pytest.mark.linked("the text names the linked tables")
class LinkedTests(NewsroomTestCase):
    def test_linked_tables_are_named(self):
        for analyze in (False, True):
            explanation = explain(
                Comment.objects.filter(article__in=Article.objects.filter(title="Dams")), analyze
            )
            name = connection.ops.target(Article._meta.db_table)
            lines = str(explanation).splitlines()
            self.assertEqual(
                lines[0], "The query runs on 'default', where the core tables that it reaches are linked."
            )
            self.assertIn(f"core.library_article: linked, as {name}", lines)
            self.assertEqual([alias for alias, _ in explanation.statements], ["default"])
        self.assertEqual(explanation.rows, len(comments_of("Dams")))
