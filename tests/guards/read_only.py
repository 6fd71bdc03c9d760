"""A core database that is declared ``READ_ONLY`` after it was filled."""

import copy

from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase, override_settings
from django.test.utils import CaptureQueriesContext

from causeway.exceptions import CoreReadOnly
from tests.databases import placement
from tests.library.models import Article, Author, Tag
from tests.managers.models import Page, Remark
from tests.orm.models import Feature, Harbour, Issue, LabelledArticle
from tests.shop.models import Bookmark, Comment, Content, Shelf, Story

TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "START TRANSACTION")


def read_only():
    """The settings of this run, with the core database declared ``READ_ONLY``."""
    setting = copy.deepcopy(settings.CAUSEWAY)
    setting["core"]["READ_ONLY"] = True
    return override_settings(CAUSEWAY=setting)


class ReadOnlyTestCase(TransactionTestCase):
    """Core rows of each kind, and local rows that refer to them."""

    databases = {"default", "core"}

    def setUp(self):
        self.author = Author.objects.create(name="Ada")
        self.tag, self.free_tag = (Tag.objects.create(name=name) for name in ("water", "stone"))
        self.article = Article.objects.create(title="Dams", slug="dams", author=self.author)
        self.article.tags.add(self.tag)
        self.proxy = LabelledArticle.published.get()
        self.harbour = Harbour.objects.create(name="Ostend", country="BE", depth=9)
        self.story = Story.objects.create(title="Weirs", slug="weirs", author=self.author, teaser="Low")
        self.issue = Issue.objects.create(name="March")
        self.feature = Feature.objects.create(
            title="Tides", slug="tides", author=self.author, issue=self.issue
        )
        self.comment = Comment.objects.create(article=self.article, text="Deep")
        self.bookmark = Bookmark.objects.create(article=self.article, reader="Eve")
        self.shelf = Shelf.objects.create(name="Reading")
        self.local, self.content = (
            manager.create(pk=1, slug="same", title="seed") for manager in (Content.objects, Content.contents)
        )
        Remark.objects.create(content=self.local)
        self.local_page = Page.objects.create(title="page", slug="page")
        self.page = Page.pages.create(title="page", slug="page")
        self.page.tags.add(Tag.objects.using("core").get(name="water"))
        self.before = self.everything_in_core()
        self.enterContext(read_only())

    def everything_in_core(self):
        """Every row of every table of the core database."""
        connection, found = connections["core"], {}
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                found[table] = sorted(cursor.fetchall(), key=repr)
        return found

    def tearDown(self):
        self.assertEqual(self.everything_in_core(), self.before)

    def assert_refused(self, function, label, *, reads=False):
        """Our exception names the model and the alias; no SQL was sent (none that writes, with ``reads``)."""
        with self.subTest(label), CaptureQueriesContext(connections["default"]) as local:
            with (
                CaptureQueriesContext(connections["core"]) as core,
                self.assertRaises(CoreReadOnly) as caught,
            ):
                function()
            self.assertIn(label, str(caught.exception))
            self.assertIn("'core'", str(caught.exception))
            self.assertIn("READ_ONLY", str(caught.exception))
        ignored = TRANSACTION_CONTROL
        if reads or placement() == "staged":
            # Staged, what spans is read first.
            ignored = (*ignored, "SELECT", "WITH")
        sent = [query["sql"] for query in (*local, *core)]
        self.assertEqual([sql for sql in sent if not sql.lstrip("(").startswith(ignored)], [])
