"""A core model with geometry columns, used by a child over a backend that wraps GeoDjango's."""

import pytest

from tests.databases import engine

TESTS = 26
# What the engine itself has not: everything else is the same on each.
SKIPPED = {"sqlite3": 0, "mysql": 6, "postgresql": 0}


@pytest.mark.parametrize("arguments", [[], ["--parallel", "2"]], ids=["alone", "in two processes"])
def test_the_suite_passes_on_test_databases(child, arguments):
    said = child.manage("test", "--noinput", *arguments).stderr
    assert f"Ran {TESTS} tests" in said
    assert (f"\nOK (skipped={SKIPPED[engine()]})\n" if SKIPPED[engine()] else "\nOK\n") in said


def test_what_the_core_project_writes_is_found_by_its_geometry(core, child):
    core.shell("""
        from django.contrib.gis.geos import Point
        Place.objects.create(name="Quay", location=Point(500_000, 5_500_000, srid=32632))
    """)
    found = child.shell("""
        from django.contrib.gis.geos import Polygon
        Visit.objects.create(place=Place.objects.get(), reader="Ada")
        town = Polygon.from_bbox((499_000, 5_499_000, 501_000, 5_501_000))
        visit = Visit.objects.select_related("place").get(place__location__within=town)
        print(visit.reader, visit.place.name, visit.place.location.coords)
    """)
    assert found == "Ada Quay (500000.0, 5500000.0)"


def test_nothing_is_to_be_said_of_the_backend(child):
    # This core project does without 'causeway', SQLite prepares nothing, and servers of tests are not durable.
    child.add_settings("SILENCED_SYSTEM_CHECKS = ['causeway.W006', 'causeway.W020', 'causeway.W022']")
    # (GeoDjango has a word on the version of GDAL.)
    said = child.manage("check", "--database=default", "--database=core", "--tag=causeway", "--tag=database")
    assert "no issues" in said.stdout


def test_each_connection_introspects_its_own_geometry_columns(child):
    core_models = child.manage("inspectdb", "--database", "core", "places_place").stdout
    local_models = child.manage("inspectdb", "visits_route").stdout
    assert "location = models.PointField(" in core_models
    assert "path = models.LineStringField(" in local_models
