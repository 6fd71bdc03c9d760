"""The tests of a child project whose core has geometry columns: copied into it as ``visits/tests.py``.

Coordinates are metres east and north of a corner of the grid.
"""

from django.contrib.gis.db.models import Extent, Union
from django.contrib.gis.db.models.functions import Distance, Intersection, Transform
from django.contrib.gis.geos import LineString, Point, Polygon
from django.contrib.gis.measure import D
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.db.models import Count, Exists, F, OuterRef, Subquery
from django.test import TestCase
from places.models import Place, Region
from visits.models import Lighthouse, Route, Visit

import causeway

# A query at import, which many projects have by mistake: the connection to production is open, and
# its geometry known, before the runner puts test databases in its place.
assert not Place.objects.filter(location__isnull=True).exists()

SRID = 32632
EAST, NORTH = 500_000, 5_500_000


def point(east, north=0):
    return Point(EAST + east, NORTH + north, srid=SRID)


def area(west, south, east, north):
    polygon = Polygon.from_bbox((EAST + west, NORTH + south, EAST + east, NORTH + north))
    polygon.srid = SRID
    return polygon


def names(queryset):
    return list(queryset.values_list("name", flat=True))


class GeoTestCase(TestCase):
    databases = {"default", "core"}

    @classmethod
    def setUpTestData(cls):
        cls.quay = Place.objects.create(name="Quay", location=point(0))
        cls.mill = Place.objects.create(name="Mill", location=point(3000))
        cls.tower = Place.objects.create(name="Tower", location=point(12_000))
        cls.town = Region.objects.create(name="Town", area=area(-1000, -1000, 5000, 5000))
        cls.moor = Region.objects.create(name="Moor", area=area(10_000, -1000, 20_000, 1000))
        cls.coast = Route.objects.create(
            name="Coast", path=LineString(point(-500), point(4000), srid=SRID), end=cls.mill
        )
        for reader, place in (("Ada", cls.quay), ("Ada", cls.mill), ("Bea", cls.mill), ("Cem", cls.tower)):
            Visit.objects.create(reader=reader, place=place)


class LookupTests(GeoTestCase):
    """Local rows found by the geometry of their core rows, and the other way round."""

    def readers(self, **lookups):
        found = Visit.objects.filter(**lookups).order_by("reader")
        return list(found.values_list("reader", flat=True).distinct())

    def test_within(self):
        self.assertEqual(self.readers(place__location__within=self.town.area), ["Ada", "Bea"])
        self.assertEqual(self.readers(place__location__within=self.moor.area), ["Cem"])

    def test_intersects(self):
        path = LineString(point(3000, -10), point(3000, 10), srid=SRID)
        self.assertEqual(self.readers(place__location__intersects=path), ["Ada", "Bea"])

    def test_disjoint_by_exclusion(self):
        found = Visit.objects.exclude(place__location__within=self.town.area)
        self.assertEqual([visit.reader for visit in found], ["Cem"])

    def test_distance(self):
        self.assertEqual(self.readers(place__location__distance_lte=(point(0), D(km=1))), ["Ada"])
        self.assertEqual(self.readers(place__location__distance_gt=(point(0), D(km=5))), ["Cem"])

    def test_dwithin(self):
        if "dwithin" not in connection.ops.gis_operators:
            self.skipTest("this engine has no dwithin")
        self.assertEqual(self.readers(place__location__dwithin=(point(3000), D(m=100))), ["Ada", "Bea"])

    def test_a_core_geometry_contains_that_of_another_core_table(self):
        inside = Place.objects.filter(location__within=OuterRef("area")).order_by()
        number = inside.values(region=OuterRef("pk")).annotate(number=Count("pk")).values("number")
        found = Region.objects.annotate(number=Subquery(number)).order_by("name")
        self.assertEqual(list(found.values_list("name", "number")), [("Moor", 1), ("Town", 2)])

    def test_a_core_geometry_meets_a_local_one_without_a_foreign_key(self):
        crossed = Region.objects.filter(Exists(Route.objects.filter(path__intersects=OuterRef("area"))))
        self.assertEqual(names(crossed), ["Town"])
        routes = Route.objects.filter(
            Exists(Region.objects.filter(name="Moor", area__intersects=OuterRef("path")))
        )
        self.assertEqual(names(routes), [])

    def test_a_local_geometry_is_compared_with_the_core_one_it_refers_to(self):
        self.assertEqual(names(Route.objects.filter(path__intersects=F("end__location"))), ["Coast"])
        Route.objects.update(end=self.tower)
        self.assertEqual(names(Route.objects.filter(path__intersects=F("end__location"))), [])


