"""Values that not every pair of engines has, or that settings and columns give another meaning."""

import datetime
import functools
import json
from contextlib import contextmanager
from decimal import Decimal
from uuid import UUID

import pytest
from django.apps.registry import Apps
from django.db import DatabaseError, OperationalError, models
from django.test import override_settings

from causeway.exceptions import PlacementError
from tests import databases
from tests.placements.carrying import connected, fetched, make_table, results, temporary

CHILD = databases.engine()
# By engine, one that tells less apart, or more, than the database's own.
COLLATIONS = {"sqlite3": "nocase", "mysql": "utf8mb4_bin", "mariadb": "utf8mb4_bin", "postgresql": "C"}
MYSQL_AND_MARIADB = ["mysql", "mariadb"]
UTC = datetime.UTC


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker):
    with django_db_blocker.unblock():
        yield


@pytest.fixture(params=databases.PRODUCTS)
def core_engine(request):
    return request.param


def model_with(db_table="values_further", /, **fields):
    """A model with these fields beside its key."""
    meta = type("Meta", (), {"apps": Apps(), "app_label": "values", "db_table": db_table})
    return type("Further", (models.Model,), {"__module__": __name__, "Meta": meta, **fields})


def assert_carried(core, child, rows, queryset):
    """The queryset finds over both vehicles what it finds in a table of the child's own with the rows; return that."""
    make_table(core, queryset.model, rows)
    relation = fetched(core, child, queryset.model.objects.all())
    make_table(child, queryset.model, rows)
    return assert_found_alike(child, queryset, relation)


def assert_found_alike(child, queryset, relation):
    """The queryset finds over both vehicles what it finds in the child's table; return that."""
    expected = results(child, queryset)
    if child.ops.carries_inline(relation.columns):
        assert results(child, queryset, relation, child.ops.inline_relation(relation)) == expected, "inline"
    with temporary(child, relation) as body:
        assert results(child, queryset, relation, body) == expected, "temporary"
    return expected


def assert_exact(child, queryset, relation, value):
    """The queryset finds nothing but that value over both vehicles, and it is of the same type."""
    with temporary(child, relation) as body:
        for vehicle in (child.ops.inline_relation(relation), body):
            assert repr(results(child, queryset, relation, vehicle)) == repr([(value,)])


def assert_refused(child, relation):
    """Neither vehicle takes the relation, for what is in its column ``value``."""
    with pytest.raises(PlacementError, match="the column 'value' holds a value that"):
        child.ops.inline_relation(relation)
    with pytest.raises(PlacementError, match="Filter out the rows"), temporary(child, relation):
        pass


def test_decimals_keep_all_digits(core_engine):
    # SQLite has fifteen.
    digits = "123456789012345" if "sqlite3" in {core_engine, CHILD} else "12345678901234567890123456789"
    values = [Decimal(f"-{digits}e-12"), Decimal(f"{digits}e-12"), Decimal("1e-12"), None]
    model = model_with(value=models.DecimalField(max_digits=30, decimal_places=12, null=True))
    rows = [model(id=number, value=value) for number, value in enumerate(values, 1)]
    with connected(core_engine) as (core, child):
        queryset = model.objects.order_by("value").filter(value__lt=values[1] + 1).values_list("value")
        assert assert_carried(core, child, rows, queryset) == [(values[0],), (values[2],), (values[1],)]


# On SQLite, Django rounds what it reads.
@pytest.mark.mysql
@pytest.mark.postgresql
@pytest.mark.parametrize("core_engine", [*MYSQL_AND_MARIADB, "postgresql"])
@pytest.mark.parametrize("value", ["1.23900", "-12345.67000", "0.00001", "-999999999999999.99999"])
def test_decimals_with_more_digits_than_the_model_says_are_carried_whole(core_engine, value):
    stored = model_with(value=models.DecimalField(max_digits=20, decimal_places=5))
    model = model_with(value=models.DecimalField(max_digits=5, decimal_places=2))
    with connected(core_engine) as (core, child):
        make_table(core, stored, [stored(id=1, value=Decimal(value))])
        relation = fetched(core, child, model.objects.all())
        assert_exact(child, model.objects.values_list("value"), relation, Decimal(value))


