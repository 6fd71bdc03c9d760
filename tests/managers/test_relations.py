"""A model with rows in both databases that refers to core models and to itself."""

import pytest
from django.db import connections
from django.db.models import Count
from django.test import TransactionTestCase

from tests.library.models import Author, Tag
from tests.managers.models import Page


class PageTestCase(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        self.ada = Author.objects.create(name="Ada")
        self.ben = Author.objects.create(name="Ben")
        self.water = Tag.objects.create(name="water")
        self.local = Page.objects.create(title="local", slug="one", words=1, author=self.ada)
        self.core = Page.pages.create(title="core", slug="one", words=2, author=self.ben)

    def homes(self, *rows):
        return {row._state.db for row in rows}


class ForeignKeyTests(PageTestCase):
    @pytest.mark.linked("staged, a core row knows core as its database")
    def test_a_core_row_is_joined_on_either_connection(self):
        for manager, title, name in ((Page.objects, "local", "Ada"), (Page.pages, "core", "Ben")):
            page = manager.select_related("author").get(author__name=name)
            self.assertEqual((page.title, page.author.name), (title, name))
            self.assertEqual(self.homes(page), self.homes(page.author))
            self.assertEqual(manager.values_list("author__name").get(), (name,))
            with self.assertNumQueries(1, using=manager.db):
                self.assertEqual(manager.get(slug="one").title, title)

    def test_the_author_of_a_core_row_is_fetched_from_core(self):
        page = Page.pages.get()
        with self.assertNumQueries(0), self.assertNumQueries(1, using="core"):
            self.assertEqual(page.author.name, "Ben")

    @pytest.mark.linked("staged, a core row does not say which rows of the two databases are meant")
    def test_rows_of_an_author(self):
        self.assertEqual([page.title for page in self.ada.page_set.all()], ["local"])
        ben = Author.objects.using("core").get(name="Ben")
        self.assertEqual([page.title for page in ben.page_set.all()], ["core"])
        counts = dict(Author.objects.annotate(number=Count("page")).values_list("name", "number"))
        self.assertEqual(counts, {"Ada": 1, "Ben": 0})
        counts = dict(
            Author.objects.using("core").annotate(number=Count("page")).values_list("name", "number")
        )
        self.assertEqual(counts, {"Ada": 0, "Ben": 1})

    def test_the_tree_of_each_database_is_its_own(self):
        Page.objects.create(title="local leaf", slug="leaf", parent=self.local)
        leaf = Page.pages.create(title="core leaf", slug="leaf", parent=self.core)
        self.assertEqual(leaf.parent.title, "core")
        self.assertEqual(self.core.subpages.get(), leaf)
        self.assertEqual(Page.pages.get(parent__title="core").title, "core leaf")
        self.assertEqual(Page.objects.get(parent__isnull=False).parent.title, "local")
        with self.assertRaises(ValueError):
            self.local.parent = self.core

    def test_the_reverse_manager_writes_to_the_database_of_the_row(self):
        leaf = self.core.subpages.create(title="core leaf", slug="leaf")
        self.assertEqual(self.homes(leaf), {"core"})
        self.assertEqual(Page.objects.count(), 1)
        self.assertEqual(self.core.subpages.update(words=9), 1)
        self.assertEqual(Page.pages.get(slug="leaf").words, 9)

    def test_deletion_of_a_core_row_takes_its_subpages_in_core(self):
        self.core.subpages.create(title="core leaf", slug="leaf")
        Page.objects.create(title="local leaf", slug="leaf", parent=self.local)
        self.core.delete()
        self.assertFalse(Page.pages.exists())
        self.assertEqual(Page.objects.count(), 2)


class ManyToManyTests(PageTestCase):
    def test_each_database_has_a_table_of_its_own(self):
        table = Page.tags.through._meta.db_table
        for alias in ("default", "core"):
            self.assertIn(table, connections[alias].introspection.table_names())

    def test_the_tags_of_a_row_are_links_in_its_database(self):
        self.core.tags.add(Tag.objects.using("core").get())
        self.assertEqual([tag.name for tag in self.core.tags.all()], ["water"])
        self.assertFalse(self.local.tags.exists())
        self.assertEqual(Page.pages.get(tags__name="water"), self.core)
        self.assertFalse(Page.objects.filter(tags__name="water").exists())
        self.local.tags.add(self.water)
        self.core.tags.clear()
        self.assertEqual(Page.objects.get(tags__name="water"), self.local)

    def test_prefetch(self):
        self.core.tags.create(name="stone")
        self.assertEqual(self.homes(Page.pages.prefetch_related("tags").get().tags.all()[0]), {"core"})
        with self.assertNumQueries(2, using="core"):
            self.assertEqual(
                [tag.name for page in Page.pages.prefetch_related("tags") for tag in page.tags.all()],
                ["stone"],
            )

    def test_deletion_takes_the_links_of_its_database(self):
        self.core.tags.add(Tag.objects.using("core").get())
        self.local.tags.add(self.water)
        self.core.delete()
        self.assertEqual(self.local.tags.get(), self.water)
        self.assertFalse(Page.tags.through.objects.using("core").exists())


class CoreModelDeletionTests(PageTestCase):
    @pytest.mark.linked(
        "staged, the rows that refer to a core row are looked for in one of the two databases"
    )
    def test_a_deleted_author_is_taken_off_the_local_rows(self):
        self.ada.delete()
        self.local.refresh_from_db()
        self.assertIsNone(self.local.author)