class FunctionTests(GeoTestCase):
    def test_distance_of_the_core_row_annotates_and_orders_local_rows(self):
        found = Visit.objects.annotate(distance=Distance("place__location", point(12_000))).order_by(
            "distance", "reader"
        )
        distances = [(visit.reader, visit.distance) for visit in found]
        self.assertEqual([reader for reader, _ in distances], ["Cem", "Ada", "Bea", "Ada"])
        self.assertEqual(
            [round(getattr(distance, "km", distance)) for _, distance in distances], [0, 9, 9, 12]
        )

    def test_distance_between_a_local_and_a_core_geometry(self):
        route = Route.objects.annotate(rest=Distance("path", "end__location")).get()
        self.assertEqual(round(route.rest.m), 0)

    def test_intersection_of_a_local_and_a_core_geometry(self):
        part = (
            Region.objects.filter(name="Town").annotate(part=Intersection("area", self.coast.path)).get().part
        )
        self.assertEqual(round(part.length), 4500)

    def test_transformation(self):
        if not connection.features.supports_transform:
            self.skipTest("this engine has one coordinate system")
        visit = Visit.objects.annotate(degrees=Transform("place__location", 4326)).get(reader="Cem")
        self.assertEqual((round(visit.degrees.x, 2), round(visit.degrees.y, 2)), (9.17, 49.65))
        degrees = point(0)
        degrees.transform(4326)
        near = Visit.objects.filter(place__location__distance_lte=(degrees, D(m=10)))
        self.assertEqual(near.get().reader, "Ada")


class AggregateTests(GeoTestCase):
    def test_extent_of_core_geometries_over_local_rows(self):
        if not connection.features.supports_extent_aggr:
            self.skipTest("this engine has no Extent")
        visits = Visit.objects.filter(reader__in=["Ada", "Bea"])
        self.assertEqual(
            visits.aggregate(extent=Extent("place__location"))["extent"], (EAST, NORTH, EAST + 3000, NORTH)
        )

    def test_extent_by_local_column(self):
        if not connection.features.supports_extent_aggr:
            self.skipTest("this engine has no Extent")
        found = Visit.objects.values("reader").annotate(extent=Extent("place__location")).order_by("reader")
        widths = [(row["reader"], row["extent"][2] - row["extent"][0]) for row in found]
        self.assertEqual(widths, [("Ada", 3000), ("Bea", 0), ("Cem", 0)])

    def test_union_of_core_geometries_over_local_rows(self):
        if not connection.features.supports_union_aggr:
            self.skipTest("this engine has no Union")
        union = Visit.objects.aggregate(union=Union("place__location"))["union"]
        self.assertEqual(union.srid, SRID)
        self.assertEqual(sorted(round(one.x - EAST) for one in union), [0, 3000, 12_000])

    def test_local_rows_are_counted_by_core_row(self):
        found = Place.objects.filter(location__within=self.town.area).annotate(number=Count("visits"))
        self.assertEqual(
            list(found.values_list("name", "number").order_by("name")), [("Mill", 2), ("Quay", 1)]
        )


