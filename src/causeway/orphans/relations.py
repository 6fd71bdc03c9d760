"""The relations from local rows to core rows, and the rows that refer to nothing by them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, router
from django.db.models import Exists, OuterRef, Q, QuerySet

from causeway.conf import LOCAL_ALIAS
from causeway.homes import is_content_type, stamped_home
from causeway.placements import is_linked
from causeway.transactions.unfinished import wait_for_prepared

# Keys that core is asked for at once.
PAGE = 1_000
# These do nothing to a row.
LEFT_ALONE = (models.PROTECT, models.RESTRICT, models.DO_NOTHING)
# How Django 6.1 leaves a deletion to the database, as it does it itself.
OPERATIONS = {"CASCADE": models.CASCADE, "SET NULL": models.SET_NULL}


class Relation:
    """A field by which rows of a local model refer to rows of a core model.

    ``label`` names it, ``key`` is the name of the column's value, ``on_delete`` what is done to a
    row whose core row goes.
    """

    label: str
    key: str

    def __init__(self, model: Any, target: Any) -> None:
        self.model = model
        self.target = target
        self.home = str(stamped_home(target))

    @property
    def on_delete(self) -> Any:
        raise NotImplementedError

    @property
    def is_parent_link(self) -> bool:
        """Whether the core row is the parent of the local one, by multi-table inheritance."""
        return False

    @property
    def rows(self) -> QuerySet[Any]:
        """The local rows, whatever their managers leave out."""
        return QuerySet(self.model, using=LOCAL_ALIAS)

    def referring(self) -> QuerySet[Any]:
        """The rows that refer to a core row, there or not."""
        return self.rows.filter(**{f"{self.key}__isnull": False})

    def referring_to(self, keys: Collection[Any]) -> QuerySet[Any]:
        """The rows that refer by one of these keys."""
        return self.referring().filter(**{f"{self.key}__in": list(keys)})

    def pages(self) -> Iterator[list[Any] | None]:
        """The keys of the rows, a page after the other; None for all, where one statement finds what they lack."""
        rest = self.referring()
        while keys := list(rest.order_by(self.key).values_list(self.key, flat=True).distinct()[:PAGE]):
            yield keys
            rest = self.referring().filter(**{f"{self.key}__gt": keys[-1]})

    def orphans(self, rows: QuerySet[Any], keys: Collection[Any] | None) -> QuerySet[Any]:
        """Those of the rows that refer by one of these keys to no core row.

        Core is asked for just these keys, now or later. So a row with another one is not among them: somebody
        may have written it, and its core row, after the keys were read.
        """
        raise NotImplementedError

    def counted(self, most: int) -> tuple[int, list[Any]]:
        """How many orphans there are, and up to ``most`` of the keys that are missing.

        Raises TransactionsUnfinished while what is missing may be prepared.
        """
        count = 0
        missing: list[Any] = []
        for keys in self.pages():
            if not self.orphans(self.referring(), keys).exists():
                continue
            wait_for_prepared(self.home)
            orphans = self.orphans(self.referring(), keys)
            here = orphans.count()
            count += here
            if here and len(missing) < most:
                found = orphans.order_by(self.key).values_list(self.key, flat=True)
                missing += found.distinct()[: most - len(missing)]
        return count, missing


class ForeignKeyRelation(Relation):
    """A ForeignKey or OneToOneField, also those of many-to-many tables and the link to a parent."""

    def __init__(self, field: Any) -> None:
        super().__init__(field.model, field.remote_field.model._meta.concrete_model)
        self.field = field
        self.key = field.attname
        self.label = label_of(field)

    @property
    def on_delete(self) -> Any:
        on_delete = self.field.remote_field.on_delete
        operation = getattr(on_delete, "operation", None)
        if operation == "SET DEFAULT":
            return models.SET(self.field.db_default)
        return OPERATIONS.get(str(operation), on_delete)

    @property
    def is_parent_link(self) -> bool:
        return bool(self.field.remote_field.parent_link)

    def pages(self) -> Iterator[list[Any] | None]:
        return iter([None]) if is_linked(self.home) else super().pages()

    def orphans(self, rows: QuerySet[Any], keys: Collection[Any] | None) -> QuerySet[Any]:
        there: QuerySet[Any] = QuerySet(self.target)
        column = self.field.target_field.attname
        if is_linked(self.home):
            return rows.filter(~Exists(there.filter(**{column: OuterRef(self.key)})))
        # The child's database compares them, by its own collation.
        found = there.filter(**{f"{column}__in": keys}).values(column)
        return rows.filter(~Q(**{f"{self.key}__in": found}), **{f"{self.key}__in": keys})


class GenericKeyRelation(Relation):
    """A GenericForeignKey, as far as its content type is that of ``target``."""

    def __init__(self, field: Any, target: Any, content_type: Any) -> None:
        super().__init__(field.model, target)
        self.field = field
        self.key = field.fk_field
        self.content_type = content_type
        self.label = label_of(field)

    @property
    def on_delete(self) -> Any:
        """Django deletes the rows where a GenericRelation leads to them."""
        return (
            models.CASCADE
            if any(map(self.is_reverse, self.target._meta.private_fields))
            else models.DO_NOTHING
        )

    def is_reverse(self, field: Any) -> bool:
        return bool(
            hasattr(field, "bulk_related_objects")
            and field.related_model._meta.concrete_model is self.model
            and field.object_id_field_name == self.key
            and field.content_type_field_name == self.field.ct_field
        )

    def referring(self) -> QuerySet[Any]:
        return super().referring().filter(**{self.field.ct_field: self.content_type})

    def orphans(self, rows: QuerySet[Any], keys: Collection[Any] | None) -> QuerySet[Any]:
        """The key may be of another type than the core row's, so it is converted here."""
        return rows.filter(**{f"{self.key}__in": list(self.missing(keys or ()))})

    def missing(self, keys: Collection[Any]) -> Iterator[Any]:
        pks = {key: self.pk(key) for key in keys}
        there: QuerySet[Any] = QuerySet(self.target)
        wanted = [pk for pk in pks.values() if pk is not None]
        found = set(there.filter(pk__in=wanted).values_list("pk", flat=True))
        for key, pk in pks.items():
            # Core may hold two texts for equal that Python tells apart.
            if pk is None or (pk not in found and not (isinstance(pk, str) and there.filter(pk=pk).exists())):
                yield key

    def pk(self, key: Any) -> Any:
        """The primary key that the generic key means; None if it can be none."""
        pk = self.target._meta.pk
        while pk.remote_field:
            pk = pk.target_field
        try:
            return pk.to_python(key)
        except ValidationError:
            return None


