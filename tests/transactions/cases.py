"""Cases about transactions over two databases, with rows that are really committed."""

from django.db import connections
from django.test import TransactionTestCase

from causeway.transactions import installation
from tests.library.models import Article, Author
from tests.shop.models import Shelf

AUTHOR = 1


class SpanningTestCase(TransactionTestCase):
    """A core row is an Article, a local row a Shelf."""

    databases = {"default", "core"}

    def setUp(self):
        Author.objects.create(pk=AUTHOR, name="Ada")

    def tearDown(self):
        # Of this installation: MariaDB lists what is prepared on the whole server, by other workers too.
        left = connections["core"].prepared(installation.prefix())
        for gid in left:
            # Else its locks keep the tables from being flushed.
            connections["core"].rollback_prepared(gid)
        assert not left, "A transaction was left prepared."

    def assert_rows(self, core=(), local=()):
        """What other connections see of both databases."""
        for alias, model, column, expected in (
            ("core", Article, "title", core),
            ("default", Shelf, "name", local),
        ):
            connection = connections[alias].copy()
            try:
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT {column} FROM {model._meta.db_table} ORDER BY 1")
                    self.assertEqual([row[0] for row in cursor.fetchall()], sorted(expected), alias)
            finally:
                connection.close()


def write_core(title="core"):
    return Article.objects.create(title=title, slug=title, author_id=AUTHOR)


def write_local(name="local"):
    return Shelf.objects.create(name=name)
