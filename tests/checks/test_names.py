"""What the checks say of the names of core tables and columns."""

import pytest
from django.db.backends.postgresql import compiler

from tests import databases
from tests.checks.messages import said_by

MODELS = """
    from django.db import models


    class CoreThing(models.Model):
        causeway_home = "core"

        class Meta:
            abstract = True


    class Thing(CoreThing):
        size = models.IntegerField(db_column={column!r})

        class Meta:
            db_table = {table!r}
"""
QUOTE = "`" if databases.engine() == "mysql" else '"'
UNBEARABLE = {
    "sqlite3": ["a%sb", "a%%b"],
    "mysql": ["a%b", "a" * 65],
    # Before Django 6.1.
    "postgresql": ["a%b", *(["a$b"] if hasattr(compiler, "SQLCompiler") else [])],
}


@pytest.fixture
def child(module_projects):
    return module_projects[1]


def check(child, status=1, *, table="things", column="size"):
    child.write_app("things", MODELS.format(table=table, column=column))
    return said_by(child, "INSTALLED_APPS += ['things']", status=status)


@pytest.mark.parametrize("name", [f"a{QUOTE}b", *UNBEARABLE[databases.engine()]])
def test_names_that_django_does_not_bear_are_refused(child, name):
    said = check(child, table=name)
    assert (
        f"things.Thing: (causeway.E019) The table {name!r} of things.Thing cannot have this name on" in said
    )
    said = check(child, column=name)
    assert f"things.Thing.size: (causeway.E019) The column {name!r} of things.Thing.size cannot have" in said


@pytest.mark.parametrize("name", ["a b", "a.b", "a'b", "a/*c*/b", "a;--b", "éééé", "SELECT"])
def test_other_names_are_borne(child, name):
    assert "no issues" in check(child, 0, table=name, column=name)


@pytest.mark.sqlite3
def test_a_percent_sign_is_borne_where_nothing_is_joined(child):
    assert (
        "things.Thing: (causeway.W019) The table 'a%b' of things.Thing is found on SQLite by what"
        in check(child, 0, table="a%b")
    )


def test_a_table_that_names_its_schema_is_warned_of(child):
    name = f"a{QUOTE}.{QUOTE}b"
    assert f"(causeway.W019) The table {name!r} of things.Thing says in which schema" in check(
        child, 0, table=name
    )


@pytest.mark.postgresql
def test_columns_that_are_one_where_names_are_cut_are_refused(child):
    long = "é" * 31
    other = f"size = models.IntegerField(db_column={f'{long}ay'!r})"
    assert "no issues" in check(child, 0, column=f"{long}ax")
    child.write_app(
        "things", MODELS.replace("size", f"{other}\n        size2", 1).format(table="a", column=f"{long}ax")
    )
    said = said_by(child, "INSTALLED_APPS += ['things']", status=1)
    assert f"(causeway.E019) The column {f'{long}ax'!r} of things.Thing.size2 cannot have this name" in said
    assert "it is cut there, and so it is that of things.Thing.size as well" in said
