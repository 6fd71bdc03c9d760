"""The columns by which local tables are joined with core tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from causeway import homes
from causeway.drift.catalog import Catalog, LiveTable
from causeway.drift.comparison import Difference

if TYPE_CHECKING:
    from django.db.models import Model


@dataclass(frozen=True)
class Join:
    """A local field and the core field that it is joined with; ``is_key`` tells a foreign key."""

    field: Any
    core_field: Any
    is_key: bool

    @property
    def model(self) -> type[Model]:
        return self.field.model  # type: ignore[no-any-return]

    @property
    def core_model(self) -> type[Model]:
        return self.core_field.model  # type: ignore[no-any-return]

    def differences(
        self, catalog: Catalog, tables: dict[str, LiveTable], core_tables: dict[str, LiveTable]
    ) -> Iterator[Difference]:
        here = catalog.column(tables, self.field)
        there = catalog.column(core_tables, self.core_field)
        if here is None or there is None:
            return  # Not migrated yet, or said of the core table itself.
        named = f"The column {self.field.column!r} of the local table {str(self.model._meta.db_table)!r}"
        asked = catalog.asked_type(self.field)
        if self.is_key and catalog.type_key(here.type) != catalog.type_key(asked):
            yield Difference(
                self.field,
                f"{named} is {here.type}, the key that it refers to asks for {asked}.",
                "Alter it here, in a migration with RunSQL: the core project's migrations do not reach it.",
            )
        if here.collation and there.collation and here.collation.lower() != there.collation.lower():
            yield Difference(
                self.field,
                f"{named} has the collation {here.collation!r}, the core column {self.core_field.column!r} of "
                f"{str(self.core_model._meta.db_table)!r} has {there.collation!r}: a join of them fails or finds "
                f"other rows.",
                f"Alter it here to {there.collation!r}, in a migration with RunSQL.",
            )


def joins_to(home: str) -> list[Join]:
    """The joins of local tables with those of a core database, by relations of the models."""
    joins = dict.fromkeys(
        Join(field, core_field, is_key=field is relation)
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
        for relation in [*model._meta.local_fields, *model._meta.private_fields]
        for field, core_field in map(ordered, pairs_of(relation))
    )
    return [
        join
        for join in joins
        if homes.stamped_home(join.model) is None and homes.stamped_home(join.core_model) == home
    ]


def pairs_of(relation: Any) -> Iterable[tuple[Any, Any]]:
    """The pairs of fields by which a relation joins; none of a field that is no relation."""
    try:
        return getattr(relation, "related_fields", ())
    except FieldDoesNotExist:
        # Django lets a ForeignObject name fields that are not there, until somebody joins by it.
        return ()


def ordered(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    """The pair with the local field first."""
    first, second = pair
    return (second, first) if homes.stamped_home(first.model) else (first, second)
