"""Each way in which a core table can differ from its model is told in a line of its own."""

from unittest import mock

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models
from django.db.models.functions import Lower
from django.test import override_settings

from causeway.drift import differences
from tests.databases import engine
from tests.drift.models import COLLATION, Draft, Everything, Holding, Keyed, Numbered, Subject, Unique
from tests.drift.versions import DDLTestCase, altered, made_as, version

# How the catalog of the engine writes types, and how Django does.
LIVE = {
    "mysql": {
        "text": "varchar({})",
        "number": "int",
        "big": "bigint",
        "float": "double",
        "moment": "datetime(6)",
    },
    "postgresql": {
        "text": "character varying({})",
        "number": "integer",
        "big": "bigint",
        "float": "double precision",
        "moment": "timestamp with time zone",
    },
    "sqlite3": {
        "text": "varchar({})",
        "number": "integer",
        "big": "bigint",
        "float": "real",
        "moment": "datetime",
    },
}[engine()]
DECIMAL = "decimal" if engine() == "sqlite3" else "numeric(8, 2)"

REMEDY = "Run migrate in the core project, or install the version of the app that it runs."


def lines():
    return [str(difference) for difference in differences("core")]


def column(name, says):
    return f"drift.Subject.{name}: The column {name!r} of the core table 'drift_subject' {says}. {REMEDY}"


def table(says):
    return f"drift.Subject: The core table 'drift_subject' {says}. {REMEDY}"


def generated(expression):
    return models.GeneratedField(expression=expression, output_field=models.IntegerField(), db_persist=True)


NO_COUNTER = [column("id", "does not count up by itself, as the BigAutoField asks")]
if engine() == "sqlite3":
    # Only an integer does.
    NO_COUNTER.append(column("id", "is bigint, the field asks for integer"))

CONSTRAINTS_KNOWN_BY_NAME = {"drift_conditional", "drift_expression"}

CASES = {
    "a column is missing": (
        {"without": ["price"]},
        f"drift.Subject.price: The core table 'drift_subject' has no column 'price'. {REMEDY}",
    ),
    "a text is shorter": (
        {"title": models.CharField(max_length=90)},
        column("title", f"is {LIVE['text'].format(90)}, the field asks for varchar(100)"),
    ),
    "a text is longer": (
        {"slug": models.CharField(max_length=51, unique=True)},
        column("slug", f"is {LIVE['text'].format(51)}, the field asks for varchar(50)"),
    ),
    "a text is a number": (
        {"title": models.IntegerField()},
        column("title", f"is {LIVE['number']}, the field asks for varchar(100)"),
    ),
    "a decimal is a float": (
        {"price": models.FloatField()},
        column("price", f"is {LIVE['float']}, the field asks for {DECIMAL}"),
    ),
    "a number is larger": (
        {"rank": models.BigIntegerField(db_default=1)},
        column("rank", f"is {LIVE['big']}, the field asks for integer"),
    ),
    "a text is a moment": (
        {"note": models.DateTimeField(null=True)},
        column("note", f"is {LIVE['moment']}, the field asks for varchar(20)"),
    ),
    "a column may be NULL": (
        {"title": models.CharField(max_length=100, null=True)},
        column("title", "may be NULL, the field must not be"),
    ),
    "a column must not be NULL": (
        {"note": models.CharField(max_length=20)},
        column("note", "must not be NULL, the field may be"),
    ),
    "a column has no default": (
        {"rank": models.IntegerField()},
        column("rank", "has no default, the field has a db_default"),
    ),
    "a column is generated": (
        {
            "price": models.GeneratedField(
                expression=models.F("rank") * 1.0,
                output_field=models.DecimalField(max_digits=8, decimal_places=2),
                db_persist=True,
            )
        },
        column("price", "is a generated one, the field asks for no generated one"),
    ),
    "a column is not generated": (
        {"double": models.IntegerField()},
        column("double", "is no generated one, the field asks for a generated one"),
    ),
    "a number does not count up": (
        {"id": models.BigIntegerField(primary_key=True)},
        *NO_COUNTER,
    ),
    "another column is needed": (
        {"isbn": models.CharField(max_length=13)},
        "drift.Subject: The core table 'drift_subject' has a column 'isbn' that the model lacks, NOT NULL without a "
        "default: no row can be inserted. Install the version of the app that the core project runs, or give the "
        "column a default there.",
    ),
    "another primary key": (
        {"id": models.BigIntegerField(), "slug": models.CharField(max_length=50, primary_key=True)},
        table("has (slug) for its primary key, the model (id)"),
        *NO_COUNTER,
    ),
    "a column is not unique": (
        {"slug": models.CharField(max_length=50)},
        table("does not hold (slug) unique, the model does"),
    ),
    "a unique_together is missing": (
        {"options": {"unique_together": ()}},
        table("does not hold (rank, title) unique, the model does"),
    ),
    "a unique constraint is missing": (
        {"options": {"constraints": []}},
        table("does not hold (note, rank) unique, the model does"),
    ),
    "another column is unique": (
        {"title": models.CharField(max_length=100, unique=True)},
        table("holds (title) unique, the model does not"),
    ),
    "another unique constraint": (
        {"options": {"unique_together": (("title", "rank"), ("title", "price"))}},
        table("holds (price, title) unique, the model does not"),
    ),
}


