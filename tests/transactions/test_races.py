"""Core rows written by many processes at once: no row twice, no update lost."""

import multiprocessing
import os

import pytest
from django.db import OperationalError, connection, connections, transaction

import causeway
from tests.library.models import Article, Author
from tests.shop.models import Comment
from tests.transactions.cases import AUTHOR, SpanningTestCase, write_core

PROCESSES = 8
ROUNDS = 5
ATTEMPTS = 20


def get_or_create(number, turn):
    Article.objects.get_or_create(slug=f"turn-{turn}", defaults={"title": "new", "author_id": AUTHOR})


def get_or_create_in_a_transaction(number, turn):
    with causeway.atomic():
        get_or_create(number, turn)


def update_or_create(number, turn):
    Article.objects.update_or_create(
        slug=f"turn-{turn}",
        defaults={"title": f"by {number}"},
        create_defaults={"title": "new", "author_id": AUTHOR},
    )


def lock_and_add(number, turn):
    with transaction.atomic():
        author = Author.objects.select_for_update().get(pk=AUTHOR)
        Author.objects.filter(pk=AUTHOR).update(name=str(int(author.name) + 1))


def lock_by_a_spanning_query(number, turn):
    of = ("self",) if connection.features.has_select_for_update_of else ()
    with causeway.atomic():
        article = Article.objects.select_for_update(of=of).get(comments__text="counted")
        Article.objects.filter(pk=article.pk).update(title=str(int(article.title) + 1))
        Comment.objects.create(article=article, text="seen")


def work(function, number, failures):
    connections.close_all()
    try:
        for turn in range(ROUNDS):
            until_no_deadlock(function, number, turn)
    except BaseException as error:  # noqa: BLE001 (the process that waits raises it)
        failures.put(repr(error))
    finally:
        connections.close_all()
        failures.close()
        failures.join_thread()
        os._exit(0)


def until_no_deadlock(function, number, turn):
    """A deadlock says that nothing of the transaction was written."""
    for attempt in range(ATTEMPTS):
        try:
            function(number, turn)
            break
        except OperationalError as error:
            if "deadlock" not in str(error).lower() or attempt == ATTEMPTS - 1:
                raise


@pytest.mark.staged("one connection writes both where core is linked")
class RacesTests(SpanningTestCase):
    def setUp(self):
        super().setUp()
        if connections["core"].vendor == "sqlite" or connections["default"].vendor == "sqlite":
            self.skipTest("A file of SQLite has one writer, and no locks of rows.")

    def run_in_processes(self, function):
        connections.close_all()
        context = multiprocessing.get_context("fork")
        failures = context.Queue()
        processes = [
            context.Process(target=work, args=(function, number, failures)) for number in range(PROCESSES)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)
        assert failures.empty(), failures.get()

    def test_get_or_create(self):
        for function in (get_or_create, get_or_create_in_a_transaction, update_or_create):
            with self.subTest(function.__name__):
                self.run_in_processes(function)
                assert Article.objects.count() == ROUNDS
                Article.objects.all().delete()

    def test_select_for_update(self):
        Author.objects.update(name="0")
        self.run_in_processes(lock_and_add)
        assert Author.objects.get().name == str(PROCESSES * ROUNDS)

    def test_select_for_update_of_a_spanning_query(self):
        Comment.objects.create(article=write_core("0"), text="counted")
        self.run_in_processes(lock_by_a_spanning_query)
        assert Article.objects.get().title == str(PROCESSES * ROUNDS)
        assert Comment.objects.filter(text="seen").count() == PROCESSES * ROUNDS
