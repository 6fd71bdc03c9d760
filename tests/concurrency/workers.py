"""Sixteen workers that use both managers at once."""

import time
from collections import Counter
from contextlib import closing

from django.db import connections
from django.db.backends.signals import connection_created
from django.test import TransactionTestCase

from tests.databases import session_databases
from tests.library.models import Article, Author
from tests.shop.models import Comment, Content

WORKERS = 16
ROUNDS = 3
ALIASES = ("default", "core")


class WorkersTestCase(TransactionTestCase):
    """``opened`` counts the connections that each worker opened, by worker and alias."""

    databases = {"default", "core"}

    def setUp(self):
        for number in range(WORKERS):
            Content.objects.create(pk=number + 1, slug=f"seed-{number}", title="local")
            Content.contents.create(pk=number + 1, slug=f"seed-{number}", title="core")
        author = Author.objects.create(name="Ada")
        for number in range(WORKERS):
            article = Article.objects.create(
                title=f"Article {number}", slug=f"article-{number}", author=author
            )
            Comment.objects.create(article=article, text=f"On {number}")
        self.opened = Counter()
        connection_created.connect(self.note_connection)
        self.addCleanup(connection_created.disconnect, self.note_connection)

    def note_connection(self, connection, **kwargs):
        self.opened[self.worker(), connection.alias] += 1

    def worker(self):
        """What tells one worker from another, here and now."""
        raise NotImplementedError

    def titles(self):
        return {manager.db: Counter(manager.values_list("title", flat=True)) for manager in self.managers()}

    def managers(self):
        return Content.objects, Content.contents

    def assert_all_written(self):
        """Every worker's rows stand in the database of their manager, and nothing else does."""
        written = WORKERS * ROUNDS
        self.assertEqual(
            self.titles(),
            {
                "default": Counter({"local": WORKERS, "local again": written}),
                "core": Counter({"core": WORKERS, "core again": written}),
            },
        )


def idle_connections():
    """The server's count once those that were closed are gone: this thread's own."""
    for alias in ALIASES:
        connections[alias].ensure_connection()
    for _ in range(200):
        if server_connections() == len(ALIASES):
            break
        time.sleep(0.05)
    return server_connections()


def server_connections():
    """How many connections a MariaDB server counts to the databases of this run."""
    names = [connections[alias].settings_dict["NAME"] for alias in ALIASES]
    with closing(session_databases().connect(None)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM information_schema.processlist WHERE db IN (%s, %s)", names)
        return cursor.fetchone()[0]
