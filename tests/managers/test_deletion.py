"""Deletion of core rows to whose model local models refer: the local rows refer to local ones only."""

from django.db.models import ProtectedError, RestrictedError
from django.test import TestCase

from tests.managers.models import (
    Annex,
    Collection,
    Extract,
    Guard,
    Remark,
    Reminder,
    Restriction,
    Successor,
)
from tests.shop.models import Content


class DeletionTests(TestCase):
    """A core row and a local row have the same key; everything refers to the local row."""

    databases = {"default", "core"}

    def setUp(self):
        self.local = Content.objects.create(pk=1, slug="same", title="local")
        Content.contents.create(pk=1, slug="same", title="core")
        Content.contents.create(pk=2, slug="alone", title="core alone")

    def refer(self, *models):
        return [model.objects.create(content=self.local) for model in models]

    def titles(self, manager):
        return sorted(manager.values_list("title", flat=True))

    def test_rows_that_would_go_along_stay(self):
        remark, _ = self.refer(Remark, Extract)
        Annex.objects.create(remark=remark)
        self.assertEqual(Content.contents.get(pk=1).delete(), (1, {"shop.Content": 1}))
        self.assertEqual(self.titles(Content.contents), ["core alone"])
        self.assertEqual(self.titles(Content.objects), ["local"])
        for model in (Remark, Extract, Annex):
            self.assertEqual(model.objects.count(), 1, model)

    def test_references_that_would_be_emptied_stay(self):
        self.refer(Reminder, Successor)
        Content.contents.filter(pk=1).delete()
        self.assertEqual(Reminder.objects.get().content, self.local)
        self.assertEqual(Successor.objects.get().content, self.local)

    def test_rows_that_would_forbid_it_do_not(self):
        self.refer(Guard, Restriction)
        Content.contents.all().delete()
        self.assertEqual(self.titles(Content.contents), [])
        self.assertEqual(self.titles(Content.objects), ["local"])

    def test_links_of_a_many_to_many_relation_stay(self):
        Collection.objects.create(name="all").items.add(self.local)
        Content.contents.get(pk=1).delete()
        self.assertEqual(Collection.objects.get().items.get(), self.local)

    def test_many_core_rows(self):
        Content.contents.bulk_create([Content(slug=f"n{n}", title="many") for n in range(1100)])
        self.refer(Remark)
        self.assertEqual(Content.contents.filter(title="many").delete(), (1100, {"shop.Content": 1100}))
        self.assertEqual(Remark.objects.count(), 1)

    def test_deletion_of_the_local_row_takes_them_along(self):
        self.refer(Remark, Extract, Reminder, Successor)
        deleted = self.local.delete()[1]
        self.assertEqual(deleted, {"shop.Content": 1, "managers.Remark": 1, "managers.Extract": 1})
        self.assertIsNone(Reminder.objects.get().content)
        self.assertIsNone(Successor.objects.get().content)
        self.assertEqual(self.titles(Content.contents), ["core", "core alone"])

    def test_the_local_row_is_protected(self):
        self.refer(Guard)
        with self.assertRaises(ProtectedError):
            self.local.delete()
        self.refer(Restriction)
        Guard.objects.all().delete()
        with self.assertRaises(RestrictedError):
            Content.objects.all().delete()
        self.assertEqual(self.titles(Content.objects), ["local"])


class ReferenceTests(TestCase):
    databases = {"default", "core"}

    def setUp(self):
        self.local = Content.objects.create(pk=1, slug="same", title="local")
        self.core = Content.contents.create(pk=1, slug="same", title="core")

    def test_a_local_row_does_not_refer_to_a_core_row(self):
        with self.assertRaisesMessage(ValueError, "the current database router prevents this relation"):
            Remark(content=self.core)
        with self.assertRaises(ValueError):
            Collection.objects.create(name="all").items.add(self.core)

    def test_a_reference_finds_the_local_row(self):
        Remark.objects.create(content=self.local, text="x")
        self.assertEqual(Remark.objects.get().content.title, "local")
        self.assertEqual(Remark.objects.select_related("content").get().content.title, "local")
        self.assertEqual(Remark.objects.filter(content__title="local").count(), 1)
        self.assertEqual(Remark.objects.filter(content__title="core").count(), 0)
        self.assertEqual(Content.objects.get(remarks__text="x"), self.local)
