"""A reference of two columns, which no field of Django's own makes, to rows of core."""

from django.db import connection, connections, models, transaction
from django.db.models import Count
from django.test import TransactionTestCase
from django.test.utils import isolate_apps

from tests.orm.models import CoreModel

# Their tables are not there outside of these tests.
with isolate_apps("tests.orm"):

    class Berth(CoreModel):
        id = models.IntegerField(primary_key=True)
        dock = models.IntegerField()
        number = models.IntegerField()
        name = models.CharField(max_length=20)

        class Meta:
            app_label = "orm"
            unique_together = [("dock", "number")]

        def __str__(self):
            return self.name

    class Mooring(models.Model):
        dock = models.IntegerField()
        number = models.IntegerField()
        berth = models.ForeignObject(
            Berth, models.DO_NOTHING, ["dock", "number"], ["dock", "number"], related_name="moorings"
        )
        days = models.IntegerField()

        class Meta:
            app_label = "orm"

        def __str__(self):
            return str(self.days)


class CompositeReferenceTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        with connections["core"].cursor() as cursor:
            cursor.execute(
                f"CREATE TABLE {Berth._meta.db_table} (id integer PRIMARY KEY, dock integer NOT NULL, "
                "number integer NOT NULL, name varchar(20) NOT NULL, UNIQUE (dock, number))"
            )
        self.addCleanup(self.drop)
        with connection.schema_editor() as editor:
            editor.create_model(Mooring)
        with transaction.atomic(), transaction.atomic(using="core"):
            for pk in range(6):
                Berth.objects.create(pk=pk, dock=pk // 2, number=pk % 2, name=f"{pk // 2}/{pk % 2}")
        for days, (dock, number) in enumerate([(0, 1), (1, 0), (0, 1), (2, 1), (2, 9)]):
            Mooring.objects.create(dock=dock, number=number, days=days)

    def drop(self):
        with connection.schema_editor() as editor:
            editor.delete_model(Mooring)
        with connections["core"].cursor() as cursor:
            cursor.execute(f"DROP TABLE {Berth._meta.db_table}")

    def test_rows_are_found_by_both_columns(self):
        moorings = Mooring.objects.order_by("days")
        names = ["0/1", "1/0", "0/1", "2/1"]
        self.assertEqual([m.berth.name for m in moorings.select_related("berth").filter(days__lt=9)], names)
        self.assertEqual([m.berth.name for m in moorings.select_related("berth")[1:3]], names[1:3])
        self.assertEqual(list(moorings.filter(berth__name="0/1").values_list("days", flat=True)), [0, 2])
        counted = Berth.objects.annotate(n=Count("moorings")).order_by("pk").values_list("n", flat=True)
        self.assertEqual(list(counted), [0, 2, 1, 0, 0, 1])

    def test_rows_that_are_made_in_a_block(self):
        with transaction.atomic(), transaction.atomic(using="core"):
            Berth.objects.bulk_create([Berth(pk=9, dock=2, number=9, name="late")])
        self.assertEqual(Mooring.objects.select_related("berth").get(dock=2, number=9).berth.name, "late")
