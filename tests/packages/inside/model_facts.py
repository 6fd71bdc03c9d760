"""What drawing a split has to know of models. Also imported alone, in a process over tests of others."""

from __future__ import annotations

from typing import Any


def fact(model: Any) -> dict[str, object]:
    opts = model._meta
    related = [field for field in (*opts.local_fields, *opts.local_many_to_many) if field.remote_field]
    return {
        "label": opts.label,
        "table": str(opts.db_table),
        "own_tables": [
            field.m2m_db_table()
            for field in opts.local_many_to_many
            if field.remote_field.through._meta.auto_created
        ],
        "targets": [
            field.remote_field.model._meta.label
            for field in related
            if not isinstance(field.remote_field.model, str)
        ],
    }
