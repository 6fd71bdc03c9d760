"""What core is asked for in place of a condition finds all rows that the child's database would find."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps.registry import Apps
from django.db import models
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Cast, Collate, Upper
from django.db.models.sql.where import AND

from causeway.placements.staged import bytewise
from causeway.placements.staged.meaning import Meaning
from tests import databases
from tests.placements.carrying import connected, insert, make_table, results
from tests.placements.values.models import Specimen
from tests.placements.values.rows import TEXTS

CHILD = databases.engine()
LOOKUPS = ["exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith"]
LOOKUPS += ["lt", "lte", "gt", "gte"]
# Of which some other row has the same in other letters, or which begins another row's.
MORE = ["Harbour Bridge", "harbour bridge", "HARBOUR BRIDGE!", "I", "i", "İ", "ı", "É", "\u212a", "k", "K"]
VALUES = [value for value in TEXTS if value is not None] + MORE


@pytest.fixture(scope="module", params=databases.PRODUCTS)
def pair(request, django_db_blocker):
    """Connections to core and to the child's database, which have the same rows."""
    with django_db_blocker.unblock(), connected(request.param) as (core, child):
        for connection in (core, child):
            make_table(connection, Specimen)
            insert(
                connection,
                Specimen,
                [Specimen(id=key, char=value) for key, value in enumerate([*VALUES, None], 1)],
            )
        yield core, child


@pytest.fixture
def core_of_another_language(pair):
    """A core whose own rules for texts are those of Turkish, where I is not the capital of i."""
    core, child = pair
    if core.vendor != "postgresql" or child.vendor != "sqlite":
        pytest.skip("This is about SQLite and PostgreSQL.")
    change = "ALTER TABLE values_specimen ALTER COLUMN char TYPE varchar(30) COLLATE {}"
    with core.cursor() as cursor:
        cursor.execute(change.format('"tr-x-icu"'))
        yield core, child
        cursor.execute(change.format('"default"'))


def found(connection, condition):
    queryset = Specimen.objects.order_by()
    queryset.query.where.add(condition, AND)
    return {key for (key,) in results(connection, queryset.values_list("id"))}


def are_alike(core, child):
    """Whether the two are of one engine. MySQL and MariaDB are not, and have collations of their own."""
    return core.ops.dialect() == child.ops.dialect()


def assert_nothing_is_missed(core, child):
    """Returns for which lookups core is asked."""
    meaning, asked = Meaning(child, core), set()
    for lookup in LOOKUPS:
        for value in VALUES:
            (condition,) = Specimen.objects.filter(**{f"char__{lookup}": value}).query.where.children
            there = meaning.asked_there(condition)
            if there is not None:
                asked.add(lookup)
                assert found(child, condition) <= found(core, there), (lookup, value)
    return asked


@pytest.mark.parametrize("indexed", [False, True])
def test_no_row_is_missed(pair, indexed, monkeypatch):
    core, child = pair
    monkeypatch.setattr(bytewise, "is_indexed", lambda field: indexed)
    asked = assert_nothing_is_missed(core, child)
    if child.vendor == "sqlite" or are_alike(core, child):
        # MySQL's collation is not known to find more than these.
        assert asked == (set(LOOKUPS) if core.vendor != "mysql" or child.vendor == "mysql" else {"exact"})


@pytest.mark.parametrize("indexed", [False, True])
def test_nor_in_another_language(core_of_another_language, indexed, monkeypatch):
    monkeypatch.setattr(bytewise, "is_indexed", lambda field: indexed)
    assert assert_nothing_is_missed(*core_of_another_language) == set(LOOKUPS)


def assert_same_order(core, child):
    column, there = Specimen.objects.order_by("char").query.resolve_ref("char"), None
    rows = Specimen.objects.filter(char__isnull=False).values_list("id")
    for descending in (False, True):
        there = Meaning(child, core).order_there(column, descending=descending)
        if there is not None:
            here = rows.order_by(F("char").desc() if descending else F("char").asc(), "id")
            assert results(child, here) == results(core, rows.order_by(there, "id"))
    return there


def test_rows_come_in_the_same_order(pair):
    core, child = pair
    there = assert_same_order(core, child)
    is_told = child.vendor == "sqlite" and core.vendor == "postgresql"
    assert (there is not None) == (is_told or are_alike(core, child))


def test_also_in_another_language(core_of_another_language):
    assert assert_same_order(*core_of_another_language) is not None


