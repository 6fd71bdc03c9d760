"""What a foreign key leaves to the database on deletion, where no constraint can carry it out.

Django 6.1's ``DB_CASCADE`` and its kin rely on a constraint. Some cannot be: from one file of
SQLite to another, from core to a local table. There the deletion does their work.
"""

from typing import Any

from django.db import connections, models
from django.db.models.deletion import get_candidate_relations_to_delete
from django.db.models.sql import Query

from causeway.conf import LOCAL_ALIAS

# Whether Django has foreign keys that leave deletions to the database: since 6.1.
LEAVES_DELETIONS = hasattr(models, "DB_CASCADE")


def left_to_us(model):
    """The foreign keys to the model whose constraint would act on a deletion, but cannot be."""
    if not LEAVES_DELETIONS:
        return []
    return [
        relation.field
        for relation in get_candidate_relations_to_delete(model._meta)
        if acts_by_constraint(relation.field) and not has_constraint(relation.field)
    ]


def acts_by_constraint(field: Any) -> bool:
    """Whether what becomes of the rows that refer to a deleted one is left to the database."""
    return hasattr(getattr(field.remote_field, "on_delete", None), "on_delete_sql")


def has_constraint(field: Any) -> bool:
    home = getattr(field.model._meta.db_table, "home", None)
    connection: Any = connections[home or LOCAL_ALIAS]
    return bool(connection.SchemaEditorClass(connection).has_constraint(field))


def carry_out(field, deletion, using):
    """Do to the rows that refer by ``field`` to those that are deleted what the constraint would."""
    deleted = deletion.clone()
    deleted.__class__ = Query
    deleted.clear_select_clause()
    (target,) = field.foreign_related_fields
    deleted.select = (target.get_col(deleted.get_initial_alias()),)
    rows = field.model._base_manager.using(using).filter(**{f"{field.name}__in": deleted})
    operation = field.remote_field.on_delete.operation
    if operation == "CASCADE":
        rows._raw_delete(using)
    else:
        rows.update(**{field.name: None if operation == "SET NULL" else field.db_default})