# The other engines keep durations as integers.
def test_duration_of_too_many_microseconds_is_refused():
    value = datetime.timedelta(days=200_000_000)
    model = model_with(value=models.DurationField())
    with connected("postgresql") as (core, child):
        make_table(core, model, [model(id=1, value=value)])
        relation = fetched(core, child, model.objects.all())
        if CHILD == "postgresql":
            assert_exact(child, model.objects.values_list("value"), relation, value)
        else:
            assert_refused(child, relation)


INFINITE = {float("inf"), float("-inf")}


@pytest.mark.parametrize(
    ("core_engine", "value"),
    [
        *(("postgresql", value) for value in (*INFINITE, float("nan"), Decimal("NaN"))),
        *(("sqlite3", value) for value in INFINITE),
    ],
)
def test_numbers_that_count_nothing_are_carried_or_refused(core_engine, value):
    field = (
        models.FloatField()
        if isinstance(value, float)
        else models.DecimalField(max_digits=5, decimal_places=2)
    )
    model = model_with(value=field)
    with connected(core_engine) as (core, child):
        make_table(core, model)
        with core.cursor() as cursor:
            cursor.execute("INSERT INTO values_further (id, value) VALUES (1, %s)", [value])
        relation = fetched(core, child, model.objects.all())
        if CHILD == "postgresql" or (CHILD == "sqlite3" and value in INFINITE):
            assert_exact(child, model.objects.values_list("value"), relation, value)
        else:
            assert_refused(child, relation)


