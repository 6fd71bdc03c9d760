"""The core tables that a child follows: those that it mirrors, and those that local rows refer to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections

from causeway.backends.base.columns import kind
from causeway.conf import LOCAL_ALIAS, cores
from causeway.feed.keys import Codec, Watched, key_fields, watched
from causeway.homes import registered_models, stamped_home, table_names
from causeway.names import own_name
from causeway.orphans.relations import refers_to_core
from causeway.placements.staged.relation import Column


@dataclass(frozen=True)
class Followed:
    """A core table that is followed. Without ``is_mirrored``, only deletions of its rows are."""

    home: str
    name: str
    model: Any
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    is_mirrored: bool

    @property
    def watched(self) -> Watched:
        return watched(self.model)

    @property
    def codec(self) -> Codec:
        return Codec([column.field for column in self.key])

    def obstacle(self) -> str:
        """Why the table cannot be followed, as a clause; nothing if it can."""
        connection = connections[self.home]
        if any(kind(column.field, connection) is None for column in map(stored_column, self.key)):
            return "the primary key has a type of its own, which no log can be read back from"
        return ""


def stored_column(column: Column) -> Column:
    field: Any = column.field
    while field.is_relation:
        field = field.target_field
    return Column(column.name, field)


def followed(home: str) -> dict[str, Followed]:
    """The tables of a core database that this child follows, by name."""
    referred = referred_tables()
    found: dict[str, Followed] = {}
    for model in concrete_models(home):
        name = str(model._meta.db_table)
        is_mirrored = mirrors(home, model)
        if is_mirrored or name in referred:
            known = found.get(name)
            if known is None or (is_mirrored and not known.is_mirrored):
                found[name] = followed_as(home, model, is_mirrored)
    return found


def followed_as(home: str, model: Any, is_mirrored: bool) -> Followed:
    columns = tuple(
        Column(field.column, field) for field in model._meta.local_concrete_fields if field.column
    )
    key = tuple(Column(str(field.column), field) for field in key_fields(model))
    return Followed(home, str(model._meta.db_table), model, columns, key, is_mirrored)


def concrete_models(home: str) -> Iterator[Any]:
    for model in registered_models():
        if stamped_home(model) == home and not model._meta.proxy and model._meta.local_concrete_fields:
            yield model


def mirrors(home: str, model: Any) -> bool:
    named = (model._meta.auto_created or model)._meta
    return cores()[home].mirrors(named.app_label, named.model_name or "")


def referred_tables() -> set[str]:
    """The core tables whose deletions local rows follow, by a foreign key or a generic relation."""
    found = set()
    for model in registered_models():
        if stamped_home(model) is None:
            fields: list[Any] = [field for field in model._meta.local_fields if refers_to_core(field)]
            targets: list[Any] = [field.remote_field.model for field in fields]
        else:
            # The generic relations of a core model lead to local rows.
            is_reverse = any(hasattr(field, "bulk_related_objects") for field in model._meta.private_fields)
            targets = [model] if is_reverse else []
        found |= {str(target._meta.concrete_model._meta.db_table) for target in targets}
    return found


def mirror_name(home: str, table: str, generation: int) -> str:
    """What a copy is called in the child's database."""
    connection: Any = connections[LOCAL_ALIAS]
    name, longest = f"{home}.{table}.{generation}", connection.ops.max_name_length()
    # Names may have dots.
    is_another = "." in home or name.lower() in table_names()
    return own_name(repr((home, table, generation)) if is_another else name, longest)
