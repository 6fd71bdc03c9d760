"""Ids of content types in rows of staged tables, where each project keeps its own.

A core row holds an id of core's content types; the queries of the child have the child's own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.db import connections
from django.db.models.constants import OnConflict
from django.db.models.expressions import Col
from django.db.models.lookups import Exact
from django.db.models.sql.where import AND, WhereNode

from causeway.backends.base.statements import Known
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.placements.staged.meaning import parts
from causeway.placements.staged.tree import conjuncts

TABLE = "django_content_type"
# No content type has it.
NO_ID = -1


class ContentTypeIds:
    """The ids that the child and a core database have for the same content types, at one moment.

    ``columns`` are those of the table in question that hold such ids.
    """

    def __init__(self, home: str, columns: Collection[str]) -> None:
        self.home = home
        self.columns = columns
        self.own_keys = natural_keys(LOCAL_ALIAS)
        self.match()

    def match(self) -> None:
        own = {key: own_id for own_id, key in self.own_keys.items()}
        found = natural_keys(self.home)
        self.own_ids = {core_id: own[key] for core_id, key in found.items() if key in own}
        self.core_ids = {own_id: core_id for core_id, own_id in self.own_ids.items()}

    def core_id(self, own_id: Any) -> Any:
        """The id that core has for a content type of the child's, which is made there if it is missing.

        -1, which no content type has, if it may not be made; core's constraint refuses that.
        """
        if own_id in self.own_keys and own_id not in self.core_ids and not cores()[self.home].read_only:
            make_in_core(self.home, self.own_keys[own_id])
            self.match()
        return self.core_ids.get(own_id, NO_ID)

    def with_core_id(self, field: Any, value: Any) -> Any:
        """What is written to a field in core where the child gives that value."""
        if value is None or field is None or field.column not in self.columns:
            return value
        if hasattr(value, "prepare_database_save"):
            value = value.prepare_database_save(field)
        return value if hasattr(value, "resolve_expression") else self.core_id(field.to_python(value))


def content_type_ids(connection: Any, model: Any) -> ContentTypeIds | None:
    """The ids for a statement that writes the model's table in core; None if it holds none."""
    table = model._meta.db_table
    mapped = getattr(table, "mapped", None)
    if mapped is None or table.home != connection.alias or table.home not in staged_cores():
        return None
    return ContentTypeIds(table.home, mapped.nullable)


def natural_keys(alias: str) -> dict[Any, tuple[str, str]]:
    """The natural keys of the content types of a database by their ids."""
    with connections[alias].cursor() as cursor:
        cursor.execute(Known(f"SELECT id, app_label, model FROM {connections[alias].ops.quote_name(TABLE)}"))
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def make_in_core(home: str, natural_key: tuple[str, str]) -> None:
    ops = connections[home].ops
    ignoring = OnConflict.IGNORE  # another project may make the same at the same time
    with connections[home].cursor() as cursor:
        cursor.execute(
            f"{ops.insert_statement(on_conflict=ignoring)} {ops.quote_name(TABLE)} (app_label, model) "
            f"VALUES (%s, %s) {ops.on_conflict_suffix_sql([], ignoring, [], [])}",
            natural_key,
        )


class RestrictionThere:
    """Stands in for the field of a join between core tables, as core is asked for it.

    What the join holds to besides, such as the content type of a generic relation, core is asked for in its own
    terms: by its own ids, and only where it finds all rows that matter.
    """

    def __init__(self, field: Any, ids: ContentTypeIds, asked_there: Callable[[Any], Any]) -> None:
        self.field = field
        self.ids = ids
        self.asked_there = asked_there

    def __getattr__(self, name: str) -> Any:
        return getattr(self.field, name)

    def get_extra_restriction(self, alias: str, related_alias: str) -> Any:
        restriction = self.field.get_extra_restriction(alias, related_alias)
        kept = [there for condition in conjuncts(restriction) if (there := self.there(condition)) is not None]
        return WhereNode(kept, AND) if kept else None

    def there(self, condition: Any) -> Any:
        """What core is asked for in place of a condition; None where it is not asked for it."""
        mapped = [part for part in parts(condition) if isinstance(part, Col) and is_mapped(part.target)]
        if not mapped:
            return self.asked_there(condition)
        if not isinstance(condition, Exact) or not isinstance(condition.rhs, int):
            return None
        return Exact(condition.lhs, self.ids.core_ids.get(condition.rhs, NO_ID))


def is_mapped(field: Any) -> bool:
    """Whether a field's column holds ids of content types that are others in core."""
    mapped = getattr(field.model._meta.db_table, "mapped", None)
    return mapped is not None and field.column in mapped.nullable
