"""How a model's column is stored, whatever its field does with the values."""

from typing import Any

from django.db.models import Field


def stored(field: Any) -> Any:
    """The field that says how a column is stored: for a foreign key its target, for a generated one its output."""
    while True:
        if field.is_relation:
            field = field.target_field
        elif getattr(field, "generated", False):
            field = field.output_field
        else:
            return field


def is_geometry(field: Any) -> bool:
    """Whether a column holds GeoDjango's geometries, which each engine keeps in a form of its own."""
    return hasattr(stored(field), "geom_class")


def is_formatted(field: Any) -> bool:
    """Whether what a SELECT brings of a column is not what is stored there."""
    return type(field).select_format is not Field.select_format


def kind(field: Any, connection: Any) -> str | None:
    """The field's internal type, if the column is stored as the engine stores that; None for a type of its own."""
    kinds: dict[Any, str | None] = connection.kinds_of_fields
    if field not in kinds:
        internal_type: str = field.get_internal_type()
        is_usual = internal_type in connection.data_types and (
            Field.db_type(field, connection) == field.db_type(connection)
        )
        kinds[field] = internal_type if is_usual else None
    return kinds[field]
