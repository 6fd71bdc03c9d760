"""The tests of a child project, of every kind: copied into it as ``comments/tests.py``.

They write to core in every way there is. Outside, the production databases must stay as they are.
"""

import multiprocessing
import sys
import time
from urllib.request import urlopen

from articles.models import Article, Author
from comments.models import Comment, Content
from django.core.management import call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test import LiveServerTestCase, SimpleTestCase, TestCase, TransactionTestCase

from causeway import table

BOTH = {"default", "core"}

# A query at import, which many projects have by mistake: it opens the connections to production
# before the runner puts test databases in their place. (pytest-django does not allow it, and a
# worker imports this after that.)
if "pytest" not in sys.modules and multiprocessing.parent_process() is None:
    assert Article.objects.count() + Content.contents.count() == 2


def make_article(slug):
    author = Author.objects.create(name="Ada")
    return Article.objects.create(title=slug.title(), slug=slug, author=author)


class TestCoreTests(TestCase):
    """These name ``default`` alone, as tests of a child's own views do."""

    def test_core_rows_are_those_of_a_test_database(self):
        self.assertFalse(Article.objects.exists())
        self.assertFalse(Comment.objects.exists())

    def test_core_was_made_by_the_migrations_of_its_apps(self):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM {table(Article).replace('articles_article', 'made_by_migration')}"
            )
            self.assertEqual(cursor.fetchone()[0], 0)

    def test_core_rows_can_be_written(self):
        Comment.objects.create(article=make_article("dams"), text="Good")
        self.assertEqual(Comment.objects.get(article__author__name="Ada").article.slug, "dams")

    def test_raw_sql_reaches_the_test_database(self):
        make_article("dams")
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table(Article)} SET title = 'changed'")
            cursor.execute(f"SELECT slug FROM {table(Article)} WHERE title = 'changed'")
            self.assertEqual([slug for (slug,) in cursor.fetchall()], ["dams"])


class RollbackTests(TestCase):
    """Each test finds what ``setUpTestData`` made, and nothing of the others."""

    databases = BOTH

    @classmethod
    def setUpTestData(cls):
        cls.article = make_article("dams")
        cls.comment = Comment.objects.create(article=cls.article, text="Good")

    def check_and_spoil(self):
        self.assertEqual(self.article.title, "Dams")
        self.assertEqual(self.comment.article.title, "Dams")
        self.assertEqual(Article.objects.get(), self.article)
        self.assertEqual(Comment.objects.get().text, "Good")
        self.article.title = "Spoiled"
        self.article.save()
        Comment.objects.update(text="Bad")
        make_article("locks")

    def test_first(self):
        self.check_and_spoil()

    def test_second(self):
        self.check_and_spoil()

    def test_a_savepoint_covers_both(self):
        with self.assertRaises(IntegrityError), transaction.atomic():
            Comment.objects.create(article=self.article, text="More")
            make_article("dams")
        self.assertEqual(Comment.objects.count(), 1)
        self.assertEqual(Author.objects.filter(name="Ada").count(), 1)


class ContentsRollbackTests(TestCase):
    databases = BOTH

    @classmethod
    def setUpTestData(cls):
        cls.shared = Content.contents.create(title="Shared", slug="shared")

    def check_and_spoil(self):
        self.assertEqual(Content.contents.get(), self.shared)
        self.assertFalse(Content.objects.exists())
        Content.contents.create(title="More", slug="more")
        Content.contents.filter(slug="shared").delete()

    def test_first(self):
        self.check_and_spoil()

    def test_second(self):
        self.check_and_spoil()


class FlushTests(TransactionTestCase):
    """The rows of a test are committed, then flushed, in both databases."""

    databases = BOTH

    def check_and_spoil(self):
        for model in (Article, Comment, Content):
            self.assertFalse(model.objects.exists(), model)
        self.assertFalse(Author.objects.filter(name="Ada").exists())
        self.assertFalse(Content.contents.exists())
        with transaction.atomic():
            Comment.objects.create(article=make_article("dams"), text="Good")
        Content.contents.create(title="Shared", slug="shared")
        Content.objects.create(title="Ours", slug="ours")
        self.assertEqual(Article.objects.using("core").count(), 1)

    def test_first(self):
        self.check_and_spoil()

    def test_second(self):
        self.check_and_spoil()

    def test_a_transaction_covers_both(self):
        with transaction.atomic():
            Comment.objects.create(article=make_article("dams"), text="Good")
            transaction.set_rollback(True)
        self.assertFalse(Article.objects.using("core").exists())
        self.assertFalse(Comment.objects.exists())


class ChecksRows:
    databases = BOTH
    fixtures = ["mixed.json"]

    def check_and_spoil(self):
        comment = Comment.objects.select_related("article__author").get()
        self.assertEqual((comment.article.slug, comment.article.author.name), ("from-a-fixture", "Bea"))
        self.assertEqual(Article.objects.filter(comments__text="Bad").count(), 1)
        Comment.objects.all().delete()
        Article.objects.all().delete()

    def test_first(self):
        self.check_and_spoil()

    def test_second(self):
        self.check_and_spoil()


class FixtureTests(ChecksRows, TestCase):
    """A fixture of core rows and local rows in one file."""


class CommittedFixtureTests(ChecksRows, TransactionTestCase):
    """The same, where fixtures are committed."""


class ContentsFixtureTests(TransactionTestCase):
    databases = BOTH
    fixtures = ["contents.json"]

    def test_rows_of_a_core_manager_are_loaded_in_each_database(self):
        self.assertEqual(Content.contents.get().slug, "from-a-fixture")
        self.assertEqual(Content.objects.get().slug, "from-a-fixture")


class DestructionTests(TransactionTestCase):
    """Everything that could empty a core database, were it the production one."""

    databases = BOTH

    def test_everything_is_destroyed(self):
        make_article("dams")
        Author.objects.update(name="destroyed")
        Article.objects.all().delete()
        Author.objects.using("core").all().delete()
        Content.contents.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table(Article)}")
        with connections["core"].cursor() as cursor:
            cursor.execute("DELETE FROM articles_author")
        for alias in BOTH:
            call_command("flush", interactive=False, verbosity=0, database=alias)
            call_command("migrate", verbosity=0, database=alias)


class WorkerTests:
    """Two classes that run at the same time in two workers, each with its own core."""

    databases = BOTH

    def test_no_other_worker_is_seen(self):
        for _ in range(5):
            article = make_article("dams")
            content = Content.contents.create(title="Shared", slug="shared")
            time.sleep(0.05)
            self.assertEqual(Article.objects.count(), 1)
            self.assertEqual(Content.contents.count(), 1)
            article.delete()
            content.delete()


class FirstWorkerTests(WorkerTests, TransactionTestCase):
    pass


class SecondWorkerTests(WorkerTests, TransactionTestCase):
    pass


class LiveTests(LiveServerTestCase):
    databases = BOTH

    def test_a_request_sees_the_core_rows_of_the_test(self):
        make_article("dams")
        Content.contents.create(title="Shared", slug="shared")
        with urlopen(f"{self.live_server_url}/titles/") as response:
            self.assertEqual(response.read().decode(), "Dams, Shared")


class NoDatabaseTests(SimpleTestCase):
    def test_queries_are_refused(self):
        with self.assertRaisesMessage(AssertionError, "not allowed"):
            Article.objects.count()
