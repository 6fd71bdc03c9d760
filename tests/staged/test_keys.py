"""What rows of the child's are joined by: core is asked for it in its own terms."""

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import JSONField, Value
from django.db.models.fields import json

from tests.databases import product
from tests.orm.models import Booth, Mark, Place, Reading, Sample
from tests.staged.cases import StagedTestCase


class TextKeyTests(StagedTestCase):
    """A generic key may be a text; what it refers to need not have one."""

    def setUp(self):
        super().setUp()
        self.places = {place.name: place for place in Place.objects.all()}
        for name in ("Delft", "Bath"):
            Mark.objects.create(target=self.places[name], text=name)

    def mark_others(self):
        kind = ContentType.objects.get_for_model(Booth)
        for key in ("x", "", "1e400", "9" * 40, "-", "5f3c1d0e-7a55-4a57-9a2b-0a5b2f8d2c11", "½"):
            Mark.objects.create(content_type=kind, object_id=key, text="other")

    def test_rows_that_are_marked(self):
        if connection.vendor != "postgresql":
            # It casts each of them to a number.
            self.mark_others()
        for limit in (1000, 0):
            self.carry_inline(limit)
            marked = Place.objects.filter(marks__text__gt="").order_by("name")
            self.assertEqual([place.name for place in marked], ["Bath", "Delft"])
            self.assertEqual(Place.objects.filter(marks__text="Bath").get().name, "Bath")
            self.assertEqual(Place.objects.filter(marks__isnull=True).get().name, "Lyon")

    def test_marks_of_rows(self):
        self.mark_others()
        for limit in (1000, 0):
            self.carry_inline(limit)
            marks = Mark.objects.filter(place__name__in=["Bath", "Lyon"])
            self.assertEqual([mark.text for mark in marks], ["Bath"])
            self.assertEqual(Mark.objects.filter(place__population__gt=0).count(), 2)


class DocumentTests(StagedTestCase):
    """Documents are equal as values, in whatever order an engine keeps the keys of their objects."""

    documents = [
        {"name": "x", "a": 1, "zz": {"longer": [1, {"bb": 2, "a": "é"}], "b": None}},
        {"name": "x", "a": 2, "zz": {}},
        [{"second": 1, "b": 2}],
    ]

    def setUp(self):
        super().setUp()
        for document in self.documents:
            Reading.objects.create(sample=Sample.objects.create(data=document))

    def test_equality(self):
        if not self.keeps_order_elsewhere():
            self.skipTest("The child compares texts, in the order in which core keeps them too.")
        for limit in (1000, 0):
            self.carry_inline(limit)
            for document in self.documents:
                with self.subTest(document=document, limit=limit):
                    found = Reading.objects.filter(sample__data=document)
                    self.assertEqual([reading.sample.data for reading in found], [document])
                    self.assertEqual(Reading.objects.exclude(sample__data=document).count(), 2)
                    for documents in ([document, "none"], [Value(document, JSONField()), "none"]):
                        among = Reading.objects.filter(sample__data__in=documents)
                        self.assertEqual(among.count(), self.number_in_list)
            nested = self.documents[0]["zz"]
            self.assertEqual(Reading.objects.filter(sample__data__zz=nested).count(), 1)
            self.assertEqual(Reading.objects.filter(sample__data__zz__in=[nested, {"b": 1}]).count(), 1)

    @property
    def number_in_list(self):
        """How many are found by a list, also in one database: Django before 6.1 gives MySQL a list of texts."""
        return int(product() != "mysql" or hasattr(json, "JSONIn"))

    def keeps_order_elsewhere(self):
        """Whether core keeps objects by an order of its own, or the child compares them as values."""
        core = Sample.objects.order_by("pk").first()
        return list(core.data) != list(self.documents[0]) or connection.vendor == "postgresql"
