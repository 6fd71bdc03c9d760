"""One model and its table in a core database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from causeway.conf import cores
from causeway.drift.catalog import Catalog, Column, LiveTable
from causeway.drift.uniqueness import asked_uniques
from causeway.drift.widths import has_room_for

if TYPE_CHECKING:
    from django.db.models import Model

SAME_VERSION = "Run migrate in the core project, or install the version of the app that it runs."


@dataclass(frozen=True)
class Difference:
    """What a model or field and a live table say differently, and the remedy: a sentence each."""

    subject: Any
    text: str
    remedy: str = SAME_VERSION
    is_missing_table: bool = False
    # Whether code with these models goes on working.
    is_borne: bool = False

    def __str__(self) -> str:
        # A field's own text is its label.
        label = self.subject._meta.label if hasattr(self.subject, "_meta") else self.subject
        return f"{label}: {self.text} {self.remedy}"


class Comparison:
    def __init__(self, catalog: Catalog, home: str, model: type[Model], tables: dict[str, LiveTable]) -> None:
        self.catalog = catalog
        self.home = home
        self.model = model
        self.opts: Any = model._meta
        self.name = str(self.opts.db_table)
        self.table = tables.get(catalog.table_key(self.name))
        fields: Iterable[Any] = self.opts.local_concrete_fields
        self.fields = {catalog.column_key(field.column): field for field in fields}

    def differences(self) -> Iterator[Difference]:
        if self.table is None:
            text = f"The core database {self.home!r} has no table {self.name!r}."
            yield Difference(self.model, text, is_missing_table=True)
            return
        for key, field in self.fields.items():
            if column := self.table.columns.get(key):
                yield from self.of_type(field, column)
                if not self.table.is_view:
                    yield from self.of_values(field, column)
            elif self.catalog.asked_type(field):
                yield Difference(field, f"The core table {self.name!r} has no column {field.column!r}.")
        if not self.table.is_view:
            yield from self.of_unknown_columns(self.table)
            yield from self.of_primary_key(self.table)
            yield from self.of_uniques(self.table)

    def of_column(self, field: Any, says: str) -> Difference:
        return Difference(field, f"The column {field.column!r} of the core table {self.name!r} {says}.")

    def of_table(self, says: str) -> Difference:
        return Difference(self.model, f"The core table {self.name!r} {says}.")

    def of_type(self, field: Any, column: Column) -> Iterator[Difference]:
        # A geometry on SpatiaLite asks for none; there, an expression in a view has none either.
        asked = self.catalog.asked_type(field)
        # Migrations number the rows of a ManyToManyField by DEFAULT_AUTO_FIELD, whatever the app's own is.
        is_number_of_pair = field.primary_key and self.opts.auto_created
        compares = asked and column.type and not is_number_of_pair
        if compares and self.catalog.type_key(column.type) != self.catalog.type_key(asked):
            is_borne = has_room_for(
                self.catalog.type_key(column.type), self.catalog.type_key(asked), self.catalog.texts_end
            )
            yield replace(
                self.of_column(field, f"is {column.type}, the field asks for {asked}"), is_borne=is_borne
            )
        collation = field.db_parameters(self.catalog.connection).get("collation")
        if collation and column.collation and column.collation.lower() != collation.lower():
            says = f"has the collation {column.collation!r}, the field asks for {collation!r}"
            yield self.of_column(field, says)

    def of_values(self, field: Any, column: Column) -> Iterator[Difference]:
        """Differences in what becomes of a value that is not given."""
        if field.generated != column.generated:
            said, asked = ("a", "no") if column.generated else ("no", "a")
            yield self.of_column(field, f"is {said} generated one, the field asks for {asked} generated one")
        if field.generated or column.generated:
            return
        if not field.primary_key and field.null != column.null:
            said, asked = ("may be", "must not be") if column.null else ("must not be", "may be")
            yield self.of_column(field, f"{said} NULL, the field {asked}")
        if has_default(field) and not column.default:
            yield self.of_column(field, "has no default, the field has a db_default")
        if field is self.opts.auto_field and not column.auto:
            yield self.of_column(field, f"does not count up by itself, as the {type(field).__name__} asks")

    def of_unknown_columns(self, table: LiveTable) -> Iterator[Difference]:
        if cores()[self.home].read_only:
            return
        for key, column in table.columns.items():
            if key in self.fields or column.null or column.default or column.auto or column.generated:
                continue
            yield Difference(
                self.model,
                f"The core table {self.name!r} has a column {column.name!r} that the model lacks, NOT NULL without "
                f"a default: no row can be inserted.",
                "Install the version of the app that the core project runs, or give the column a default there.",
            )

    def of_primary_key(self, table: LiveTable) -> Iterator[Difference]:
        asked = frozenset(self.catalog.column_key(field.column) for field in self.opts.pk_fields)
        if asked != table.primary_key:
            said = listed(table.primary_key) if table.primary_key else "none"
            yield self.of_table(f"has {said} for its primary key, the model {listed(asked)}")

    def of_uniques(self, table: LiveTable) -> Iterator[Difference]:
        asked, named = asked_uniques(self.catalog, self.model)
        there = {columns for columns in table.uniques.values() if columns} | {table.primary_key}
        for columns in sorted(asked, key=sorted):
            if not is_held(columns, there):
                yield self.of_table(f"does not hold {listed(columns)} unique, the model does")
        for name in sorted(named - table.uniques.keys()):
            yield self.of_table(f"has no unique constraint {name!r}, the model has")
        for name, found in sorted(table.uniques.items()):
            if name in named:
                continue
            if found is None:
                yield self.of_table(f"has a unique constraint {name!r}, the model has not")
            elif not is_held(found, asked | {table.primary_key}):
                yield self.of_table(f"holds {listed(found)} unique, the model does not")


def has_default(field: Any) -> bool:
    """Whether the database has a value for the field, other than NULL."""
    return field.has_db_default() and getattr(field.db_default, "value", field.db_default) is not None


def is_held(columns: frozenset[str], uniques: Iterable[frozenset[str]]) -> bool:
    """Whether the columns are unique, with or without the others, by one of ``uniques``."""
    return any(unique and unique <= columns for unique in uniques)


def listed(columns: Iterable[str]) -> str:
    return f"({', '.join(sorted(columns))})"
