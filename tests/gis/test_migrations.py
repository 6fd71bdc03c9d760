"""The geometry columns of a child come and go; those of its core stay as they are."""

import pytest

VIEW = """

    class View(models.Model):
        place = models.ForeignKey(Place, models.CASCADE)
        seen = models.PolygonField(srid=32632)
        from_where = models.PointField(srid=32632, null=True)
"""

DROP = """
    from django.db import OperationalError, connection
    with connection.schema_editor() as editor:
        try:
            editor.execute("DROP TABLE idx_places_place_location")
        except OperationalError as error:
            print(error)
"""


def test_local_geometry_columns_come_and_go(core, child, visits):
    before = core.schema(), child.schema()
    with child.changed(child.folder / "visits" / "models.py", visits + VIEW):
        child.manage("makemigrations", "visits", "--name", "view")
        child.manage("migrate")
        assert "visits_view" in child.schema()
        child.shell("""
            from django.contrib.gis.geos import Point
            quay = Place.objects.create(name="Quay", location=Point(0, 0, srid=32632))
            View.objects.create(place=quay, seen=quay.location.buffer(10))
            assert View.objects.get(seen__contains=quay.location).place.name == "Quay"
        """)
        child.manage("migrate", "visits", "0001")
    (child.folder / "visits" / "migrations" / "0002_view.py").unlink()
    assert (core.schema(), child.schema()) == before
    assert core.rows("SELECT name FROM places_place") == [("Quay",)]


def test_all_local_tables_go(core, child):
    before = core.schema()
    child.manage("migrate", "visits", "zero")
    assert not [name for name in child.schema() if "visits" in name]
    assert core.schema() == before
    child.manage("migrate")


@pytest.mark.sqlite3
def test_each_file_lists_its_own_geometry_columns(core, child):
    # SpatiaLite's own come with its metadata.
    columns = (
        "SELECT f_table_name, f_geometry_column FROM geometry_columns WHERE f_table_name <> 'iso_metadata'"
    )
    assert sorted(core.rows(columns)) == [
        ("places_place", "entrance"),
        ("places_place", "location"),
        ("places_region", "area"),
    ]
    assert sorted(child.rows(columns)) == [("visits_lighthouse", "reach"), ("visits_route", "path")]


@pytest.mark.sqlite3
def test_a_spatial_index_of_core_is_not_dropped_by_its_bare_name(core, child):
    before = core.schema()
    assert "idx_places_place_location" in before
    assert "no such table: idx_places_place_location" in child.shell(DROP)
    assert core.schema() == before


@pytest.mark.postgresql
def test_the_extension_is_made_beside_the_schema_of_core(child):
    """A test database is new: there the first that migrates, the core connection, makes it."""
    child.write(
        "visits/test_extension.py",
        """
        from django.db import connection
        from django.test import TestCase

        class ExtensionTests(TestCase):
            def test_its_schema(self):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'postgis'")
                    self.assertEqual(cursor.fetchall(), [("public",)])
        """,
    )
    assert "\nOK\n" in child.manage("test", "--noinput", "visits.test_extension").stderr