UNHARMFUL = {
    "may be NULL": {"isbn": models.CharField(max_length=13, null=True)},
    "has a default": {"isbn": models.CharField(max_length=13, db_default="none")},
    "is generated": {"isbn": generated(models.F("rank") + 1)},
    # With another column beside it, what is unique by itself stays so.
    "is unique with a unique one": {"options": {"unique_together": (("title", "rank"), ("slug", "price"))}},
}


class TableTests(DDLTestCase):
    def test_no_difference_where_django_made_the_tables(self):
        self.assertEqual(lines(), [])

    def test_another_version_of_the_model_made_the_table(self):
        for case, (change, *expected) in CASES.items():
            with self.subTest(case), made_as(Subject, version(Subject, **change)):
                self.assertCountEqual(lines(), expected)

    def test_what_the_model_need_not_know_is_no_difference(self):
        for case, change in UNHARMFUL.items():
            with self.subTest(case), made_as(Subject, version(Subject, **change)):
                self.assertEqual(lines(), [])

    def test_several_differences_have_a_line_each(self):
        title, note = models.CharField(max_length=90, null=True), models.IntegerField()
        with made_as(Subject, version(Subject, without=["price"], title=title, note=note)):
            said = [str(difference.subject) for difference in differences("core")]
        fields = ["title", "title", "price", "note", "note"]
        self.assertEqual(said, [f"drift.Subject.{name}" for name in fields])

    def test_a_column_that_is_needed_is_no_difference_to_a_project_that_only_reads(self):
        core = {**settings.CAUSEWAY["core"], "READ_ONLY": True}
        other = version(Subject, isbn=models.CharField(max_length=13))
        with made_as(Subject, other), override_settings(CAUSEWAY={"core": core}):
            self.assertEqual(lines(), [])

    def test_a_table_is_missing(self):
        with made_as(Subject, None):
            said = lines()
        self.assertEqual(
            said, [f"drift.Subject: The core database 'core' has no table 'drift_subject'. {REMEDY}"]
        )

    def test_the_table_of_a_many_to_many_field_is_compared(self):
        through = Everything.others.through
        rename = "ALTER TABLE drift_everything_others RENAME COLUMN to_everything_id TO other_id"
        with altered(through, rename):
            said = lines()
        self.assertIn(
            f"drift.Everything_others.to_everything: The core table 'drift_everything_others' has no column "
            f"'to_everything_id'. {REMEDY}",
            said,
        )

    def test_the_core_table_of_a_model_with_two_managers_is_compared(self):
        with made_as(Draft, version(Draft, title=models.CharField(max_length=90))):
            (line,) = lines()
        self.assertIn("drift.Draft.title: The column 'title' of the core table 'drift_draft' is ", line)

    def test_the_local_table_of_a_model_with_two_managers_is_not_compared(self):
        with made_as(Draft, version(Draft, title=models.CharField(max_length=90)), alias="default"):
            self.assertEqual(lines(), [])

    # SQLite's types of numbers have no digits.
    @pytest.mark.mysql
    @pytest.mark.postgresql
    def test_a_decimal_has_other_digits(self):
        with made_as(Subject, version(Subject, price=models.DecimalField(max_digits=9, decimal_places=3))):
            (line,) = lines()
        self.assertIn("(9,3), the field asks for numeric(8, 2).", line)

    @pytest.mark.mysql
    def test_a_number_has_no_sign(self):
        with made_as(Subject, version(Subject, rank=models.PositiveIntegerField(db_default=1))):
            self.assertEqual(lines(), [column("rank", "is int unsigned, the field asks for integer")])

    @pytest.mark.postgresql
    def test_an_array_is_of_something_else(self):
        model = apps.get_model("drift", "EverythingOfPostgreSQL")
        with altered(model, f"ALTER TABLE {model._meta.db_table} ALTER words TYPE varchar(13)[]"):
            (line,) = lines()
        self.assertIn("is character varying(13)[], the field asks for varchar(12)[].", line)

    @pytest.mark.sqlite3
    def test_names_that_the_file_has_are_no_part_of_a_statement(self):
        with altered(Subject, 'CREATE UNIQUE INDEX "it""s; (`x`) %s" ON drift_subject (note)'):
            (line,) = lines()
        self.assertIn("holds (note) unique", line)

    # MariaDB has no such constraints.
    @pytest.mark.sqlite3
    @pytest.mark.postgresql
    def test_constraints_of_some_rows_and_of_expressions_are_known_by_name(self):
        constraints = [
            models.UniqueConstraint(
                fields=["slug"], condition=models.Q(number=2), name="another_conditional"
            ),
            models.UniqueConstraint(Lower("title"), name="another_expression"),
            *(one for one in Unique._meta.constraints if one.name not in CONSTRAINTS_KNOWN_BY_NAME),
        ]
        with made_as(Unique, version(Unique, options={"constraints": constraints})):
            said = lines()
        start = "drift.Unique: The core table 'drift_unique' has"
        self.assertEqual(
            said,
            [
                f"{start} no unique constraint 'drift_conditional', the model has. {REMEDY}",
                f"{start} no unique constraint 'drift_expression', the model has. {REMEDY}",
                f"{start} a unique constraint 'another_conditional', the model has not. {REMEDY}",
                f"{start} a unique constraint 'another_expression', the model has not. {REMEDY}",
            ],
        )

    def test_a_column_has_not_the_collation_that_the_field_asks_for(self):
        with made_as(Everything, version(Everything, collated=models.CharField(max_length=17))):
            (line,) = lines()
        self.assertIn("The column 'collated' of the core table 'drift_everything' has the collation ", line)
        self.assertIn(f", the field asks for {COLLATION!r}.", line)

    def test_a_view_is_compared_by_its_columns(self):
        """It holds nothing unique, and has no key."""
        other = version(Subject, options={"db_table": "drift_elsewhere"})
        view = "CREATE VIEW drift_subject AS SELECT id, title, slug, price FROM drift_elsewhere"
        with made_as(Subject, other), connections["core"].cursor() as cursor:
            cursor.execute(view)
            try:
                said = lines()
            finally:
                cursor.execute("DROP VIEW drift_subject")
        names = ["rank", "note", "double"]
        missing = "The core table 'drift_subject' has no column"
        self.assertEqual(said, [f"drift.Subject.{name}: {missing} {name!r}. {REMEDY}" for name in names])

    def test_the_models_that_are_named_are_compared_alone(self):
        with made_as(Subject, None), made_as(Numbered, None):
            found = differences("core", [Numbered, Keyed])
        self.assertEqual([difference.subject for difference in found], [Numbered])


