"""Rows carried from core stand in a statement of the child as its own table would."""

import pytest
from django.db.models import Avg, Count, F, Max, Min, Q, Sum, TextField
from django.db.models.functions import Concat, Length, TruncDate, TruncHour, TruncMonth, Upper

from causeway.placements.staged.relation import Relation
from tests import databases
from tests.placements.carrying import connected, fetched, make_table, results, temporary
from tests.placements.values.models import Local, Specimen
from tests.placements.values.rows import NUL, NUMBERS, VALUES, specimens

CHILD = databases.engine()
COLUMNS = [field.attname for field in Specimen._meta.local_concrete_fields]
TEXTS = ["char", "slug", "text", "secret", "file"]
# What equals a JSON value is another question; a secret is kept differently each time in life.
COMPARED = [column for column in COLUMNS if column not in {"json", "secret"}]


class Pair:
    """The same rows in core, carried to the child by both vehicles, and in a table of the child's own."""

    def __init__(self, core_engine, core, child):
        has_nul = "postgresql" not in {core_engine, CHILD}
        more = {"char": [NUL], "text": [NUL]} if has_nul else {}
        self.core, self.child = core, child
        make_table(core, Specimen, specimens(Specimen, **more))
        make_table(child, Specimen, specimens(Specimen, **more))
        make_table(child, Local, specimens(Local, **more))
        self.relation = fetched(core, child, Specimen.objects.all(), keys=["id", "char", "owner_id"])

    def assert_same(self, queryset):
        """The queryset finds over either vehicle what it finds in a table of the child's own; return that."""
        expected = results(self.child, queryset)
        for vehicle, body in self.vehicles.items():
            assert results(self.child, queryset, self.relation, body) == expected, vehicle
        return expected


@pytest.fixture(scope="module", params=databases.PRODUCTS)
def pair(request, django_db_blocker):
    with django_db_blocker.unblock(), connected(request.param) as (core, child):
        pair = Pair(request.param, core, child)
        with temporary(child, pair.relation) as body:
            inline = child.ops.inline_relation(pair.relation)
            pair.vehicles = {"inline": inline, "temporary": body}
            yield pair


@pytest.fixture
def rows():
    return Specimen.objects.order_by("id")


@pytest.mark.parametrize("column", COLUMNS)
def test_values_arrive_as_they_are(pair, rows, column):
    pair.assert_same(rows.values_list("id", column))


def test_columns_that_have_types_of_every_engine_arrive_together(pair, rows):
    # These PostgreSQL is sent in binary.
    plain = [column for column in COLUMNS if column not in {"json", "address", "note", "dashed"}]
    kept = [COLUMNS.index(column) for column in plain]
    columns = tuple(pair.relation.columns[position] for position in kept)
    taken = [tuple(row[position] for position in kept) for row in pair.relation.rows]
    relation = Relation(pair.relation.name, columns, taken)
    queryset = rows.values_list(*plain)
    with temporary(pair.child, relation, "causeway_plain") as body:
        assert results(pair.child, queryset, relation, body) == results(pair.child, queryset)


@pytest.mark.parametrize("column", [column for column in VALUES if column in COMPARED])
def test_values_are_found(pair, rows, column):
    for value in VALUES[column]:
        if value is not None:
            found = pair.assert_same(rows.filter(**{column: value}).values_list("id"))
            assert found, f"no row has {value!r}"
    pair.assert_same(rows.filter(**{f"{column}__isnull": True}).values_list("id"))


@pytest.mark.parametrize("column", [column for column in VALUES if column in COMPARED])
def test_values_are_compared(pair, rows, column):
    values = [value for value in VALUES[column] if value is not None]
    for value in values[:4]:
        for lookup in ("lt", "gte"):
            pair.assert_same(rows.filter(**{f"{column}__{lookup}": value}).values_list("id"))
    pair.assert_same(rows.filter(**{f"{column}__in": values}).values_list("id"))


@pytest.mark.parametrize("column", COLUMNS)
def test_values_are_sorted_and_grouped(pair, column):
    pair.assert_same(Specimen.objects.order_by(column, "id").values_list("id"))
    if column != "json":
        pair.assert_same(Specimen.objects.order_by(column).values_list(column).distinct())
        grouped = Specimen.objects.values(column).annotate(rows=Count("id"), least=Min("id"))
        pair.assert_same(grouped.order_by("least").values_list("rows", "least"))


