"""What a child's own tables have of core models follows them: names of columns, and types of keys.

Django changes these with the model, in the tables of one database. The migrations of a core app change
nothing in a child, but they are in its plan: there the operations are taken that reach the child's tables too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from copy import copy
from typing import Any, cast

from django.apps import apps
from django.db.backends.base import schema
from django.db.migrations import AlterField, RenameModel, SeparateDatabaseAndState
from django.db.models.signals import pre_migrate

from causeway import homes
from causeway.backends.base.derived import derived
from causeway.conf import LOCAL_ALIAS

# Django's own way from a key to the relations that refer to it, and on to those of relations that are keys.
related_by_keys: Any = vars(schema)["_related_non_m2m_objects"]


def register_following() -> None:
    """Connect the receiver. Called once the apps are ready."""
    sender = apps.get_app_config("causeway")
    pre_migrate.connect(follow_core, sender=sender, dispatch_uid="causeway.follow_core")


def follow_core(plan: Any = None, using: str = LOCAL_ALIAS, **kwargs: Any) -> None:
    """Let the planned operations on core models change what the child's own tables have of them."""
    if using == LOCAL_ALIAS:
        for migration, _ in plan or ():
            migration.operations = [followed(operation) for operation in migration.operations]


def followed(operation: Any) -> Any:
    """The operation, or one in its place that goes on in the child's tables."""
    if isinstance(operation, SeparateDatabaseAndState):
        operation = copy(operation)
        operation.database_operations = [followed(each) for each in operation.database_operations]
    for django, mixin in FOLLOWED.items():
        if isinstance(operation, django):
            # Migrations of one module share their operations.
            operation = copy(operation)
            operation.__class__ = derived(mixin, cast("Hashable", type(operation)))
    return operation


class FollowedMixin:
    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        model = to_state.apps.get_model(app_label, self.name_after)
        if homes.stamped_home(model) not in {None, schema_editor.connection.alias}:
            self.follow(app_label, schema_editor, from_state, to_state)

    name_after: str

    def follow(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        raise NotImplementedError


class FollowedRenameModel(FollowedMixin):
    """Renames the columns of the many-to-many tables of local models, which have the model's name."""

    old_name: str
    new_name: str

    @property
    def name_after(self) -> str:  # type: ignore[override]
        return self.new_name

    def follow(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for relation in from_state.apps.get_model(app_label, self.old_name)._meta.related_objects:
            field = relation.field
            if not field.many_to_many or not field.remote_field.through._meta.auto_created:
                continue
            if schema_editor.other_home(field.model) is None:
                model = to_state.apps.get_model(field.model._meta.label)
                schema_editor.alter_field(model, field, model._meta.get_field(field.name))


class FollowedAlterField(FollowedMixin):
    """Gives the columns of local tables that refer to a core column its type."""

    model_name: str
    name: str

    @property
    def name_after(self) -> str:  # type: ignore[override]
        return self.model_name

    def follow(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        old, new = (
            state.apps.get_model(app_label, self.model_name)._meta.get_field(self.name)
            for state in (from_state, to_state)
        )
        fields = [
            (old_relation.field, new_relation.field)
            for old_relation, new_relation in self.relations(old, new)
            if schema_editor.other_home(old_relation.related_model) is None
        ]
        schema_editor.alter_types(fields)

    def relations(self, old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
        if old.unique and new.unique:
            yield from related_by_keys(old, new)


FOLLOWED = {RenameModel: FollowedRenameModel, AlterField: FollowedAlterField}
