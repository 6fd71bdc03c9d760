"""Sixteen threads that mix both managers and spanning queries."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from tests.concurrency.workers import (
    ALIASES,
    ROUNDS,
    WORKERS,
    WorkersTestCase,
    idle_connections,
    server_connections,
)
from tests.library.models import Article
from tests.shop.models import Comment, Content


class ThreadTests(WorkersTestCase):
    def setUp(self):
        super().setUp()
        self.start = threading.Barrier(WORKERS)
        self.end = threading.Barrier(WORKERS)
        self.counted = []
        # SQLite lets one connection at a time write a file, and waits only so long.
        self.turn = threading.Lock()

    def worker(self):
        return threading.get_ident()

    def run_all(self, function):
        """What each thread saw that was wrong; every thread closes what it opened."""

        def run(number):
            self.start.wait(timeout=60)
            try:
                wrong = [message for turn in range(ROUNDS) for message in function(number, turn)]
                if self.end.wait(timeout=60) == 0:
                    self.count()
                self.end.wait(timeout=60)
                return wrong
            finally:
                connections.close_all()

        with ThreadPoolExecutor(WORKERS) as pool:
            return [message for wrong in pool.map(run, range(WORKERS)) for message in wrong]

    def count(self):
        """Called by one thread while all of them still have their connections."""

    def read(self, number, turn):
        """Rows of the same key in both databases, in changing order."""
        expectations = list(zip(self.managers(), ("local", "core"), strict=True))
        for manager, expected in expectations[:: 1 if (number + turn) % 2 else -1]:
            row = manager.get(pk=number + 1)
            if (row.title, row._state.db) != (expected, manager.db):
                yield f"{manager.name}.get() gave {row.title!r} of {row._state.db!r}"
            row.refresh_from_db()
            titles = set(manager.filter(slug__startswith="seed").values_list("title", flat=True))
            if row.title != expected or titles != {expected}:
                yield f"{manager.name} saw {titles}"
        comment = Comment.objects.select_related("article").get(article__slug=f"article-{number}")
        if comment.article.title != f"Article {number}":
            yield f"a join gave {comment.article.title!r}"
        if Article.objects.filter(comments__text=f"On {number}").count() != 1:
            yield "a spanning count was wrong"

    def write(self, number, turn):
        """Each manager makes a row and changes it; both are told apart by their title."""
        slug = f"thread-{number}-{turn}"
        for manager, title in zip(self.managers(), ("local", "core"), strict=True):
            with self.turn:
                row = manager.create(slug=slug, title="first")
                row.title = f"{title} again"
                row.save()
            if manager.get(slug=slug).title != f"{title} again":
                yield f"{manager.name} lost {slug}"
        with self.turn:
            Article.objects.filter(comments__text=f"On {number}").update(title=f"Article {number}")

    def test_readers_see_their_own_database(self):
        self.assertEqual(self.run_all(self.read), [])

    def test_readers_and_writers_together(self):
        def both(number, turn):
            yield from self.write(number, turn)
            yield from self.read(number, turn)

        self.assertEqual(self.run_all(both), [])
        self.assert_all_written()

    def test_a_thread_opens_one_connection_for_each_alias(self):
        self.run_all(self.read)
        self.assertEqual(set(self.opened.values()), {1})
        self.assertEqual(len(self.opened), WORKERS * len(ALIASES))

    @pytest.mark.mysql
    def test_the_server_counts_two_connections_for_each_thread(self):
        self.count = lambda: self.counted.append(server_connections())
        before = idle_connections()
        self.run_all(self.read)
        self.assertEqual(self.counted, [before + WORKERS * len(ALIASES)])

    @pytest.mark.linked("staged, a transaction of the child does not cover core")
    def test_transactions_of_one_thread_are_its_own(self):
        """What is rolled back in one thread is not seen, nor undone, in another."""

        def write(number, turn):
            with self.turn, transaction.atomic():
                article = Article.objects.get(slug=f"article-{number}")
                Comment.objects.create(article=article, text=f"turn {turn}")
                Article.objects.filter(pk=article.pk).update(title=f"{article.title} {turn}")
                if number % 2:
                    transaction.set_rollback(True)
            return []

        self.assertEqual(self.run_all(write), [])
        for number in range(WORKERS):
            article = Article.objects.get(slug=f"article-{number}")
            turns = [] if number % 2 else range(ROUNDS)
            self.assertEqual(article.title, " ".join(["Article", str(number), *map(str, turns)]))
            self.assertEqual(article.comments.filter(text__startswith="turn").count(), len(turns))
        self.assertEqual(Content.contents.count(), WORKERS)
