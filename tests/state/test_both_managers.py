"""A row of a ``CoreManager`` is not the local row with its key, and nothing local is related to it."""

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import Prefetch
from django.test import TestCase

from causeway.exceptions import PlacementError
from tests.library.models import Author
from tests.managers.models import Collection, Extract, Page, Remark, Reminder
from tests.orm.models import Sticker
from tests.shop.models import Content, Label, Shelf
from tests.state.models import Leaflet

PREVENTED = "the current database router prevents this relation"


class SameKeyTestCase(TestCase):
    """The core row and the local row have one key; everything local refers to the local row."""

    databases = {"default", "core"}

    def setUp(self):
        self.local = Content.objects.create(pk=1, slug="same", title="local")
        self.core = Content.contents.create(pk=1, slug="same", title="core")
        self.remark = Remark.objects.create(content=self.local, text="mine")
        self.reminder = Reminder.objects.create(content=self.local)
        self.extract = Extract.objects.create(content=self.local)
        self.collection = Collection.objects.create(name="all")
        self.collection.items.add(self.local)

    def assert_untouched(self):
        self.assertEqual(Remark.objects.get().content.title, "local")
        self.assertEqual(Reminder.objects.get().content.title, "local")
        self.assertEqual(Extract.objects.get().content.title, "local")
        self.assertEqual(self.collection.items.get().title, "local")


class ReverseAccessorTests(SameKeyTestCase):
    def test_no_local_row_belongs_to_a_core_row(self):
        self.assertEqual(list(self.core.remarks.all()), [])
        self.assertEqual((self.core.remarks.count(), self.core.collections.exists()), (0, False))
        self.assertEqual(list(self.core.collections.all()), [])
        with self.assertRaises(ObjectDoesNotExist):
            _ = self.core.extract
        self.assertEqual(self.local.remarks.get(), self.remark)
        self.assertEqual(self.local.extract, self.extract)
        self.assertEqual(self.local.collections.get(), self.collection)

    def test_nor_by_prefetch(self):
        lookups = ["remarks", "extract", "collections", Prefetch("reminders", to_attr="found")]
        core = Content.contents.prefetch_related(*lookups).get()
        self.assertEqual((list(core.remarks.all()), list(core.collections.all()), core.found), ([], [], []))
        with self.assertRaises(ObjectDoesNotExist):
            _ = core.extract
        local = Content.objects.prefetch_related(*lookups).get()
        self.assertEqual((list(local.remarks.all()), local.found), ([self.remark], [self.reminder]))

    def test_none_is_taken_from_it(self):
        self.core.reminders.clear()
        self.core.reminders.remove(self.reminder)
        self.core.reminders.set([])
        self.core.reminders.update(content=None)
        self.core.remarks.all().delete()
        self.core.collections.clear()
        self.core.collections.remove(self.collection)
        self.core.collections.set([])
        self.assert_untouched()

    def test_none_is_made_its_own(self):
        for function in (
            lambda: self.core.remarks.create(text="lost"),
            lambda: self.core.remarks.get_or_create(text="lost"),
            lambda: self.core.remarks.update_or_create(text="lost"),
            lambda: self.core.remarks.add(self.remark),
            lambda: self.core.remarks.add(Remark(text="lost"), bulk=False),
            lambda: self.core.reminders.set([self.reminder]),
            lambda: self.core.collections.add(self.collection),
            lambda: self.core.collections.set([self.collection]),
            lambda: setattr(self.core, "extract", Extract()),
            lambda: setattr(self.remark, "content", self.core),
            lambda: Remark(content=self.core),
        ):
            with self.assertRaises(ValueError), transaction.atomic():
                function()
        self.remark.refresh_from_db()
        self.assert_untouched()
        self.assertEqual(Remark.objects.count(), 1)

    def test_a_local_row_that_was_refused_is_still_saved_here(self):
        remark = Remark(text="mine too")
        with self.assertRaisesMessage(ValueError, PREVENTED):
            remark.content = self.core
        remark.content = self.local
        remark.save()
        self.assertEqual((remark._state.db, Remark.objects.count()), ("default", 2))


