"""The tables that are logged, and how their keys are written in the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Field

from causeway.backends.base.columns import stored

# How the value of a key is written: as the engine's text of it, or otherwise.
TEXT, BYTES, MOMENT = "text", "bytes", "moment"


class KeyColumn(NamedTuple):
    name: str
    kind: str


class Watched(NamedTuple):
    """A table and the columns of its primary key."""

    name: str
    key: tuple[KeyColumn, ...]


def key_fields(model: Any) -> list[Field[Any, Any]]:
    """The fields of the primary key, in their order."""
    return list(getattr(model._meta, "pk_fields", None) or [model._meta.pk])


def kind_of(field: Any) -> str:
    internal_type = stored(field).get_internal_type()
    if internal_type == "BinaryField":
        return BYTES
    return MOMENT if internal_type in {"DateTimeField", "TimeField", "DateField"} else TEXT


def watched(model: Any) -> Watched:
    columns = (KeyColumn(str(field.column), kind_of(field)) for field in key_fields(model))
    return Watched(str(model._meta.db_table), tuple(columns))


def watched_tables(models: Iterable[Any]) -> list[Watched]:
    """Each table of the models once, in the order of the names."""
    found = {str(model._meta.db_table): watched(model) for model in models}
    return [found[name] for name in sorted(found)]


def claimed_models(claims: Any) -> Iterator[Any]:
    """The concrete models, also those made for many-to-many fields, for which ``claims(app_label, name)`` holds."""
    for model in apps.get_models(include_auto_created=True):
        opts = model._meta
        maker: Any = opts.auto_created
        named = maker._meta if maker else opts
        if not opts.proxy and not opts.swapped and claims(named.app_label, named.model_name):
            yield model


class Codec:
    """Between the text of a key in the log and the values of its columns."""

    def __init__(self, fields: Sequence[Any]) -> None:
        self.fields = [stored(field) for field in fields]
        self.kinds = [kind_of(field) for field in fields]

    def values(self, text: Any) -> tuple[Any, ...]:
        """The values of a key as the log has it."""
        parts = [text] if len(self.fields) == 1 else json.loads(text)
        return tuple(map(self.value, self.fields, self.kinds, parts))

    @staticmethod
    def value(field: Any, kind: str, part: Any) -> Any:
        if kind == BYTES:
            return bytes.fromhex(part)
        return field.to_python(part)

    def text(self, values: Sequence[Any]) -> str:
        """A key as text that ``values()`` reads again: for this side's own use."""
        parts = [value.hex() if isinstance(value, bytes) else str(value) for value in values]
        return parts[0] if len(parts) == 1 else json.dumps(parts)