def test_the_index_that_django_makes_of_texts_helps(pair):
    core, child = pair
    if core.vendor != "postgresql" or child.vendor != "sqlite":
        pytest.skip("This is about SQLite and PostgreSQL.")
    names = ["Harbour", "harbour", "hill", "Quay"]
    indexed = type(
        "Indexed",
        (models.Model,),
        {
            "__module__": __name__,
            "Meta": type("Meta", (), {"apps": Apps(), "app_label": "values"}),
            "name": models.CharField(max_length=30, db_index=True),
        },
    )
    make_table(core, indexed, [indexed(id=key, name=name) for key, name in enumerate(names)])
    with core.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_sort = off")
    meaning = Meaning(child, core)
    column = indexed.objects.order_by("name").query.resolve_ref("name")
    for descending in (False, True):
        ordered = indexed.objects.using("origin").order_by(meaning.order_there(column, descending=descending))
        assert "Index" in ordered.explain()
        assert [row.name for row in ordered] == sorted(names, reverse=descending)
    for lookup, value, expected in (
        ("startswith", "haRB", {"Harbour", "harbour"}),
        ("iexact", "HILL", {"hill"}),
        ("istartswith", "h", {"Harbour", "harbour", "hill"}),
        ("lt", "a", {"Harbour", "Quay"}),
    ):
        (condition,) = indexed.objects.filter(**{f"name__{lookup}": value}).query.where.children
        asked = indexed.objects.using("origin").order_by()
        asked.query.where.add(meaning.asked_there(condition), AND)
        assert {row.name for row in asked} == expected
        assert "Index Cond" in asked.explain()
    with core.cursor() as cursor:
        cursor.execute("RESET enable_seqscan; RESET enable_sort")


def test_what_the_childs_database_may_have_alone_is_not_asked_for(pair):
    core, child = pair
    own = Func(F("char"), function="own_function", output_field=TextField())
    named = Upper("char", function="own_function")
    collated = Collate(Value("a"), "own_collation")
    for queryset in (
        Specimen.objects.alias(own=own).filter(own="a"),
        Specimen.objects.alias(own=named).filter(own="a"),
        Specimen.objects.filter(char=collated),
    ):
        (condition,) = queryset.query.where.children
        assert Meaning(child, core).asked_there(condition) is None


# Values that one engine takes and the next raises for: in most, there is no such row.
ODD = [
    *((name, lookup, "a\0b") for name in ("char", "text") for lookup in LOOKUPS),
    *(("char", lookup, "\ud800") for lookup in ("exact", "contains")),
    *(("text", lookup, "x" * 5_000_000) for lookup in ("exact", "contains", "startswith", "iexact")),
    *(("date", lookup, day) for lookup in ("exact", "lt", "gte") for day in (date.min, date.max)),
    *(
        ("moment", lookup, moment.replace(tzinfo=UTC))
        for lookup in ("exact", "lt", "gte")
        for moment in (datetime.min, datetime.max)
    ),
    *(
        ("duration", lookup, span)
        for lookup in ("exact", "lt", "gte")
        for span in (timedelta.min, timedelta.max)
    ),
    *((name, "gt", number) for name in ("integer", "big") for number in (2**31, 2**63, 10**30, -(10**30))),
    ("char", "in", ["a", "a\0b"]),
    ("integer", "in", [1, 2**63]),
    ("date", "range", [date.min, date.max]),
]


def test_nor_what_core_cannot_be_given(pair):
    core, child = pair
    meaning = Meaning(child, core)
    for name, lookup, value in ODD:
        try:
            (condition,) = Specimen.objects.filter(**{f"{name}__{lookup}": value}).query.where.children
            expected = found(child, condition)
        except Exception:  # noqa: BLE001 (the child's database alone raises, too)
            continue
        there = meaning.asked_there(condition)
        assert there is None or expected <= found(core, there), (name, lookup, repr(value)[:30])


def test_integers_that_core_can_be_given_are_asked_for(pair):
    core, child = pair
    (condition,) = Specimen.objects.filter(integer__in=[1, 2**63 - 1]).query.where.children
    assert Meaning(child, core).asked_there(condition) is not None


def test_nor_the_text_of_a_moment_in_another_time_zone(pair):
    _, child = pair
    away = child.copy()
    away.settings_dict["TIME_ZONE"] = "America/New_York"
    shown = Cast("moment", TextField())
    (condition,) = Specimen.objects.alias(shown=shown).filter(shown__startswith="2024").query.where.children
    assert Meaning(child, child).asked_there(condition) is condition
    assert Meaning(child, away).asked_there(condition) is None
    away.close()
