"""The columns of a core table that hold ids of content types, where each project keeps its own.

The id of a content type means something in one database only, its natural key, which is the app
label and the name of the model, in all. A core row holds an id of core's content types; the
queries of a child read and write its own, mapped by the natural key
(``causeway.backends.base.natural_keys``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from causeway.conf import cores

if TYPE_CHECKING:
    from django.db.models import Model

CONTENT_TYPE = ("contenttypes", "contenttype")


class Mapped(NamedTuple):
    """The columns of a table: all of them, and whether NULL is allowed in those that are mapped."""

    columns: tuple[str, ...]
    nullable: dict[str, bool]


def mapped_columns(model: type[Model]) -> Mapped | None:
    """The columns of a core model's table, where some refer to content types that are local; else None."""
    if any(core.claims(*CONTENT_TYPE) for core in cores().values()):
        return None
    fields: Any = model._meta.local_concrete_fields
    nullable = {field.column: field.null for field in fields if _is_content_type(field)}
    return Mapped(tuple(field.column for field in fields), nullable) if nullable else None


def refers_to_content_types(model: type[Model]) -> bool:
    """Whether rows of the model hold ids of content types."""
    return any(_is_content_type(field) for field in model._meta.local_concrete_fields)


def _is_content_type(field: Any) -> bool:
    target = field.remote_field and field.remote_field.model
    # A name where the model is not loaded yet.
    label = target if isinstance(target, str) else target and _concrete_label(target)
    return bool(label) and label.lower() == ".".join(CONTENT_TYPE)


def _concrete_label(model: type[Model]) -> str:
    concrete: type[Model] = model._meta.concrete_model or model
    return concrete._meta.label_lower