class RowTests(GeoTestCase):
    def test_a_geometry_comes_with_its_row(self):
        self.assertEqual(
            Visit.objects.select_related("place").get(reader="Cem").place.location.coords,
            point(12_000).coords,
        )
        self.assertEqual(Visit.objects.get(reader="Cem").place.location.srid, SRID)
        values = Visit.objects.filter(reader="Cem").values_list("place__location", flat=True)
        self.assertEqual([value.coords for value in values], [point(12_000).coords])

    def test_a_missing_geometry_comes_as_none(self):
        Place.objects.filter(name="Mill").update(entrance=point(3001))
        found = Visit.objects.filter(place__name__in=["Mill", "Tower"]).order_by("reader")
        entrances = [visit.place.entrance for visit in found.select_related("place")]
        self.assertEqual([found and found.coords for found in entrances], [(EAST + 3001, NORTH)] * 2 + [None])
        self.assertEqual(Visit.objects.filter(place__entrance__isnull=True).count(), 2)

    def test_geometries_of_many_rows(self):
        buoys = [Place(name=f"Buoy {x}", location=point(x, -5000)) for x in range(3000)]
        Place.objects.bulk_create(buoys)
        ends = Place.objects.filter(name__startswith="Buoy").in_bulk(field_name="id").values()
        path = LineString(point(-1, -5000), point(2999, -5000), srid=SRID)
        Route.objects.bulk_create([Route(name="Buoys", path=path, end=end) for end in ends])
        found = Route.objects.filter(name="Buoys", path__intersects=F("end__location"))
        self.assertEqual(found.count(), 3000)
        self.assertEqual(found.filter(end__location__within=area(-10, -6000, 9.5, -4000)).count(), 10)

    def test_a_geometry_is_updated(self):
        Place.objects.filter(visits__reader="Cem").update(location=point(1000))
        self.assertTrue(Visit.objects.filter(reader="Cem", place__location__within=self.town.area).exists())
        self.mill.location = point(15_000)
        self.mill.save()
        self.assertEqual(Place.objects.filter(location__within=self.moor.area).get(), self.mill)

    def test_rows_are_made_in_bulk(self):
        Place.objects.bulk_create([Place(name=f"Buoy {x}", location=point(x, -5000)) for x in range(3)])
        south = area(-10, -6000, 10, -4000)
        self.assertEqual(Place.objects.filter(location__within=south).count(), 3)

    def test_a_deletion_takes_local_rows_along(self):
        Place.objects.filter(location__within=self.town.area).delete()
        self.assertEqual(Visit.objects.get().reader, "Cem")
        self.assertIsNone(Route.objects.get().end)

    def test_a_local_child_of_a_core_parent_has_the_geometry_of_both(self):
        Lighthouse.objects.create(name="Light", location=point(0, 2000), reach=area(-9000, -9000, 9000, 9000))
        found = Lighthouse.objects.filter(location__within=self.town.area, reach__intersects=self.coast.path)
        self.assertEqual(found.get().name, "Light")
        self.assertTrue(Place.objects.filter(location=point(0, 2000), lighthouse__isnull=False).exists())

    def test_the_core_table_refuses_a_missing_geometry(self):
        # MySQL's error is one that Django has for no IntegrityError.
        core = connections["core"]
        is_mysql = core.vendor == "mysql" and not core.mysql_is_mariadb
        with self.assertRaises(OperationalError if is_mysql else IntegrityError), transaction.atomic():
            Place.objects.create(name="Nowhere")


class CoreConnectionTests(TestCase):
    databases = {"default", "core"}

    def test_spatial_queries_run_on_the_core_connection(self):
        places = Place.objects.using("core")
        places.create(name="Quay", location=point(0))
        places.create(name="Tower", location=point(12_000))
        found = places.filter(location__distance_lte=(point(1000), D(km=5)))
        self.assertEqual([(place.name, place._state.db) for place in found], [("Quay", "core")])
        nearest = places.annotate(distance=Distance("location", point(12_000))).order_by("distance")
        self.assertEqual([place.name for place in nearest], ["Tower", "Quay"])

    def test_each_database_has_its_coordinate_systems(self):
        if not connection.features.has_spatialrefsys_table:
            self.skipTest("this engine has no table of coordinate systems")
        for alias in ("default", "core"):
            if not connections[alias].features.has_spatialrefsys_table:
                continue
            systems = connections[alias].ops.spatial_ref_sys().objects.using(alias)
            self.assertIn("UTM zone 32N", systems.get(srid=SRID).srs.name)
            with connections[alias].cursor() as cursor:
                table = causeway.table(systems.model, using=alias)
                cursor.execute(f"SELECT count(*) FROM {table} WHERE srid = {SRID}")
                self.assertEqual(cursor.fetchone()[0], 1)
