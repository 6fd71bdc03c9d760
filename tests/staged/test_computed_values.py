"""Values that an update computes of the other database, as one statement would write them."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connections
from django.db.models import Exists, F, JSONField, OuterRef, Subquery, Value
from django.test.utils import CaptureQueriesContext

from tests.orm.models import Reading, Sample
from tests.staged.cases import StagedTestCase

# Pairs of them are equal in Python.
ALIKE = [1, True, 1.5, 0, False, "1", {"a": 1}, {"a": True}, [0], [False], [[1]], [[True]]]


def of_sample(name):
    return Subquery(Sample.objects.filter(pk=OuterRef("sample_id")).values(name)[:1])


def raw(model, column):
    """What is stored in the column of the model's one row, as the driver gives it."""
    connection = connections[model.objects.get()._state.db]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {connection.ops.quote_name(model._meta.db_table)}")
        return cursor.fetchone()[0]


class ComputedValuesTests(StagedTestCase):
    def reading_of(self, **values):
        return Reading.objects.create(sample=Sample.objects.create(**values))

    def test_equal_values_of_several_types(self):
        readings = [self.reading_of(data=value) for value in ALIKE]
        self.assertEqual(Reading.objects.update(data=of_sample("data")), len(ALIKE))
        for reading, value in zip(readings, ALIKE, strict=True):
            reading.refresh_from_db()
            self.assertEqual(repr(reading.data), repr(value))

    def test_what_is_stored_is_copied(self):
        self.reading_of(code="abc")
        Reading.objects.update(text=of_sample("code"), code=of_sample("code"))
        reading = Reading.objects.get()
        self.assertEqual((reading.text, reading.code), ("cba", "abc"))
        Reading.objects.update(code="xyz")
        sealed = Subquery(Reading.objects.filter(sample=OuterRef("pk")).values("code")[:1])
        Sample.objects.update(code=sealed)
        self.assertEqual(Sample.objects.get().code, "xyz")

    def test_null_of_json_is_not_null(self):
        null = Value(None, JSONField())
        with_null, without = self.reading_of(data=null), self.reading_of(data=None)
        Reading.objects.update(data={"a": "b"})
        Reading.objects.update(data=of_sample("data"))
        self.assertEqual(Reading.objects.get(data=null), with_null)
        self.assertEqual(Reading.objects.get(data__isnull=True), without)

    def test_the_server_rounds(self):
        self.reading_of(factor=0.667)
        # The same with a value of the row's own, which one statement writes.
        Reading.objects.update(factor=6.67)
        Reading.objects.update(number=F("factor"))
        expected = raw(Reading, "number")
        Reading.objects.update(number=of_sample("factor") * 10)
        self.assertEqual(raw(Reading, "number"), expected)

    def test_a_half_is_rounded_as_the_server_does_it(self):
        for half in (0.5, 1.5, 2.5):
            with self.subTest(half=half):
                Sample.objects.all().delete()
                self.reading_of(factor=half)
                Reading.objects.update(factor=half)
                Reading.objects.update(number=F("factor"))
                expected = raw(Reading, "number")
                Reading.objects.update(number=of_sample("factor"))
                self.assertEqual(raw(Reading, "number"), expected)

    values = {
        "data": {"a": ["\u00e9", None, 1.5]},
        "factor": 0.1,
        "code": "abc",
        "moment": datetime(2024, 3, 1, 12, 30, 15, 123456, tzinfo=UTC),
        "span": timedelta(days=3, microseconds=7),
        "price": Decimal("4.40"),
        "blob": b"\x00\xff'",
        "uid": uuid.UUID(int=7),
        "flag": True,
    }

    def assert_values(self, row):
        for name, value in self.values.items():
            with self.subTest(name=name):
                found = getattr(row, name)
                self.assertEqual(bytes(found) if name == "blob" else found, value)

    def test_each_kind_of_value_from_core(self):
        self.reading_of(**self.values)
        Reading.objects.update(**{name: of_sample(name) for name in self.values})
        self.assert_values(Reading.objects.get())
        for name in self.values:
            if name not in {"data", "factor"}:
                self.assertTrue(Reading.objects.filter(**{name: self.values[name]}).exists(), name)

    def test_each_kind_of_value_to_core(self):
        Reading.objects.create(sample=Sample.objects.create(), **self.values)
        readings = Reading.objects.filter(sample=OuterRef("pk"))
        Sample.objects.update(**{name: Subquery(readings.values(name)[:1]) for name in self.values})
        self.assert_values(Sample.objects.get())
        for name in self.values:
            if name not in {"data", "factor"}:
                self.assertTrue(Sample.objects.filter(**{name: self.values[name]}).exists(), name)

    def test_without_a_value(self):
        self.reading_of()
        names = ["data", "moment", "span", "price", "blob", "uid"]
        Reading.objects.update(**{name: self.values[name] for name in names})
        Reading.objects.update(**{name: of_sample(name) for name in names})
        self.assertEqual(Reading.objects.filter(**{f"{name}__isnull": True for name in names}).count(), 1)

    def test_expressions(self):
        self.reading_of(price=Decimal("4.40"), flag=True)
        flagged = Sample.objects.filter(pk=OuterRef("sample_id"), flag=True)
        Reading.objects.update(price=of_sample("price") * 2, flag=Exists(flagged))
        reading = Reading.objects.get()
        self.assertEqual((reading.price, reading.flag), (Decimal("8.80"), True))
        Sample.objects.update(
            price=Subquery(Reading.objects.filter(sample=OuterRef("pk")).values("price")[:1]) * 2
        )
        self.assertEqual(Sample.objects.get().price, Decimal("17.60"))

    def test_insert(self):
        sample = self.reading_of(**self.values).sample
        samples = Sample.objects.filter(pk=sample.pk)
        values = {name: Subquery(samples.values(name)[:1]) for name in self.values}
        Reading.objects.all().delete()
        Reading.objects.create(sample=sample, **values)
        self.assert_values(Reading.objects.get())
        Reading.objects.bulk_create([Reading(sample=sample, **values), Reading(sample=sample)])
        self.assertEqual(Reading.objects.filter(code="abc").count(), 2)
        readings = Reading.objects.filter(code="abc").order_by("pk")
        Sample.objects.create(**{name: Subquery(readings.values(name)[:1]) for name in self.values})
        self.assert_values(Sample.objects.latest("pk"))

    def test_insert_of_a_value_of_both(self):
        self.reading_of(factor=2)
        sample = self.reading_of(factor=3).sample
        spanning = Reading.objects.filter(sample__factor=3).values("sample__factor")
        Sample.objects.create(factor=Subquery(spanning[:1]) * 2)
        self.assertEqual(Sample.objects.latest("pk").factor, 6)
        Reading.objects.create(sample=sample, factor=Subquery(spanning[:1]))
        self.assertEqual(Reading.objects.latest("pk").factor, 3)

    def test_insert_of_no_row(self):
        sample = Sample.objects.create()
        none = Sample.objects.filter(factor=-1).values("uid")
        Reading.objects.create(sample=sample, uid=Subquery(none))
        self.assertIsNone(Reading.objects.get().uid)

    def test_insert_of_a_value_of_its_own_home_is_one_statement(self):
        sample = self.reading_of().sample
        text = Reading.objects.values("text")[:1]
        with CaptureQueriesContext(connections["default"]) as context:
            Reading.objects.create(sample=sample, text=Subquery(text))
        self.assertIn("SELECT", "".join(query["sql"] for query in context if "INSERT" in query["sql"]))
