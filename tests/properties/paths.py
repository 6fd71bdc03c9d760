"""What can be reached from a model: the relations and the columns, by the paths that lookups take."""

from dataclasses import dataclass
from functools import cache

from django.contrib.contenttypes.fields import GenericRel
from django.db import models

KINDS = {
    models.AutoField: "int",
    models.BigAutoField: "int",
    models.IntegerField: "int",
    models.CharField: "text",
    models.SlugField: "text",
    models.DecimalField: "decimal",
    models.DateField: "date",
    models.DateTimeField: "datetime",
    models.BooleanField: "bool",
    models.BigIntegerField: "bigint",
    models.BinaryField: "binary",
    models.DurationField: "duration",
    models.FloatField: "float",
    models.JSONField: "json",
    models.TextField: "prose",
    models.TimeField: "time",
    models.UUIDField: "uuid",
}
# A ``CharField`` has texts that differ under any collation, a ``TextField`` any texts: of those that are equal
# in a database, which one a result shows is left to chance.
LOOSE = "prose"


@dataclass(frozen=True)
class Relation:
    """A path that ends at rows of ``model``; so ``many`` of its steps lead to several rows."""

    path: str
    model: type[models.Model]
    many: int


@dataclass(frozen=True)
class Column:
    """A path that ends at a value of a ``kind``.

    ``grouped``: it is reckoned from several rows. ``key``: it is a relation's.
    """

    path: str
    kind: str
    many: int = 0
    grouped: bool = False
    key: bool = False


def kind(field):
    return KINDS[type(field.target_field if field.is_relation else field)]


@cache
def relations(model, steps):
    """The relations that are exactly so many steps away."""
    if steps == 0:
        return (Relation("", model, many=0),)
    return tuple(
        Relation(f"{start.path}{field.name}__", field.related_model, start.many + is_many(field))
        for start in relations(model, steps - 1)
        for field in sorted(start.model._meta.get_fields(), key=lambda field: field.name)
        if leads_to_the_set(field)
    )


def leads_to_the_set(field):
    """Whether it is a relation to a model of the same app: the ids of content types are no two sets' alike."""
    return (
        field.is_relation
        and field.name != "+"
        and bool(field.related_model)
        and field.related_model._meta.app_label == field.model._meta.app_label
    )


def is_many(field):
    # What a generic relation leads back to is one row, for lookups alone: no attribute has it.
    return field.one_to_many or field.many_to_many or isinstance(field, GenericRel)


@cache
def columns(model, steps, of_kind=None):
    """The columns of the relations that are exactly so many steps away."""
    return tuple(
        Column(start.path + name, kind(field), start.many, key=field.is_relation)
        for start in relations(model, steps)
        for field in start.model._meta.concrete_fields
        if not field.is_relation or leads_to_the_set(field)
        for name in ([field.name, field.attname] if field.is_relation else [field.name])
        if of_kind in {None, kind(field)}
    )


@cache
def single_relations(model):
    """The names of the relations to one row each: for ``select_related()``."""
    return tuple(
        relation.path.removesuffix("__")
        for steps in (1, 2, 3)
        for relation in relations(model, steps)
        if not relation.many
    )


@cache
def pair_relations(model):
    """The names of the many-to-many relations without a model between."""
    fields = [field for field in model._meta.get_fields() if field.many_to_many]
    return [field.name for field in fields if through(field)._meta.auto_created]


def through(field):
    """The model between, from either side."""
    return (field.remote_field if isinstance(field, models.ManyToManyField) else field).through


@cache
def related(models):
    """Pairs of models with the relations from the first to the second: for a correlated subquery."""
    return {
        target: tuple(
            (inner, relation)
            for inner in models
            for steps in (1, 2)
            for relation in relations(inner, steps)
            if relation.model._meta.concrete_model is target._meta.concrete_model
        )
        for target in models
    }
