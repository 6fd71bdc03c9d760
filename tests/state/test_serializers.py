"""Rows that serializers make again: with and without keys, on either connection."""

import json
import tempfile
from pathlib import Path

import pytest
from django.core import serializers
from django.core.management import call_command
from django.core.serializers.base import DeserializationError
from django.test import TransactionTestCase

from causeway.exceptions import PlacementError
from tests.shop.models import Content
from tests.state.models import Depot, Region


def natural(rows, form="json"):
    return serializers.serialize(form, rows, use_natural_foreign_keys=True, use_natural_primary_keys=True)


class NaturalKeyTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        self.north = Region.objects.create(name="North")
        self.south = Region.objects.create(name="South")
        self.north.neighbours.add(self.south)
        self.depot = Depot.objects.create(name="Dock", region=self.north)
        self.depot.reaches.set([self.north, self.south])

    def saved(self, text, **options):
        found = list(serializers.deserialize("json", text, **options))
        for row in found:
            row.save()
        return [row.object for row in found]

    def test_core_rows_are_found_and_changed_on_either_connection(self):
        for alias in ("default", "core"):
            text = natural(Region.objects.using(alias).order_by("name"))
            self.north.neighbours.clear()
            with self.assertNumQueries(0, using="default" if alias == "core" else "core"):
                found = list(serializers.deserialize("json", text, using=alias))
                for row in found:
                    row.save(using=alias)
            self.assertEqual([row.object.pk for row in found], [self.north.pk, self.south.pk])
            self.assertEqual({row.object._state.db for row in found}, {alias})
            self.assertEqual(self.north.neighbours.get(), self.south)
            self.assertEqual(Region.objects.count(), 2)

    @pytest.mark.linked("staged, a core row knows core as its database")
    def test_local_rows_find_core_rows(self):
        text = natural([self.depot])
        self.assertEqual(json.loads(text)[0]["fields"]["region"], ["North"])
        Depot.objects.all().delete()
        (depot,) = self.saved(text)
        self.assertEqual(
            (depot._state.db, depot.region, depot.region._state.db), ("default", self.north, "default")
        )
        self.assertCountEqual(Depot.objects.get().reaches.all(), [self.north, self.south])

    def test_references_to_rows_that_follow(self):
        text = natural([*Depot.objects.all(), *Region.objects.order_by("name")])
        Region.objects.all().delete()
        waiting = []
        for row in serializers.deserialize("json", text, handle_forward_references=True):
            row.save()
            if row.deferred_fields:
                waiting.append(row)
        for row in waiting:
            row.save_deferred_fields()
        self.assertEqual(Depot.objects.get().region.name, "North")
        self.assertEqual(Depot.objects.get().reaches.count(), 2)

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_local_rows_on_the_core_connection_are_refused(self):
        with self.assertRaisesMessage(DeserializationError, "Cannot use the table 'state_depot'"):
            list(serializers.deserialize("json", natural([self.depot]), using="core"))
        with self.assertRaises(PlacementError):
            self.depot.save(using="core")
        self.assertEqual(Depot.objects.get().name, "Dock")

    def test_loaddata_and_dumpdata(self):
        with tempfile.TemporaryDirectory() as folder:
            for alias in ("default", "core"):
                file = Path(folder) / f"{alias}.json"
                options = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}
                call_command(
                    "dumpdata", "state.Region", database=alias, output=str(file), verbosity=0, **options
                )
                Region.objects.filter(name="South").delete()
                call_command("loaddata", str(file), database="core", verbosity=0)
                self.assertEqual(set(Region.objects.values_list("name", flat=True)), {"North", "South"})
                self.assertEqual(Region.objects.get(name="North"), self.north)
                self.assertEqual(Depot.objects.get().region, self.north)


class BothManagersTests(TransactionTestCase):
    databases = {"default", "core"}

    def test_rows_go_where_they_are_told(self):
        Content.contents.create(pk=1, slug="same", title="core")
        text = serializers.serialize("json", Content.contents.all())
        (row,) = serializers.deserialize("json", text, using="core")
        row.object.title = "changed"
        row.save(using="core")
        self.assertEqual((row.object._state.db, Content.contents.get().title), ("core", "changed"))
        self.assertFalse(Content.objects.exists())
        (row,) = serializers.deserialize("json", text)
        row.save()
        self.assertEqual((row.object._state.db, Content.objects.get().title), ("default", "core"))
        self.assertEqual(Content.contents.get().title, "changed")