def label_of(field: Any) -> str:
    """``app.Model.field``; for a table made for a ManyToManyField, the label of that field."""
    maker = field.model._meta.auto_created
    if maker:
        for many_to_many in maker._meta.local_many_to_many:
            if many_to_many.remote_field.through is field.model:
                return f"{maker._meta.label}.{many_to_many.name}"
    return f"{field.model._meta.label}.{field.name}"


def relations() -> list[Relation]:
    """Every relation from a local model to a core model, those by which rows inherit from core rows first.

    Which core models generic keys refer to is asked of the child's database.
    """
    found: list[Relation] = []
    for model in local_models():
        found += [ForeignKeyRelation(field) for field in model._meta.local_fields if refers_to_core(field)]
        found += generic_relations(model)
    # A row without its core parent is not found by what deletes other rows with it.
    return sorted(found, key=lambda relation: (not relation.is_parent_link, relation.label, relation.home))


def local_models() -> Iterable[Any]:
    """The concrete models with a table in the child's own database."""
    for model in apps.get_models(include_auto_created=True):
        is_local = stamped_home(model) is None and router.db_for_read(model) == LOCAL_ALIAS
        if is_local and not model._meta.proxy:
            yield model


def refers_to_core(field: Any) -> bool:
    return isinstance(field, models.ForeignKey) and stamped_home(field.remote_field.model) is not None


def generic_relations(model: Any) -> Iterator[Relation]:
    """The generic foreign keys of a model, for each core model that rows refer to by them."""
    for field in model._meta.private_fields:
        content_types: Any = getattr(field, "ct_field", None) and model._meta.get_field(field.ct_field)
        if content_types in model._meta.local_fields and is_content_type(content_types.related_model):
            rows: QuerySet[Any] = QuerySet(model, using=LOCAL_ALIAS).order_by()
            ids = rows.values_list(content_types.attname, flat=True).distinct()
            known = content_types.related_model.objects.in_bulk([key for key in ids if key is not None])
            for content_type in known.values():
                target = content_type.model_class()
                if target is not None and stamped_home(target) is not None:
                    yield GenericKeyRelation(field, target, content_type.pk)
