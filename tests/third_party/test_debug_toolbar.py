"""django-debug-toolbar: it watches the cursors of both connections, and asks the database about what it saw."""

import html
import re

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import modify_settings, override_settings

import causeway
from causeway.exceptions import CoreReadOnly
from tests.library.models import Article, Tag
from tests.orm.newsroom import SHELVES, NewsroomTestCase
from tests.shop.models import Comment, Content

MIDDLEWARE = {"prepend": "debug_toolbar.middleware.DebugToolbarMiddleware"}
# What the toolbar puts on a connection and leaves there.
WRAPPED = ["cursor", "chunked_cursor", "_djdt_cursor", "_djdt_chunked_cursor", "_djdt_logger"]


@modify_settings(MIDDLEWARE=MIDDLEWARE)
@override_settings(DEBUG=True, INTERNAL_IPS=["127.0.0.1"])
class ToolbarTestCase(NewsroomTestCase):
    @classmethod
    def tearDownClass(cls):
        for connection in connections.all():
            for name in WRAPPED:
                vars(connection).pop(name, None)
        super().tearDownClass()

    def visit(self, path):
        """The page, and the id under which the toolbar keeps what it saw."""
        page = self.client.get(path)
        self.assertEqual(page.status_code, 200)
        (request_id,) = re.findall(r'data-request-id="(\w+)"', page.content.decode())
        return page, request_id

    def queries(self, request_id):
        from debug_toolbar.toolbar import DebugToolbar  # has a model: the app must be installed first

        return DebugToolbar.fetch(request_id).get_panel_by_id("SQLPanel").get_stats()["queries"]

    def panel(self, request_id):
        """The SQL panel as it is shown."""
        answer = self.client.get(
            "/__debug__/render_panel/", {"request_id": request_id, "panel_id": "SQLPanel"}
        )
        return answer.json()["content"]

    def ask(self, request_id, what):
        """What the buttons ``what`` of the panel's queries show, in the order of the queries."""
        signed = re.findall(r'name="signed" value="([^"]+)"', self.panel(request_id))
        answers = []
        for value in dict.fromkeys(signed):
            answer = self.client.post(f"/__debug__/sql_{what}/", {"signed": html.unescape(value)})
            self.assertEqual(answer.status_code, 200, answer.content)
            answers.append(answer.json()["content"])
        return answers


class PageTests(ToolbarTestCase):
    def test_the_sql_names_core_tables_in_full(self):
        page, request_id = self.visit("/comments/")
        self.assertContains(page, "Bridges: Strong")
        spanning, core, local = [query["raw_sql"] for query in self.queries(request_id)]
        self.assertIn(causeway.table(Article), spanning)
        self.assertIn(causeway.table(Tag), core)
        self.assertNotIn(".", local.partition(" FROM ")[2])
        self.assertEqual({query["alias"] for query in self.queries(request_id)}, {"default"})

    def test_the_panel_shows_the_queries(self):
        _, request_id = self.visit("/comments/")
        panel = self.panel(request_id)
        self.assertIn("3 queries", panel)
        self.assertIn("library_article", panel)

    def test_the_database_explains_a_spanning_query(self):
        _, request_id = self.visit("/comments/")
        spanning, core, _ = self.ask(request_id, "explain")
        for table in ("shop_comment", "library_article", "library_author"):
            self.assertIn(table, spanning)
        self.assertIn("library_tag", core)

    def test_the_rows_of_a_spanning_query(self):
        _, request_id = self.visit("/comments/")
        spanning, core, local = self.ask(request_id, "select")
        for text in ("Strong", "Rusty", "High", "Deep", "Dams"):
            self.assertIn(text, spanning)
        self.assertIn("steel", core)
        for name in SHELVES:
            self.assertIn(name, local)

    def test_a_profile_is_shown_or_declined(self):
        _, request_id = self.visit("/comments/")
        self.assertEqual(len(self.ask(request_id, "profile")), 3)

    def test_the_database_explains_raw_sql_with_bare_names(self):
        page, request_id = self.visit("/raw/")
        self.assertContains(page, "Bridges: 3")
        (answer,) = self.ask(request_id, "explain")
        self.assertIn("shop_comment", answer)
        (answer,) = self.ask(request_id, "select")
        self.assertIn("Bridges", answer)

    def test_a_page_of_the_admin(self):
        self.client.force_login(User.objects.create_superuser("editor"))
        page, request_id = self.visit("/exchange/shop/comment/add/")
        self.assertContains(page, "Draft of weirs")
        choices = [query["raw_sql"] for query in self.queries(request_id)]
        self.assertIn(causeway.table(Article), choices[-1])
        self.assertIn("library_article", self.ask(request_id, "explain")[-1])


class BothConnectionsTests(ToolbarTestCase):
    @classmethod
    def setUpTestData(cls):
        Content.contents.create(title="Shared", slug="shared")

    def test_the_panel_tells_the_connections_apart(self):
        page, request_id = self.visit("/contents/")
        self.assertContains(page, "Shared")
        self.assertEqual([query["alias"] for query in self.queries(request_id)], ["default", "core"])
        self.assertContains(page, "SQL queries from 2 connections")
        local, core = self.ask(request_id, "select")
        self.assertNotIn("Shared", local)
        self.assertIn("Shared", core)
        self.assertEqual(len(self.ask(request_id, "explain")), 2)


class WritingTests(ToolbarTestCase):
    """The cursors that the toolbar wraps are what writes go through, too."""

    def test_rows_are_written_through_the_watched_cursors(self):
        data = {"article": self.articles["Dams"].pk, "text": "Watched"}
        self.assertEqual(self.client.post("/api/comments/", data).status_code, 201)
        self.assertEqual(self.client.delete(f"/api/articles/{self.articles['Dams'].pk}/").status_code, 204)
        self.assertFalse(Article.objects.filter(slug="dams").exists())
        self.assertFalse(Comment.objects.filter(text="Watched").exists())

    def test_a_write_to_a_core_that_is_read_only_is_refused(self):
        read_only = {"core": {**settings.CAUSEWAY["core"], "READ_ONLY": True}}
        with (
            self.settings(CAUSEWAY=read_only),
            self.assertRaisesMessage(CoreReadOnly, "declares it READ_ONLY"),
        ):
            self.client.post("/api/tags/", {"name": "wood"})
        self.assertFalse(Tag.objects.filter(name="wood").exists())