class JoinTests(DDLTestCase):
    """The columns by which a local table is joined with a core table."""

    def test_a_foreign_key_has_not_the_type_of_the_key(self):
        other = version(Holding, keyed=models.IntegerField(db_column="keyed_id"))
        with made_as(Holding, other, alias="default"):
            said = lines()
        self.assertEqual(
            said,
            [
                f"drift.Holding.keyed: The column 'keyed_id' of the local table 'drift_holding' is {LIVE['number']}, "
                f"the key that it refers to asks for varchar(20). Alter it here, in a migration with RunSQL: the "
                f"core project's migrations do not reach it."
            ],
        )

    def test_other_columns_of_a_local_table_are_not_compared(self):
        other = version(Holding, more=models.TextField(), object_id=models.CharField(max_length=21))
        with made_as(Holding, other, alias="default"):
            self.assertEqual(lines(), [])

    def test_a_local_column_has_another_collation(self):
        """It is a foreign key, or the number of a generic one."""
        for name, column in (("keyed", "keyed_id"), ("object_id", "object_id")):
            collated = models.CharField(max_length=20, db_collation=COLLATION, db_column=column)
            other = version(Holding, **{name: collated})
            with self.subTest(name), made_as(Holding, other, alias="default"):
                (line,) = lines()
                self.assertIn(
                    f"drift.Holding.{name}: The column {column!r} of the local table 'drift_holding' has the "
                    f"collation {COLLATION!r}, the core column 'code' of 'drift_keyed' has '",
                    line,
                )
                self.assertIn(": a join of them fails or finds other rows. Alter it here to '", line)

    def test_the_core_column_has_another_collation(self):
        code = models.CharField(max_length=20, primary_key=True, db_collation=COLLATION)
        with made_as(Keyed, version(Keyed, code=code)):
            subjects = [str(difference.subject) for difference in differences("core")]
        self.assertCountEqual(subjects, ["drift.Holding.keyed", "drift.Holding.object_id"])

    def test_a_local_table_that_is_not_there_yet(self):
        with made_as(Holding, None, alias="default"):
            self.assertEqual(lines(), [])


class OtherEngineTests(DDLTestCase):
    """A backend of an engine whose catalog is not known."""

    def setUp(self):
        for connection in map(connections.__getitem__, ("default", "core")):
            patcher = mock.patch.object(connection, "vendor", "other")
            patcher.start()
            self.addCleanup(patcher.stop)

    def test_it_is_refused(self):
        with self.assertRaisesMessage(
            ImproperlyConfigured,
            "Cannot compare the models with the core database 'core': causeway knows the catalogs of mysql, "
            "postgresql, sqlite, not that of other.",
        ):
            differences("core")

    def test_the_system_check_passes_it_over(self):
        with made_as(Subject, None):
            self.assertEqual(connections["default"].validation.check_tables("core"), [])
