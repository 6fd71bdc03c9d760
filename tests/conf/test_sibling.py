"""``causeway.sibling()``: the settings of another database on the same server."""

from copy import deepcopy
from pathlib import Path

import pytest

from causeway import sibling

SERVER = {
    "ENGINE": "causeway.backends.mysql",
    "NAME": "daily",
    "HOST": "db.example.org",
    "PORT": 3307,
    "USER": "press",
    "PASSWORD": "secret",
    "CONN_MAX_AGE": 60,
    "OPTIONS": {"charset": "utf8mb4"},
    "TEST": {"NAME": "daily_in_test", "CHARSET": "utf8mb4", "DEPENDENCIES": ["other"], "MIRROR": "other"},
}


def file(name, test_name=None):
    """Settings of an SQLite file."""
    settings = {"ENGINE": "causeway.backends.sqlite3", "NAME": name}
    return {**settings, "TEST": {"NAME": test_name}} if test_name else settings


def test_it_is_on_the_same_server_under_another_name():
    found = sibling(SERVER, NAME="wire")
    same = {key: value for key, value in SERVER.items() if key not in {"NAME", "TEST"}}
    assert {key: found[key] for key in same} == same
    assert found["NAME"] == "wire"
    assert set(found) == set(SERVER)


def test_its_test_database_has_the_name_that_django_gives():
    found = sibling(SERVER, NAME="wire")
    assert found["TEST"] == {"CHARSET": "utf8mb4"}


def test_what_it_is_given_stays_as_it_is():
    before = deepcopy(SERVER)
    found = sibling(SERVER, NAME="wire")
    found["OPTIONS"]["charset"] = "latin1"
    found["TEST"]["CHARSET"] = "latin1"
    assert before == SERVER


def test_further_settings_are_replaced():
    found = sibling(SERVER, NAME="wire", USER="reader", OPTIONS={}, TEST={"NAME": "wire_in_test"})
    assert (found["USER"], found["OPTIONS"], found["TEST"]) == ("reader", {}, {"NAME": "wire_in_test"})
    assert found["PASSWORD"] == "secret"


def test_a_sibling_of_a_sibling():
    assert sibling(sibling(SERVER, NAME="wire"), NAME="daily") == {**SERVER, "TEST": {"CHARSET": "utf8mb4"}}


def test_settings_without_a_test_entry_get_none():
    assert sibling({"ENGINE": "causeway.backends.mysql", "NAME": "daily"}, NAME="wire") == {
        "ENGINE": "causeway.backends.mysql",
        "NAME": "wire",
    }


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_has_a_sibling_file(kind):
    assert sibling(file(kind("/daily/db.sqlite3")), NAME=kind("/wire/db.sqlite3")) == file(
        kind("/wire/db.sqlite3")
    )


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize(
    ("name", "test_name", "other"),
    [
        ("/daily/db.sqlite3", "/daily/test_db.sqlite3", "/wire/db.sqlite3"),
        ("/daily/db.sqlite3", "/daily/test.sqlite3", "/daily/wire.sqlite3"),
        ("/var/daily.sqlite3", "/tmp/test_wire.sqlite3", "/var/wire.sqlite3"),
        ("daily.sqlite3", "test_daily.sqlite3", "wire.sqlite3"),
        ("daily", "test", "wire"),
    ],
)
def test_the_test_file_of_a_sibling_is_its_own(kind, name, test_name, other):
    """Also where both projects have Django's usual file name."""
    found = sibling(file(kind(name), kind(test_name)), NAME=kind(other))
    taken = {Path(path) for path in (name, test_name, other)}
    assert Path(found["TEST"]["NAME"]) not in taken
    assert Path(found["TEST"]["NAME"]).parent == Path(test_name).parent


def test_two_siblings_of_one_file_name_have_two_test_files():
    default = file("/daily/db.sqlite3", "/daily/test_db.sqlite3")
    found = {str(sibling(default, NAME=f"/{name}/db.sqlite3")["TEST"]["NAME"]) for name in ("wire", "desk")}
    assert len(found) == 2


@pytest.mark.parametrize("test_name", [":memory:", "file:test?mode=memory&cache=shared"])
def test_the_test_database_of_a_sibling_is_in_memory_where_that_of_the_child_is(test_name):
    found = sibling(file("/daily/db.sqlite3", test_name), NAME="/wire/db.sqlite3")
    assert found["TEST"]["NAME"] == ":memory:"


def test_a_sibling_in_a_project_is_another_database(child_project, core_project):
    """Both test databases stand at once, whatever ``TEST`` the child's settings have.

    On PostgreSQL they are schemas of one.
    """
    name = f"test_{child_project.database}_own"
    if child_project.databases.engine == "sqlite3":
        name = child_project.databases.name(f"{child_project.database}_test")
    core = child_project.databases.name(core_project.database)
    child_project.add_settings(f"""
        DATABASES["default"]["TEST"] = {{"NAME": {name!r}}}
        DATABASES["core"] = sibling(DATABASES["default"], NAME={core!r})
    """)
    child_project.write(
        "comments/tests.py",
        """
        from articles.models import Author
        from comments.models import Content
        from django.db import connections
        from django.test import TransactionTestCase


        class NameTests(TransactionTestCase):
            databases = {"default", "core"}

            def test_each_has_its_own(self):
                names = {str(connections[alias].settings_dict["NAME"]) for alias in self.databases}
                self.assertEqual(len(names), 1 if connections["core"].vendor == "postgresql" else 2)
                Content.contents.create(title="Shared", slug="shared")
                self.assertFalse(Content.objects.exists())
        """,
    )
    assert "\nOK\n" in child_project.manage("test").stderr
