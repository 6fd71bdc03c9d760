"""A core project with geometry columns and its child, on GeoDjango's backend of the session's engine.

The child's backend is the one that the documentation shows, taken from its page.
"""

import re
import sqlite3
from pathlib import Path
from textwrap import dedent

import pytest

from tests.databases import core_engine, engine

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "wrap-a-backend.rst"
SUITE = Path(__file__).with_name("suite.py").read_text()

# GeoDjango's backend of each engine, as Django and as the page name it.
DJANGO = {"sqlite3": "spatialite", "mysql": "mysql", "postgresql": "postgis"}
OURS = {"sqlite3": "spatialite", "mysql": "mysql_gis", "postgresql": "postgis"}

PLACES = """
    from django.contrib.gis.db import models


    class Region(models.Model):
        name = models.CharField(max_length=100)
        area = models.PolygonField(srid=32632)


    class Place(models.Model):
        name = models.CharField(max_length=100)
        location = models.PointField(srid=32632)
        entrance = models.PointField(srid=32632, null=True)
"""

VISITS = """
    from django.contrib.gis.db import models

    from places.models import Place


    class Visit(models.Model):
        place = models.ForeignKey(Place, models.CASCADE, related_name="visits")
        reader = models.CharField(max_length=100)


    class Route(models.Model):
        name = models.CharField(max_length=100)
        path = models.LineStringField(srid=32632)
        end = models.ForeignKey(Place, models.SET_NULL, null=True)


    class Lighthouse(Place):
        reach = models.PolygonField(srid=32632)
"""


def backend_of_the_page(engine):
    """The code that the page shows for an engine."""
    path = f"yourproject/backends/{OURS[engine]}/base.py"
    found = re.search(rf"^ +# {re.escape(path)}\n(?P<code>(?: .*\n|\n)+)", PAGE.read_text(), re.MULTILINE)
    assert found, f"{PAGE} has no {path}"
    return dedent(found["code"])


@pytest.fixture(scope="session", autouse=True)
def extensions_can_be_loaded():
    if "sqlite3" in {engine(), core_engine()} and not hasattr(sqlite3.Connection, "enable_load_extension"):
        pytest.exit(
            "The sqlite3 of this Python cannot load extensions, and SpatiaLite is one. Debian's Python "
            "can: make test-gis.",
            returncode=pytest.ExitCode.USAGE_ERROR,
        )


@pytest.fixture(scope="module")
def projects(module_projects):
    """The core project, on Django's backend, and its child: both migrated, with rows."""
    core, child = module_projects
    core.write_app("places", PLACES, core.shared)
    child.write_app("visits", VISITS)
    engines = {"default": engine(), "core": core_engine()}
    for name in set(engines.values()):
        child.write(f"backends/{OURS[name]}/base.py", backend_of_the_page(name))
    core.add_settings(f"""
        DATABASES["default"]["ENGINE"] = "django.contrib.gis.db.backends.{DJANGO[core_engine()]}"
    """)
    child.add_settings(f"""
        DATABASES["default"]["ENGINE"] = "backends.{OURS[engine()]}"
        DATABASES["core"]["ENGINE"] = "backends.{OURS[core_engine()]}"
        CAUSEWAY["core"]["MODELS"].append("places")
    """)
    core.add_settings("INSTALLED_APPS += ['django.contrib.gis', 'places']")
    child.add_settings("INSTALLED_APPS += ['django.contrib.gis', 'places', 'visits']")
    for project, alias, owner in ((core, "default", core), (child, "default", child), (child, "core", core)):
        if engines["default" if owner is child else "core"] == "postgresql":
            # PostGIS stands in the schema ``public``, which every search path goes on with.
            owner.rows("CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public")
            project.add_settings(f"""
                DATABASES[{alias!r}]["OPTIONS"] = {{"options": "-c search_path={owner.database},public"}}
            """)
    core.migrate()
    child.migrate()
    child.write("visits/tests.py", SUITE)
    return core, child


@pytest.fixture
def core(projects):
    return projects[0]


@pytest.fixture
def child(projects):
    return projects[1]


@pytest.fixture
def visits():
    """The text of the child's models."""
    return VISITS
