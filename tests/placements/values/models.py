"""A model with a column of every kind of field; no app: its tables are made where a test needs them."""

# ruff: noqa: DJ001, DJ008  (NULL and the empty text are two values; no test shows the rows as text)

import codecs
import uuid

from django.apps.registry import Apps
from django.db import models
from django.db.models import F

registry = Apps()


class SecretField(models.TextField):
    """Keeps another text than it gives: what travels is what is kept."""

    def get_prep_value(self, value):
        return None if value is None else codecs.encode(value, "rot13")

    def from_db_value(self, value, expression, connection):
        return None if value is None else codecs.decode(value, "rot13")


class BracketedField(models.TextField):
    """Is selected in brackets: what travels is what is kept."""

    def select_format(self, compiler, sql, params):
        if compiler.query.subquery:
            return sql, params
        if compiler.connection.vendor == "mysql":
            return f"CONCAT('[', {sql}, ']')", params
        return f"'[' || {sql} || ']'", params


class DashedField(models.UUIDField):
    """A UUID that is kept as a text, whatever the engine has for it."""

    def db_type(self, connection):
        return "varchar(36)"

    def get_db_prep_value(self, value, connection, prepared=False):
        return None if value is None else str(value)


class NoteField(models.Field):
    """Of a type of its own, which Django knows nothing of."""

    def db_type(self, connection):
        return {"mysql": "varchar(30)"}.get(connection.vendor, "text")


class Owner(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)

    class Meta:
        apps = registry
        app_label = "values"


class Values(models.Model):
    small = models.SmallIntegerField(null=True)
    integer = models.IntegerField(null=True)
    big = models.BigIntegerField(null=True)
    positive_small = models.PositiveSmallIntegerField(null=True)
    positive = models.PositiveIntegerField(null=True)
    positive_big = models.PositiveBigIntegerField(null=True)
    boolean = models.BooleanField(null=True)
    floating = models.FloatField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    precise = models.DecimalField(max_digits=15, decimal_places=12, null=True)
    char = models.CharField(max_length=30, null=True)
    slug = models.SlugField(null=True)
    text = models.TextField(null=True)
    date = models.DateField(null=True)
    time = models.TimeField(null=True)
    moment = models.DateTimeField(null=True)
    duration = models.DurationField(null=True)
    uuid = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    json = models.JSONField(null=True)
    binary = models.BinaryField(null=True)
    file = models.FileField(null=True)
    secret = SecretField(null=True)
    bracketed = BracketedField(null=True)
    note = NoteField(null=True)
    dashed = DashedField(null=True)
    owner = models.ForeignKey(Owner, models.CASCADE, null=True, db_constraint=False)
    twice = models.GeneratedField(
        expression=F("small") * 2, output_field=models.IntegerField(), db_persist=True
    )

    class Meta:
        abstract = True
        apps = registry
        app_label = "values"


class Specimen(Values):
    """Its rows are carried."""


class Local(Values):
    """Stays in the child's database, and is compared with what was carried."""