@pytest.mark.parametrize("column", COLUMNS)
def test_values_equal_those_of_a_table(pair, rows, column):
    if column != "json":
        theirs = Local.objects.filter(**{f"{column}__isnull": False}).values(column)
        assert pair.assert_same(rows.filter(**{f"{column}__in": theirs}).values_list("id"))


@pytest.mark.parametrize("column", NUMBERS)
def test_numbers_are_summed_up(pair, rows, column):
    # The greatest have no sum.
    few = Specimen.objects.filter(id__lt=4).order_by("boolean").values("boolean")
    pair.assert_same(few.annotate(a=Sum(column), b=Avg(column), c=Max(column), d=Min(column)))
    pair.assert_same(rows.filter(id__lt=4).annotate(other=F(column) * 3 + 1).values_list("other"))


def test_durations_are_summed_up_and_added(pair, rows):
    pair.assert_same(Specimen.objects.values("boolean").order_by("boolean").annotate(total=Sum("duration")))
    later = F("moment") + F("duration")
    pair.assert_same(rows.filter(id__lt=4).annotate(later=later).values_list("later"))


@pytest.mark.parametrize("column", TEXTS)
def test_texts_are_matched(pair, rows, column):
    lookups = ("startswith", "istartswith", "contains", "icontains", "iexact", "endswith", "regex")
    for lookup in lookups:
        for value in ("a", "B", "é", "\\", "%", "_", "'", " "):
            value = value if lookup != "regex" or value != "\\" else r"\\"
            pair.assert_same(rows.filter(**{f"{column}__{lookup}": value}).values_list("id"))
    derived = rows.annotate(
        a=Upper(column), b=Length(column), c=Concat(column, "slug", output_field=TextField())
    )
    pair.assert_same(derived.values_list("a", "b", "c"))


@pytest.mark.parametrize("part", ["year", "month", "day", "week", "week_day", "quarter", "iso_year"])
def test_dates_have_parts(pair, rows, part):
    pair.assert_same(rows.values_list(f"date__{part}", f"moment__{part}"))
    pair.assert_same(rows.filter(**{f"moment__{part}__gte": 7}).values_list("id"))


def test_moments_have_parts(pair, rows):
    pair.assert_same(rows.values_list("moment__hour", "moment__second", "time__hour", "time__second"))
    truncated = rows.filter(moment__isnull=False).annotate(
        a=TruncMonth("moment"), b=TruncDate("moment"), c=TruncHour("moment")
    )
    pair.assert_same(truncated.values_list("a", "b", "c"))
    pair.assert_same(rows.filter(moment__date="2024-02-29").values_list("id"))


@pytest.mark.parametrize(
    "condition",
    [
        Q(json__a=1),
        Q(json__a="1"),
        Q(json__a=None),
        Q(json__a__isnull=True),
        Q(json__b__c=2**53 + 1),
        Q(json__b__0=1),
        Q(json__é__icontains="'QUOTED'"),
        Q(json__é__startswith="\U0001f600"),
        Q(json__has_key="a"),
        Q(json__has_keys=["a", "b"]),
        Q(json__isnull=True),
        Q(json="text"),
        Q(json=[]),
        Q(json={}),
        Q(json={"a": "1", "b": {"c": 2**53 + 1}}),
    ],
    ids=str,
)
def test_json_is_looked_into(pair, rows, condition):
    pair.assert_same(rows.filter(condition).values_list("id"))
    pair.assert_same(rows.exclude(condition).values_list("id"))


def test_json_null_is_no_null(pair, rows):
    null = [row[0] for row in pair.assert_same(rows.filter(json__isnull=True).values_list("id"))]
    assert null == [row.id for row in specimens(Specimen) if row.json is None]


def test_keys_of_json_are_sorted(pair, rows):
    pair.assert_same(rows.values_list("json__a", "json__b__c"))
    pair.assert_same(Specimen.objects.order_by("json__a", "id").values_list("id"))
