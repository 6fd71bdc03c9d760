"""Tables as other versions of their models would have made them."""

from contextlib import contextmanager

from django.apps import apps
from django.db import connections
from django.db.migrations.state import ModelState, ProjectState
from django.test import TransactionTestCase

from causeway.underway import under_construction


class DDLTestCase(TransactionTestCase):
    """A test that alters tables, which a transaction would not take back, and puts them back itself."""

    databases = {"default", "core"}

    def _fixture_teardown(self):
        """There are no rows to flush."""


def version(model, *, without=(), options=None, **fields):
    """A model of the same table with some fields and options of ``Meta`` changed, added or left out."""
    state = ProjectState()
    for label in (model._meta.app_label, "contenttypes"):
        for installed in apps.get_app_config(label).get_models():
            state.add_model(ModelState.from_model(installed))
    changed = state.models[model._meta.app_label, model._meta.model_name]
    kept = {name: field for name, field in changed.fields.items() if name not in without}
    changed.fields = kept | fields
    changed.options |= options or {}
    # Elsewhere, models of migrations have the columns that core's tables have.
    with under_construction("core"):
        return state.apps.get_model(model._meta.label)


@contextmanager
def made_as(model, other, alias="core"):
    """Meanwhile, the model's table stands as ``other`` makes it; None: not at all."""
    remake(alias, model, other)
    try:
        yield
    finally:
        remake(alias, other, model)


def remake(alias, old, new):
    with under_construction(alias), connections[alias].schema_editor() as editor:
        if old is not None:
            editor.delete_model(old)
        if new is not None:
            editor.create_model(new)


@contextmanager
def altered(model, statement, alias="core"):
    """Meanwhile, the model's table stands as the statement leaves it."""
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
    try:
        yield
    finally:
        remake(alias, model, model)
