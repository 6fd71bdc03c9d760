"""What the log and the signal tell of staged queries."""

from contextlib import contextmanager
from unittest.mock import patch

from causeway.placements.staged.report import Report
from causeway.placements.staged.supply import Supply
from causeway.signals import query_staged
from tests.library.models import Article
from tests.orm.newsroom import comments_of
from tests.shop.models import Comment
from tests.staged.cases import FIRST, StagedTestCase

LOGGER = "causeway.staged"


class ReportsTestCase(StagedTestCase):
    @contextmanager
    def heard(self):
        """The reports that the signal is sent with, each with the alias."""
        reports = []

        def hear(sender, report, using, **kwargs):
            self.assertIs(sender, Report)
            reports.append((report, using))

        query_staged.connect(hear)
        try:
            yield reports
        finally:
            query_staged.disconnect(hear)


class SignalTests(ReportsTestCase):
    def test_a_staged_query_is_told_once_with_its_figures(self):
        with self.heard() as reports:
            found = list(Comment.objects.filter(**FIRST))
        self.assertEqual(len(found), len(comments_of("Bridges")))
        ((report, using),) = reports
        self.assertEqual(using, "default")
        (table,) = report.tables
        self.assertEqual(
            (table.home, table.table, table.columns), ("core", "library_article", ["id", "created_at"])
        )
        self.assertEqual((table.vehicle, table.rows, table.bytes), ("inline", 1, 16))
        self.assertIn("by its own conditions", table.reduction)
        self.assertEqual([alias for alias, _ in report.statements], ["core", "default"])
        self.assertEqual(report.trips("core"), 1)

    def test_a_page_is_told_once_with_what_its_keys_needed(self):
        queryset = Comment.objects.filter(article__title="Bridges").select_related("article__author")
        with self.heard() as reports:
            self.assertEqual(len(queryset.order_by("pk")[:2]), 2)
        ((report, _),) = reports
        self.assertEqual(
            [table.table for table in report.tables], ["library_article", "library_article", "library_author"]
        )
        self.assertEqual(report.statements[-1][0], "default")

    def test_a_page_without_rows_is_told(self):
        with self.heard() as reports:
            self.assertEqual(list(Article.objects.filter(title="Nothing").select_related("rating")[:2]), [])
        ((report, _),) = reports
        self.assertEqual(report.tables, [])
        self.assertEqual([alias for alias, _ in report.statements], ["core"])
        self.assertTrue(str(report))

    def test_keys_of_a_write_are_told(self):
        spanning = Comment.objects.filter(article__title="Bridges")
        with self.heard() as reports:
            self.assertEqual(spanning.update(flagged=True), 3)
        self.assertEqual(len(reports), 1)
        self.assertEqual([table.table for table in reports[0][0].tables], ["library_article"])

    def test_rows_that_are_read_in_chunks(self):
        self.carry_inline(0)
        with self.heard() as reports:
            rows = Comment.objects.filter(article__title="Bridges").iterator(chunk_size=1)
            self.assertEqual(len(list(rows)), 3)
        ((report, _),) = reports
        self.assertEqual(report.tables[0].vehicle, "temporary table")

    def test_other_queries_are_not_told(self):
        with self.heard() as reports, self.assertNoLogs(LOGGER, "DEBUG"):
            self.assertTrue(Article.objects.filter(author__name="Ada").exists())
            self.assertTrue(Comment.objects.filter(flagged=True).exists())
            self.assertEqual(list(Comment.objects.none()), [])
            Comment.objects.update(flagged=False)
            Article.objects.update(title="Title")
        self.assertEqual(reports, [])


class LogTests(ReportsTestCase):
    def test_a_staged_query_is_logged_with_its_figures(self):
        with self.assertLogs(LOGGER, "DEBUG") as logged:
            Comment.objects.filter(**FIRST).count()
        (record,) = logged.records
        self.assertEqual(record.levelname, "DEBUG")
        self.assertEqual(record.alias, "default")
        self.assertEqual(record.report.tables[0].rows, 1)
        message = record.getMessage()
        self.assertTrue(
            message.startswith("Staged core.library_article: 1 row, 16 bytes, inline, by its own conditions"),
            message,
        )
        self.assertIn("(statements: 1 to 'core', 1 to 'default'): WITH ", message)

    def test_figures_are_not_reckoned_where_nobody_asks(self):
        queryset = Comment.objects.filter(article__title="Bridges")
        with patch.object(Supply, "told", autospec=True, side_effect=Supply.told) as told:
            self.assertEqual(queryset.count(), 3)
            self.assertEqual(told.call_count, 0)
            with self.assertLogs(LOGGER, "DEBUG"):
                self.assertEqual(queryset.count(), 3)
            self.assertEqual(told.call_count, 1)

    def test_a_receiver_that_fails_does_not_fail_the_query(self):
        def fail(**kwargs):
            raise ZeroDivisionError

        query_staged.connect(fail)
        try:
            with self.assertLogs("django.dispatch", "ERROR"):
                self.assertEqual(Comment.objects.filter(**FIRST).count(), 3)
        finally:
            query_staged.disconnect(fail)
