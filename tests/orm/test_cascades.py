"""Every ``on_delete``, from local rows and from core rows to a core row."""

import unittest

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError, RestrictedError
from django.test import TestCase

from tests.orm import models
from tests.orm.models import Anchor, Leaf


class OnDeleteTests(TestCase):
    """Each test runs for the local model and for the core model of the ``on_delete`` it names."""

    databases = {"default", "core"}

    def setUp(self):
        self.anchor = Anchor.objects.create(name="anchor")
        self.other = Anchor.objects.create(name="other")

    def each_model(self, name):
        """The local model and the core model, each with one row at either anchor, undone in between."""
        for model in (getattr(models, f"Local{name}"), getattr(models, f"Core{name}")):
            with (
                self.subTest(model=model.__name__),
                transaction.atomic(),
                transaction.atomic(using="core"),
            ):
                model.objects.create(name="goes", anchor=self.anchor)
                model.objects.create(name="stays", anchor=self.other)
                yield model
                for alias in self.databases:
                    transaction.set_rollback(True, using=alias)

    def delete_anchor(self):
        return Anchor.objects.filter(name="anchor").delete()

    def anchors_of(self, model):
        return dict(model.objects.values_list("name", "anchor__name"))

    def test_cascade(self):
        for model in self.each_model("Cascade"):
            self.assertEqual(self.delete_anchor(), (2, {"orm.Anchor": 1, model._meta.label: 1}))
            self.assertEqual(self.anchors_of(model), {"stays": "other"})

    def test_protect(self):
        for model in self.each_model("Protect"):
            with self.assertRaises(ProtectedError) as caught:
                self.delete_anchor()
            self.assertEqual([row.name for row in caught.exception.protected_objects], ["goes"])
            self.assertEqual(Anchor.objects.count(), 2)
            model.objects.get(name="goes").delete()
            self.delete_anchor()
            self.assertEqual(self.anchors_of(model), {"stays": "other"})

    def test_restrict(self):
        for model in self.each_model("Restrict"):
            with self.assertRaises(RestrictedError) as caught:
                self.delete_anchor()
            self.assertEqual([row.name for row in caught.exception.restricted_objects], ["goes"])
            self.assertEqual(self.anchors_of(model), {"goes": "anchor", "stays": "other"})

    def test_restrict_yields_where_the_row_goes_anyway(self):
        for name in ("Local", "Core"):
            with self.subTest(name):
                owner = getattr(models, f"{name}Cascade").objects.create(name="owner", anchor=self.anchor)
                model = getattr(models, f"{name}Restrict")
                model.objects.create(name="owned", anchor=self.anchor, owner=owner)
                self.delete_anchor()
                self.assertFalse(model.objects.exists())
                self.anchor = Anchor.objects.create(name="anchor")

    def test_set(self):
        for model in self.each_model("Set"):
            self.delete_anchor()
            self.assertEqual(self.anchors_of(model), {"goes": "substitute", "stays": "other"})

    def test_set_null(self):
        for model in self.each_model("SetNull"):
            self.delete_anchor()
            self.assertEqual(self.anchors_of(model), {"goes": None, "stays": "other"})

    def test_set_default(self):
        for model in self.each_model("SetDefault"):
            self.delete_anchor()
            self.assertEqual(self.anchors_of(model), {"goes": "default", "stays": "other"})

    def test_do_nothing(self):
        for model in self.each_model("DoNothing"):
            self.delete_anchor()
            self.assertFalse(Anchor.objects.filter(name="anchor").exists())
            self.assertEqual(model.objects.get(name="goes").anchor_id, self.anchor.pk)

    def test_an_instance_as_well_as_a_queryset(self):
        for model in self.each_model("Cascade"):
            Anchor.objects.get(name="anchor").delete()
            self.assertEqual(self.anchors_of(model), {"stays": "other"})

    def test_local_rows_behind_core_rows(self):
        core = models.CoreCascade.objects.create(name="between", anchor=self.anchor)
        Leaf.objects.create(name="leaf", cascade=core)
        by_model = self.delete_anchor()[1]
        self.assertEqual(by_model, {"orm.Anchor": 1, "orm.CoreCascade": 1, "orm.Leaf": 1})
        self.assertFalse(Leaf.objects.exists())

    def test_a_protected_local_row_keeps_every_core_row(self):
        models.CoreCascade.objects.create(name="between", anchor=self.anchor)
        models.LocalCascade.objects.create(name="local", anchor=self.anchor)
        models.LocalProtect.objects.create(name="holds", anchor=self.anchor)
        with self.assertRaises(ProtectedError):
            self.delete_anchor()
        self.assertTrue(models.CoreCascade.objects.exists())
        self.assertTrue(models.LocalCascade.objects.exists())

    def test_all_at_once(self):
        for name in ("Cascade", "Set", "SetNull", "SetDefault", "DoNothing"):
            for home in ("Local", "Core"):
                getattr(models, f"{home}{name}").objects.create(name="row", anchor=self.anchor)
        self.delete_anchor()
        self.assertFalse(models.LocalCascade.objects.exists() or models.CoreCascade.objects.exists())
        for home in ("Local", "Core"):
            self.assertEqual(self.anchors_of(getattr(models, f"{home}Set")), {"row": "substitute"})
            self.assertEqual(self.anchors_of(getattr(models, f"{home}SetNull")), {"row": None})
            self.assertEqual(self.anchors_of(getattr(models, f"{home}SetDefault")), {"row": "default"})


@unittest.skipUnless(models.HAS_DB_CASCADE, "Django 6.1 and later have DB_CASCADE")
class DatabaseOnDeleteTests(TestCase):
    """Deletions that are left to the engine; where it has no constraint, the ORM carries them out."""

    databases = {"default", "core"}

    def setUp(self):
        self.mooring = models.Mooring.objects.create(name="goes")
        self.other = models.Mooring.objects.create(name="stays")

    def fill(self, model):
        for mooring in (self.mooring, self.other):
            model.objects.create(name=mooring.name, mooring=mooring)

    def test_core_rows(self):
        self.fill(models.CoreDBCascade)
        self.fill(models.CoreDBSetNull)
        self.mooring.delete()
        self.assertEqual(models.CoreDBCascade.objects.get().name, "stays")
        self.assertIsNone(models.CoreDBSetNull.objects.get(name="goes").mooring)

    def test_local_rows(self):
        self.fill(models.LocalDBCascade)
        self.fill(models.LocalDBSetNull)
        models.Mooring.objects.filter(name="goes").delete()
        self.assertEqual(models.LocalDBCascade.objects.get().name, "stays")
        self.assertIsNone(models.LocalDBSetNull.objects.get(name="goes").mooring)


class ConstraintTests(TestCase):
    """What keeps a reference to a core row whole when SQL bypasses Django."""

    databases = {"default", "core"}

    @pytest.mark.linked("staged, no constraint reaches from one database to the other")
    def test_the_engine_refuses_to_orphan_a_local_row_where_it_can(self):
        anchor = Anchor.objects.create(name="anchor")
        row = models.LocalCascade.objects.create(name="row", anchor=anchor)
        if connection.features.supports_foreign_keys_across_databases:
            with self.assertRaises(IntegrityError), transaction.atomic():
                Anchor.objects.filter(pk=anchor.pk)._raw_delete("default")
                connection.check_constraints()
            self.assertTrue(Anchor.objects.filter(pk=anchor.pk).exists())
        else:
            Anchor.objects.filter(pk=anchor.pk)._raw_delete("default")
            self.assertEqual(models.LocalCascade.objects.get().anchor_id, anchor.pk)
            row.delete()
