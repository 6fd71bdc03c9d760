"""One transaction on the child's connection covers both databases."""

from contextlib import closing

import pytest
from django.conf import settings
from django.db import IntegrityError, connections, transaction
from django.test import TransactionTestCase, override_settings

import causeway
from causeway.exceptions import PlainAtomicError
from tests.library.models import Article, Author, Tag
from tests.orm.models import Harbour, Place
from tests.shop.models import Comment, Content, Story


class Abort(Exception):
    pass


def stored(alias, table):
    """How many rows are committed: what another connection to the database sees."""
    with closing(connections[alias].copy()) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


@pytest.mark.linked("staged, a transaction of the child does not cover core")
class AtomicTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        self.author = Author.objects.create(name="Ada")

    def write_both(self, name="one"):
        article = Article.objects.create(title=name, slug=name, author=self.author)
        return Comment.objects.create(article=article, text=name)

    def assert_stored(self, number):
        self.assertEqual(stored("core", "library_article"), number)
        self.assertEqual(stored("default", "shop_comment"), number)

    def test_without_a_transaction_each_statement_is_stored(self):
        self.write_both()
        self.assert_stored(1)

    def test_commit(self):
        with transaction.atomic():
            self.write_both("one")
            self.write_both("two")
            self.assert_stored(0)
        self.assert_stored(2)

    def test_rollback(self):
        with self.assertRaises(Abort), transaction.atomic():
            self.write_both()
            self.assertEqual(Comment.objects.get().article.title, "one")
            raise Abort
        self.assert_stored(0)
        self.assertFalse(Article.objects.exists() or Comment.objects.exists())

    def test_rollback_of_updates_and_deletions(self):
        comment = self.write_both()
        with self.assertRaises(Abort), transaction.atomic():
            Article.objects.filter(comments__text="one").update(title="changed")
            comment.article.delete()
            raise Abort
        comment.refresh_from_db()
        self.assertEqual(comment.article.title, "one")

    def test_an_error_of_the_local_database_undoes_the_core_row(self):
        self.write_both()
        with self.assertRaises(IntegrityError), transaction.atomic():
            Tag.objects.create(name="stone")
            Comment.objects.create(pk=Comment.objects.get().pk, article=Article.objects.get(), text="twice")
        self.assertEqual(stored("core", "library_tag"), 0)

    def test_an_error_of_the_core_database_undoes_the_local_row(self):
        self.write_both()
        with self.assertRaises(IntegrityError), transaction.atomic():
            Comment.objects.create(article=Article.objects.get(), text="two")
            Article.objects.create(title="one again", slug="one", author=self.author)
        self.assertEqual(stored("default", "shop_comment"), 1)

    def test_savepoints(self):
        with transaction.atomic():
            self.write_both("kept")
            with self.assertRaises(Abort), transaction.atomic():
                self.write_both("lost")
                raise Abort
            with self.assertRaises(IntegrityError), transaction.atomic():
                self.write_both("kept")
            self.write_both("kept too")
        self.assertCountEqual(Comment.objects.values_list("article__title", flat=True), ["kept", "kept too"])
        self.assert_stored(2)

    def test_multi_table_inheritance_is_stored_whole_or_not_at_all(self):
        with self.assertRaises(IntegrityError):
            # The parent's row is written first; the local row is refused.
            Story.objects.create(title="A", slug="a", author=self.author, position=None)
        self.assertEqual(stored("core", "library_article"), 0)
        with self.assertRaises(IntegrityError):
            Harbour.objects.create(name="Ostend", country="BE", depth=None)
        self.assertEqual(stored("core", "orm_place"), 0)

    def test_a_bulk_create_is_stored_whole_or_not_at_all(self):
        Tag.objects.create(name="tag 150")
        with self.assertRaises(IntegrityError):
            Tag.objects.bulk_create([Tag(name=f"tag {number}") for number in range(200)], batch_size=100)
        self.assertEqual(stored("core", "library_tag"), 1)

    def test_a_deletion_with_its_cascade_is_stored_whole_or_not_at_all(self):
        comment = self.write_both()
        self.write_both("two")
        with self.assertRaises(Abort), transaction.atomic():
            Author.objects.all().delete()
            self.assertFalse(Comment.objects.exists())
            raise Abort
        self.assert_stored(2)
        self.assertTrue(Comment.objects.filter(pk=comment.pk).exists())

    def test_on_commit(self):
        done = []
        with transaction.atomic():
            self.write_both()
            transaction.on_commit(lambda: done.append(stored("core", "library_article")))
            self.assertEqual(done, [])
        self.assertEqual(done, [1])
        with self.assertRaises(Abort), transaction.atomic():
            transaction.on_commit(lambda: done.append("never"))
            raise Abort
        self.assertEqual(done, [1])

    def test_what_is_not_committed_is_not_seen_on_the_core_connection(self):
        with transaction.atomic():
            self.write_both()
            self.assertFalse(Article.objects.using("core").exists())
        self.assertEqual(Article.objects.using("core").get().title, "one")

    def test_what_the_core_connection_commits_is_seen(self):
        with transaction.atomic(using="core"):
            Place.objects.using("core").create(name="Delft", country="NL")
        self.assertEqual(Place.objects.get()._state.db, "default")

    def test_a_block_of_core_alone_does_not_cover_core_models(self):
        article = Article.objects.create(title="kept", slug="kept", author=self.author)
        tag = Tag.objects.create(name="half")
        writes = {
            "insert": lambda: Article.objects.create(title="half", slug="half", author=self.author),
            "bulk insert": lambda: Article.objects.bulk_create(
                [Article(title="half", slug="half", author=self.author)]
            ),
            "update": lambda: Article.objects.update(title="half"),
            "save": article.save,
            "delete": lambda: Article.objects.filter(title="kept").delete(),
            "relation": lambda: article.tags.add(tag),
            "get or create": lambda: Tag.objects.get_or_create(name="half, too"),
            "update or create": lambda: Tag.objects.update_or_create(name="half, too"),
        }
        for name, write in writes.items():
            with (
                self.subTest(name),
                self.assertRaisesMessage(PlainAtomicError, "in a block of atomic(using='core')"),
                transaction.atomic(using="core"),
            ):
                write()
        with (
            override_settings(CAUSEWAY={"core": {**settings.CAUSEWAY["core"], "PLAIN_ATOMIC": "warning"}}),
            self.assertWarnsMessage(RuntimeWarning, "Use atomic() without"),
            transaction.atomic(using="core"),
        ):
            Article.objects.update(title="kept")
        self.assertEqual(Article.objects.get().title, "kept")

    def test_a_block_of_core_within_or_around_one_that_covers_core_models(self):
        with transaction.atomic(), transaction.atomic(using="core"):
            Article.objects.create(title="one", slug="one", author=self.author)
        with transaction.atomic(using="core"), causeway.atomic():
            Article.objects.create(title="two", slug="two", author=self.author)
        with self.assertRaises(Abort), transaction.atomic(using="core"), transaction.atomic():
            Article.objects.create(title="three", slug="three", author=self.author)
            raise Abort
        self.assertEqual(Article.objects.count(), 2)
        # What is read needs none.
        with transaction.atomic(using="core"):
            self.assertEqual(Article.objects.count(), 2)

    def test_the_core_connection_has_a_transaction_of_its_own(self):
        with self.assertRaises(Abort), transaction.atomic(using="core"):
            Content.contents.create(title="A", slug="a")
            Content.objects.create(title="B", slug="b")
            raise Abort
        self.assertEqual(stored("core", "content"), 0)
        self.assertEqual(stored("default", "content"), 1)
