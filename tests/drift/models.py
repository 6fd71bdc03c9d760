"""Core models of every kind of column, and models that are joined with core tables by other than numbers."""

# ruff: noqa: DJ001, DJ008  (columns that may be NULL are the point; rows that no test shows as text)

import uuid

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.functions import Lower, Now

from causeway.models import CoreManager
from tests.databases import engine
from tests.orm.models import CoreModel

# A collation that is not the default, by engine.
COLLATION = {"mysql": "utf8mb4_bin", "postgresql": "C", "sqlite3": "NOCASE"}[engine()]


class WithClause(models.IntegerField):
    """A field of a project's own, which writes more than a type."""

    def db_type(self, connection):
        return "integer DEFAULT 5"


class Everything(CoreModel):
    """A column of each field of Django's."""

    id = models.SmallAutoField(primary_key=True)
    big = models.BigIntegerField()
    binary = models.BinaryField(max_length=100)
    boolean = models.BooleanField(default=False)
    char = models.CharField(max_length=17)
    collated = models.CharField(max_length=17, db_collation=COLLATION)
    collated_text = models.TextField(db_collation=COLLATION)
    date = models.DateField()
    moment = models.DateTimeField(db_default=Now())
    decimal = models.DecimalField(max_digits=12, decimal_places=4)
    duration = models.DurationField()
    email = models.EmailField()
    file = models.FileField(max_length=150)
    path = models.FilePathField()
    number = models.FloatField()
    ip = models.GenericIPAddressField()
    integer = models.IntegerField(db_default=3)
    data = models.JSONField(null=True)
    positive = models.PositiveIntegerField()
    positive_big = models.PositiveBigIntegerField()
    positive_small = models.PositiveSmallIntegerField()
    slug = models.SlugField()
    small = models.SmallIntegerField(null=True)
    text = models.TextField()
    time = models.TimeField()
    url = models.URLField()
    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    renamed = models.CharField(max_length=5, db_column="Other Name")
    reserved = models.IntegerField(null=True, db_column="order", db_default=None)
    stored = models.GeneratedField(
        expression=models.F("small") + 1, output_field=models.IntegerField(), db_persist=True
    )
    parent = models.ForeignKey("self", models.CASCADE, null=True)
    twin = models.OneToOneField("self", models.CASCADE, null=True, related_name="+")
    clause = WithClause()
    others = models.ManyToManyField("self")

    class Meta:
        indexes = [models.Index(fields=["time"])]
        constraints = [models.CheckConstraint(condition=models.Q(positive__lt=100), name="drift_check")]


class Unique(CoreModel):
    """Everything that can hold rows unique; an engine makes what it has."""

    title = models.CharField(max_length=17, unique=True)
    slug = models.SlugField()
    number = models.IntegerField(null=True)
    one = models.OneToOneField(Everything, models.CASCADE, db_constraint=False)

    class Meta:
        unique_together = [("slug", "number")]
        constraints = [
            models.UniqueConstraint(fields=["number", "one"], name="drift_plain"),
            models.UniqueConstraint(fields=["slug"], condition=models.Q(number=1), name="drift_conditional"),
            models.UniqueConstraint(Lower("slug"), name="drift_expression"),
            models.UniqueConstraint("title", "number", name="drift_expressions_of_columns"),
            models.UniqueConstraint(
                fields=["slug", "one"], deferrable=models.Deferrable.DEFERRED, name="drift_late"
            ),
            models.UniqueConstraint(fields=["slug", "id"], include=["title"], name="drift_covering"),
            models.UniqueConstraint(fields=["number"], nulls_distinct=False, name="drift_nulls"),
        ]


class Keyed(CoreModel):
    """Referred to by text."""

    code = models.CharField(max_length=20, primary_key=True)
    holdings = GenericRelation("drift.Holding")


class Numbered(CoreModel):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)


class Holding(models.Model):
    """Local. Constraints would keep a test from altering what it is joined with."""

    keyed = models.ForeignKey(Keyed, models.CASCADE, db_constraint=False)
    numbered = models.ForeignKey(Numbered, models.CASCADE, db_constraint=False)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.CharField(max_length=20)
    target = GenericForeignKey()


class Subject(CoreModel):
    """What the tests alter."""

    title = models.CharField(max_length=100)
    slug = models.CharField(max_length=50, unique=True)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    rank = models.IntegerField(db_default=1)
    note = models.CharField(max_length=20, null=True)
    double = models.GeneratedField(
        expression=models.F("rank") * 2, output_field=models.IntegerField(), db_persist=True
    )

    class Meta:
        unique_together = [("title", "rank")]
        constraints = [models.UniqueConstraint(fields=["note", "rank"], name="drift_subject_note")]


class Draft(models.Model):
    """Has rows in both databases."""

    title = models.CharField(max_length=100)
    objects = models.Manager()
    contents = CoreManager()


if engine() == "postgresql":
    from django.contrib.postgres import fields
    from django.contrib.postgres.search import SearchVectorField

    class EverythingOfPostgreSQL(CoreModel):
        words = fields.ArrayField(models.CharField(max_length=12))
        sized = fields.ArrayField(fields.ArrayField(models.IntegerField(), size=2), size=3)
        numbers = fields.IntegerRangeField()
        bigs = fields.BigIntegerRangeField()
        decimals = fields.DecimalRangeField()
        days = fields.DateRangeField()
        moments = fields.DateTimeRangeField()
        vector = SearchVectorField()