MOMENTS = [
    datetime.datetime(2024, 10, 27, 0, 30, 0, 1, tzinfo=UTC),
    datetime.datetime(2024, 7, 1, 12, 0, tzinfo=UTC),
    datetime.datetime(2024, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime.datetime(1970, 1, 1, tzinfo=UTC),
]


@pytest.mark.parametrize(
    ("core_zone", "child_zone"),
    [("Europe/Berlin", "America/New_York"), (None, "Asia/Kolkata"), ("Asia/Kolkata", "Asia/Kolkata")],
)
def test_moments_are_the_same_in_other_time_zones(core_engine, core_zone, child_zone):
    model = model_with(value=models.DateTimeField())
    rows = [model(id=number, value=value) for number, value in enumerate(MOMENTS, 1)]
    with connected(core_engine, {"TIME_ZONE": core_zone}, {"TIME_ZONE": child_zone}) as (core, child):
        queryset = model.objects.order_by("id").filter(value__in=MOMENTS).values_list("value")
        assert assert_carried(core, child, rows, queryset) == [(value,) for value in MOMENTS]


def test_moments_without_time_zones_are_the_same(core_engine):
    model = model_with(value=models.DateTimeField())
    values = [value.replace(tzinfo=None) for value in MOMENTS]
    rows = [model(id=number, value=value) for number, value in enumerate(values, 1)]
    with (
        override_settings(USE_TZ=False, TIME_ZONE="America/New_York"),
        connected(core_engine) as (core, child),
    ):
        queryset = model.objects.order_by("id").filter(value__in=values).values_list("value")
        assert assert_carried(core, child, rows, queryset) == [(value,) for value in values]


def test_collation_of_a_field_is_kept(core_engine):
    # A model names a collation that both databases have: here each has its own.
    model, on_core = (
        model_with(value=models.CharField(max_length=20, db_collation=COLLATIONS[engine]))
        for engine in (databases.product(), core_engine)
    )
    texts = ["b", "B", "a", "A", "é", "E", "z", "Z", "ß", "ss"]
    with connected(core_engine) as (core, child):
        make_table(core, on_core, [on_core(id=number, value=text) for number, text in enumerate(texts, 1)])
        rows = [model(id=number, value=text) for number, text in enumerate(texts, 1)]
        make_table(child, model, rows)
        relation = fetched(core, child, on_core.objects.all())
        relation.columns = tuple(
            column._replace(field=model._meta.get_field(column.name)) for column in relation.columns
        )
        relation.keys = frozenset(["value"])
        with temporary(child, relation) as body:
            for queryset in (
                model.objects.order_by("value", "id"),
                model.objects.filter(value="b").order_by("id"),
                model.objects.filter(value__lt="b").order_by("id"),
            ):
                expected = results(child, queryset.values_list("value"))
                for vehicle in (child.ops.inline_relation(relation), body):
                    assert results(child, queryset.values_list("value"), relation, vehicle) == expected


@pytest.mark.parametrize(
    ("field", "greatest"),
    [
        (models.PositiveSmallIntegerField(), 2**16 - 1),
        (models.PositiveIntegerField(), 2**32 - 1),
        (models.PositiveBigIntegerField(), 2**64 - 1),
    ],
)
@pytest.mark.parametrize("core_engine", MYSQL_AND_MARIADB)
def test_unsigned_integers_of_mysql_are_carried_or_refused(core_engine, field, greatest):
    model = model_with(value=field)
    with connected(core_engine) as (core, child):
        make_table(core, model, [model(id=1, value=0)])
        with core.cursor() as cursor:
            cursor.execute("UPDATE values_further SET value = %s", [greatest])
        relation = fetched(core, child, model.objects.all())
        if CHILD == "mysql" or (CHILD == "sqlite3" and greatest < 2**63):
            assert_exact(child, model.objects.values_list("value"), relation, greatest)
        else:
            assert_refused(child, relation)


# SQLite keeps a value of any type in any column.
@pytest.mark.mysql
@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("on_core", "field", "value"),
    [
        (models.BigIntegerField(), models.IntegerField(), 2**31),
        (models.BigIntegerField(), models.IntegerField(), -(2**31) - 1),
        (models.IntegerField(), models.SmallIntegerField(), 2**20),
        (models.IntegerField(), models.BooleanField(), 300),
        (models.FloatField(), models.IntegerField(), 1.5),
        (models.TextField(), models.IntegerField(), "abc"),
        (models.TextField(), models.IntegerField(), "1"),
        (models.TextField(), models.FloatField(), "abc"),
        (models.BinaryField(), models.TextField(), b"ab"),
        (models.IntegerField(), models.TextField(), 1),
    ],
    ids=str,
)
def test_value_that_its_column_does_not_hold_is_refused(core_engine, on_core, field, value):
    # Core's table may hold more than its model says.
    stored, model = model_with(value=on_core), model_with(value=field)
    with connected(core_engine) as (core, child):
        make_table(core, stored, [stored(id=1, value=value)])
        relation = fetched(core, child, model.objects.all())
        assert_refused(child, relation)


def test_integers_within_a_range_that_a_model_restricts_are_carried(core_engine):
    # Without the constraint of its own table, PostgreSQL has no unsigned integers.
    stored, model = model_with(value=models.IntegerField()), model_with(value=models.PositiveIntegerField())
    with connected(core_engine) as (core, child):
        make_table(core, stored, [stored(id=1, value=-1)])
        relation = fetched(core, child, model.objects.all())
        if CHILD == "mysql":
            assert_refused(child, relation)
        else:
            assert_exact(child, model.objects.values_list("value"), relation, -1)


@pytest.mark.parametrize("core_engine", ["sqlite3", *MYSQL_AND_MARIADB])
def test_text_with_nul_is_carried_or_refused(core_engine):
    for field in (models.CharField(max_length=20), models.TextField()):
        model = model_with(value=field)
        with connected(core_engine) as (core, child):
            make_table(core, model, [model(id=1, value="a\0b")])
            relation = fetched(core, child, model.objects.all())
            if CHILD == "postgresql":
                assert_refused(child, relation)
            else:
                assert_exact(child, model.objects.values_list("value"), relation, "a\0b")


