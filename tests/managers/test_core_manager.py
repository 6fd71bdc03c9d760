"""``CoreManager`` itself: which database, which queryset class, and what goes on underneath."""

import copy
from importlib import import_module

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models
from django.db.backends.signals import connection_created
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings
from django.test.utils import isolate_apps

from causeway.models import CoreManager
from tests import settings as project_settings
from tests.managers.models import Page, PageQuerySet
from tests.shop.models import Content

TWO_CORES = {"core": {"MODELS": ["library"]}, "archive": {"MODELS": []}}


class FromQuerySetTests(TestCase):
    databases = {"default", "core"}

    def setUp(self):
        for number in (500, 1500, 2500):
            Page.objects.create(title=f"local {number}", slug=f"n{number}", words=number)
            Page.pages.create(title=f"core {number}", slug=f"n{number}", words=number + 1)

    def test_methods_of_the_queryset(self):
        self.assertCountEqual(Page.pages.long().values_list("title", flat=True), ["core 1500", "core 2500"])
        self.assertCountEqual(
            Page.objects.long().values_list("title", flat=True), ["local 1500", "local 2500"]
        )
        self.assertEqual((Page.pages.total_words(), Page.objects.total_words()), (4503, 4500))
        self.assertEqual(Page.pages.filter(words__lt=2000).long().get().title, "core 1500")
        self.assertIsInstance(Page.pages.all(), PageQuerySet)

    def test_a_subclass_that_overrides_get_queryset(self):
        self.assertEqual([page.words for page in Page.longest.all()], [2501, 1501, 501])
        self.assertEqual(Page.longest.long().last()._state.db, "core")
        Page.longest.create(title="core 1", slug="n1", words=1)
        self.assertFalse(Page.objects.filter(slug="n1").exists())

    def test_objects_stays_the_default_manager(self):
        for model in (Page, Content):
            self.assertIs(model._default_manager, model.objects)
            self.assertEqual(model._base_manager.db, "default")


class AliasTests(SimpleTestCase):
    def test_the_only_core_database(self):
        self.assertEqual(Content.contents.core_alias, "core")
        self.assertEqual(Content.contents.db, "core")
        self.assertEqual(Content.objects.db, "default")

    def test_on_an_instance_it_is_refused_as_ever(self):
        with self.assertRaises(AttributeError):
            _ = Content().contents

    @override_settings(CAUSEWAY=TWO_CORES)
    def test_several_and_none_is_named(self):
        with self.assertRaises(ImproperlyConfigured) as caught:
            Content.contents.all()
        sentence = str(caught.exception)
        for word in ("'contents'", "shop.Content", "names no core database", "'core'", "'archive'", "using="):
            self.assertIn(word, sentence)

    @override_settings(CAUSEWAY=TWO_CORES)
    @isolate_apps("tests.managers")
    def test_several_and_one_is_named(self):
        class Report(models.Model):  # noqa: DJ008
            kept = CoreManager(using="archive")
            wrong = CoreManager(using="attic")

        self.assertEqual(Report.kept.db, "archive")
        self.assertEqual(Report.kept.all().db, "archive")
        with self.assertRaisesMessage(ImproperlyConfigured, "names 'attic'"):
            Report.wrong.all()

    @override_settings(CAUSEWAY={})
    def test_in_the_core_project_it_manages_the_projects_own_rows(self):
        self.assertEqual(Content.contents.db, "default")
        self.assertEqual(Content.contents.filter(pk=1).db, "default")

    def test_it_can_be_written_to_a_migration(self):
        manager = CoreManager(using="core")
        _, path, _, args, kwargs = manager.deconstruct()
        module, _, name = path.rpartition(".")
        again = getattr(import_module(module), name)(*args, **kwargs)
        self.assertEqual(again, manager)
        self.assertEqual(again.core, "core")
        self.assertNotEqual(CoreManager(), manager)


class InTheCoreProjectTests(TestCase):
    databases = {"default", "core"}

    @override_settings(CAUSEWAY={})
    def test_both_managers_have_the_same_rows(self):
        with self.assertNumQueries(0, using="core"):
            row = Content.contents.create(title="Ours", slug="ours")
            self.assertEqual(Content.objects.get(), row)
            self.assertEqual(Content.contents.get()._state.db, "default")


class NothingIsChangedTests(TransactionTestCase):
    """No setting changes at run time; no connection is opened or closed for a query."""

    databases = {"default", "core"}

    def use_both(self):
        for number in range(20):
            Content.objects.create(slug=f"n{number}", title="local")
            row = Content.contents.create(slug=f"n{number}", title="core")
            row.title = "changed"
            row.save()
            row.refresh_from_db()
            Content.contents.filter(slug=f"n{number}").update(title="again")
            self.assertEqual(Content.objects.get(slug=f"n{number}").title, "local")
            Content.contents.get(slug=f"n{number}").delete()

    def snapshot(self):
        names = [name for name in vars(project_settings) if name.isupper()]
        return copy.deepcopy(
            (
                {name: getattr(settings, name) for name in names},
                dict(connections.settings),
                {alias: connections[alias].settings_dict for alias in connections},
            )
        )

    def test_no_setting(self):
        before = self.snapshot()
        self.use_both()
        self.assertEqual(self.snapshot(), before)

    def test_no_connection(self):
        for alias in ("default", "core"):
            connections[alias].ensure_connection()
        # A process looks once for what was left prepared, by connections of their own.
        Content.contents.create(slug="first", title="core").delete()
        before = [connections[alias].connection for alias in ("default", "core")]
        opened = []

        def note(connection, **kwargs):
            opened.append(connection.alias)

        connection_created.connect(note)
        self.addCleanup(connection_created.disconnect, note)
        self.use_both()
        self.assertEqual(opened, [])
        for alias, connection in zip(("default", "core"), before, strict=True):
            self.assertIs(connections[alias].connection, connection)
