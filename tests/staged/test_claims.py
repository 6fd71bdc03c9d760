"""Workers that claim the same rows by an update whose conditions span: each row is had by one of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import TransactionTestCase

from tests.library.models import Article, Author
from tests.shop.models import Comment

WORKERS = 8
ROWS = 6


@pytest.mark.staged("one statement does it")
class ClaimTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        if connection.vendor == "sqlite":
            self.skipTest("SQLite has one writer at a time.")
        author = Author.objects.create(name="Ada")
        for number in range(ROWS):
            article = Article.objects.create(title="free", slug=str(number), author=author)
            Comment.objects.create(article=article, text=str(number))

    def claimed(self, claim):
        """How often each of the rows was claimed, by workers that try all of them at the same time."""
        start = threading.Barrier(WORKERS, timeout=60)

        def work(_):
            found = []
            try:
                for number in range(ROWS):
                    start.wait()
                    found.append(claim(number))
            finally:
                connections.close_all()
            return found

        with ThreadPoolExecutor(WORKERS) as pool:
            return [sum(found) for found in zip(*pool.map(work, range(WORKERS)), strict=True)]

    def test_local_rows_by_a_core_column(self):
        def claim(number):
            return Comment.objects.filter(text=number, flagged=False, article__title="free").update(
                flagged=True
            )

        self.assertEqual(self.claimed(claim), [1] * ROWS)

    def test_core_rows_by_a_local_column(self):
        def claim(number):
            return Article.objects.filter(title="free", comments__text=number).update(title="taken")

        self.assertEqual(self.claimed(claim), [1] * ROWS)

    def test_rows_that_are_deleted(self):
        def claim(number):
            claimed = Comment.objects.filter(text=number, flagged=False, article__title="free")
            return claimed._raw_delete("default") if number % 2 else claimed.update(flagged=True)

        self.assertEqual(self.claimed(claim), [1] * ROWS)