# JSON with an escaped NUL, and with half of a pair of surrogates.
WITH_NUL = [r'{"a": "\u0000"}', r'{"\u0000": 1}', r'["\\\u0000"]']
WITH_HALVES = [
    r'["\ud800"]',
    r'["\uDC00"]',
    r'["\ud83d\\\ude00"]',
    r'["\ud83d\ud83d\ude00"]',
    r'["\ud83d\ude00\ude00"]',
]


def carried_json(core, child, text):
    """A model with a JSON column, and the relation of a row that has this text in it on core."""
    model = model_with(value=models.JSONField())
    make_table(core, model, [model(id=1, value=0)])
    with core.cursor() as cursor:
        cursor.execute("UPDATE values_further SET value = %s", [text])
    return model, fetched(core, child, model.objects.all())


# PostgreSQL keeps none of these, SQLite all, MySQL and MariaDB NUL alone; but what is carried to MariaDB is a text.
@pytest.mark.parametrize(
    ("core_engine", "text"),
    [
        *((engine, text) for engine in ("sqlite3", *MYSQL_AND_MARIADB) for text in WITH_NUL),
        *(("sqlite3", text) for text in WITH_HALVES),
    ],
)
def test_json_without_characters_is_carried_or_refused(core_engine, text):
    with connected(core_engine) as (core, child):
        model, relation = carried_json(core, child, text)
        if CHILD == "postgresql" or (databases.product() == "mysql" and text in WITH_HALVES):
            assert_refused(child, relation)
        else:
            assert_exact(child, model.objects.values_list("value"), relation, json.loads(text))


@pytest.mark.parametrize("core_engine", ["sqlite3", *MYSQL_AND_MARIADB])
@pytest.mark.parametrize(
    "text", [r'["\\u0000"]', r'["\\ud800"]', r'["\uD83D\uDE00"]', '["\U0001f600"]', r'["\u00e9"]']
)
def test_json_with_escapes_is_carried(core_engine, text):
    with connected(core_engine) as (core, child):
        model, relation = carried_json(core, child, text)
        assert_exact(child, model.objects.values_list("value"), relation, json.loads(text))


# MySQL has integers of 64 bits in JSON, and makes a float of a larger one without a word.
@pytest.mark.parametrize("core_engine", ["sqlite3", "mariadb", "postgresql"])
@pytest.mark.parametrize("integer", [2**64 - 1, -(2**63), 2**64, -(2**63) - 1])
def test_integers_in_json_are_carried_or_refused(core_engine, integer):
    with connected(core_engine) as (core, child):
        model, relation = carried_json(core, child, json.dumps({"9" * 20: [integer]}))
        if databases.product() == "mysql" and not -(2**63) <= integer < 2**64:
            assert_refused(child, relation)
        else:
            queryset = model.objects.values_list("value")
            assert_exact(child, queryset, relation, {"9" * 20: [integer]})


@contextmanager
def connected_with(core_engine, collation):
    """Connections to two databases, the child's with that collation for all texts of which nothing else is said."""
    with connected(core_engine) as (core, child):
        with child.cursor() as cursor:
            name = child.ops.quote_name(child.settings_dict["NAME"])
            try:
                cursor.execute(f"ALTER DATABASE {name} COLLATE {collation}")
            except OperationalError:
                pytest.skip(f"{child.display_name} has no collation {collation}")
        yield core, child