class GenericKeyTests(TestCase):
    databases = {"default", "core"}

    def setUp(self):
        self.local = Leaflet.objects.create(pk=1, name="local")
        self.core = Leaflet.leaflets.create(pk=1, name="core")
        self.local.stickers.create(name="mine")

    def test_a_local_row_does_not_refer_to_a_core_row(self):
        sticker = Sticker.objects.get()
        for function in (
            lambda: Sticker(name="lost", target=self.core),
            lambda: setattr(sticker, "target", self.core),
            lambda: Label(name="lost", target=self.core),
            lambda: Label.objects.create(name="lost", target=self.core),
            lambda: Label.objects.bulk_create([Label(name="lost", target=self.core)]),
        ):
            with self.assertRaisesMessage(ValueError, PREVENTED):
                function()
        self.assertEqual(Sticker.objects.get().target.name, "local")
        self.assertFalse(Label.objects.exists())

    def test_it_refers_to_a_local_row(self):
        label = Label.objects.create(name="mine", target=self.local)
        self.assertEqual(Label.objects.get().target.name, "local")
        self.assertEqual(Label.objects.prefetch_related("target").get().target.name, "local")
        self.assertEqual(label._state.db, "default")

    def test_no_local_row_belongs_to_a_core_row(self):
        self.assertEqual(list(self.core.stickers.all()), [])
        self.assertFalse(self.core.stickers.exists())
        (core,) = Leaflet.leaflets.prefetch_related("stickers")
        self.assertEqual(list(core.stickers.all()), [])
        self.assertEqual(self.local.stickers.get().name, "mine")

    def test_none_is_taken_from_it_or_made_its_own(self):
        self.core.stickers.clear()
        self.core.stickers.set([])
        self.core.stickers.remove(Sticker.objects.get())
        for function in (
            lambda: self.core.stickers.create(name="lost"),
            lambda: self.core.stickers.get_or_create(name="lost"),
            lambda: self.core.stickers.add(Sticker.objects.get()),
            lambda: self.core.stickers.add(Sticker(name="lost"), bulk=False),
        ):
            with self.assertRaises(ValueError), transaction.atomic():
                function()
        self.assertEqual(self.local.stickers.get(), Sticker.objects.get())

    def test_deletion_of_the_core_row_leaves_them(self):
        self.assertEqual(self.core.delete(), (1, {"state.Leaflet": 1}))
        self.assertEqual(self.local.stickers.get().name, "mine")
        self.assertEqual(self.local.delete()[1], {"state.Leaflet": 1, "orm.Sticker": 1})

    def test_filters_find_local_rows_of_local_rows(self):
        self.assertEqual(Leaflet.objects.get(stickers__name="mine").name, "local")
        self.assertEqual(Sticker.objects.get(leaflet__name="local").name, "mine")
        self.assertFalse(Sticker.objects.filter(leaflet__name="core").exists())
        with self.assertRaises(PlacementError):
            Leaflet.leaflets.get(stickers__name="mine")


class ForeignKeyTests(TestCase):
    """The model refers to a local model: what its core rows hold is not the key of a row of this child."""

    databases = {"default", "core"}

    def setUp(self):
        self.shelf = Shelf.objects.create(name="mine")
        self.local = Leaflet.objects.create(pk=1, name="local", shelf=self.shelf)
        Leaflet.leaflets.create(pk=1, name="core", shelf_id=self.shelf.pk)

    def test_a_core_row_does_not_show_a_local_row_of_that_key(self):
        core = Leaflet.leaflets.get()
        for function in (
            lambda: core.shelf,
            lambda: list(Leaflet.leaflets.select_related("shelf")),
            lambda: list(Leaflet.leaflets.prefetch_related("shelf")),
            lambda: list(Leaflet.leaflets.filter(shelf__name="mine")),
        ):
            with self.assertRaisesMessage(PlacementError, "which a CoreManager implies"):
                function()
        with self.assertRaisesMessage(ValueError, PREVENTED):
            core.shelf = self.shelf

    def test_the_core_rows_of_a_local_row_are_none(self):
        self.assertEqual(self.shelf.leaflets.get().name, "local")
        self.shelf.delete()
        self.assertIsNone(Leaflet.objects.get().shelf)
        self.assertIsNotNone(Leaflet.leaflets.get().shelf_id)


class CoreModelTests(TestCase):
    """The rows of a core model are the same for the rows of both databases."""

    databases = {"default", "core"}

    @pytest.mark.linked("a staged core's rows do not say which of the two is meant")
    def test_rows_of_either_connection_are_referred_to(self):
        author = Author.objects.using("core").create(name="Ada")
        core = Page.pages.create(title="core", slug="core", author=author)
        self.assertEqual(author.page_set.get(), core)
        self.assertEqual(Page(title="new", author=author)._state.db, "core")
        local = Page.objects.create(title="local", slug="local")
        local.author = author
        self.assertEqual(local._state.db, "default")