@pytest.mark.mysql
@pytest.mark.parametrize(
    "collation",
    [
        *(
            "utf8mb4_bin",
            "utf8mb4_general_ci",
            "utf8mb4_unicode_ci",
            "utf8mb4_0900_ai_ci",
            "utf8mb4_0900_as_cs",
        ),
        *("utf8mb3_general_ci", "latin1_swedish_ci", "latin1_bin"),
    ],
)
def test_texts_have_the_collation_of_the_childs_database(collation):
    texts = ["b", "B", "b ", "a", "A", "é", "E", "z", "Z", "ß", "ss"]
    fields = {"value": models.CharField, "long": models.TextField, "uuid": models.UUIDField}
    model, local = (
        model_with(table, **{name: field(max_length=20) for name, field in fields.items()})
        for table in ("values_further", "values_local")
    )
    rows, others = (
        [
            kind(id=number, value=text, long=text, uuid=UUID(int=number))
            for number, text in enumerate(texts, 1)
        ]
        for kind in (model, local)
    )
    with connected_with("sqlite3", collation) as (core, child):
        make_table(child, local, others[::2])
        assert_carried(core, child, rows, model.objects.order_by("value", "id").values_list("id"))
        relation = fetched(core, child, model.objects.all())
        for name in fields:
            for queryset in (
                model.objects.filter(**{f"{name}__in": local.objects.values(name)}),
                model.objects.filter(**{f"{name}__gte": getattr(rows[0], name)}),
                model.objects.filter(**{name: getattr(rows[0], name)}),
            ):
                assert_found_alike(child, queryset.order_by("id").values_list("id"), relation)


@pytest.mark.mysql
@pytest.mark.parametrize("collation", ["utf8mb3_general_ci", "latin1_swedish_ci"])
def test_text_beyond_the_character_set_of_the_childs_database_is_refused(collation):
    model = model_with(value=models.CharField(max_length=20))
    with connected_with("sqlite3", collation) as (core, child):
        make_table(core, model, [model(id=1, value="\U0001f600")])
        relation = fetched(core, child, model.objects.all())
        refused = (PlacementError, DatabaseError)
        if child.ops.carries_inline(relation.columns):
            with pytest.raises(refused):
                child.ops.inline_relation(relation)
        with pytest.raises(refused), temporary(child, relation):
            pass


@pytest.mark.postgresql
def test_postgresqls_own_types_are_carried():
    from django.contrib.postgres import fields
    from django.db.backends.postgresql.psycopg_any import DateRange, NumericRange

    array = functools.partial(fields.ArrayField, null=True)
    model = model_with(
        texts=array(models.CharField(max_length=30, null=True)),
        matrix=array(array(models.IntegerField())),
        decimals=array(models.DecimalField(max_digits=30, decimal_places=12)),
        days=array(models.DateField()),
        blobs=array(models.BinaryField()),
        span=fields.IntegerRangeField(null=True),
        stay=fields.DateRangeField(null=True),
        period=fields.DateTimeRangeField(null=True),
    )
    rows = [
        model(
            id=1,
            texts=["a", None, 'quote " and \\ {x,y}', "", "NULL"],
            matrix=[[1, 2], [3, 4]],
            decimals=[Decimal("123456789012345678.123456789012")],
            days=[datetime.date(2024, 2, 29)],
            blobs=[b"\x00\xff", b""],
            span=NumericRange(1, 5),
            stay=DateRange(datetime.date(2024, 1, 1), None),
            period=(MOMENTS[0], MOMENTS[2]),
        ),
        model(id=2),
        model(id=3, texts=[], matrix=[], span=NumericRange(empty=True)),
    ]
    with connected("postgresql") as (core, child):
        everything = assert_carried(core, child, rows, model.objects.order_by("id"))
        assert everything[0][1] == rows[0].texts
        assert everything[0][2] == rows[0].matrix


@pytest.mark.postgresql
@pytest.mark.parametrize(("extension", "declared"), [("citext", "citext"), ("hstore", "hstore")])
def test_types_of_extensions_are_carried(extension, declared):
    class ExtensionField(models.Field):
        def db_type(self, connection):
            return declared

    model = model_with(value=ExtensionField(null=True))
    rows = [model(id=1, value='"a"=>"B"'), model(id=2), model(id=3, value="")]
    with connected("postgresql") as (core, child):
        for connection in (core, child):
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA pg_catalog")
        found = assert_carried(core, child, rows, model.objects.order_by("id"))
        assert found == [(1, '"a"=>"B"'), (2, None), (3, "")]
