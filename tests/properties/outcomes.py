"""What a query comes to with one set of models, in a form to compare with what another set gives."""

import datetime
import decimal
import uuid
from contextlib import ExitStack, contextmanager

from django.apps import apps
from django.db import connections, models, transaction
from django.db.models import functions, lookups

from causeway.homes import stamped_home

# What the expression of a query may use beside the models.
FUNCTIONS = {
    **vars(lookups),
    **vars(functions),
    **{name: getattr(models, name) for name in models.__all__},
    "Decimal": decimal.Decimal,
    "UUID": uuid.UUID,
    "datetime": datetime,
}
ALIASES = ("default", "core")


class ModelSet:
    """The models of one app, by their names.

    ``core`` is the alias that a query names where it asks core by itself.
    """

    def __init__(self, label, core="default"):
        self.label = label
        self.core = core
        # What the last query raised, and the SQL that it sent.
        self.error = None
        self.sent = []
        config = apps.get_app_config(label)
        self.models = {model.__name__: model for model in config.get_models()}
        self.tables = {
            str(model._meta.db_table).removeprefix(f"{label}_"): model
            for model in config.get_models(include_auto_created=True)
            if not model._meta.proxy
        }

    def run(self, query):
        """The outcome of a query: its value and, where it writes, all rows afterwards; or its exception.

        Nothing of it stays.
        """
        names = {**FUNCTIONS, **self.models, "CORE": self.core}
        self.error, self.sent = None, []
        try:
            with ExitStack() as stack:
                for alias in ALIASES:
                    stack.enter_context(transaction.atomic(using=alias))
                    stack.callback(transaction.set_rollback, True, using=alias)
                with self.listening():
                    value = self.canonical(eval(query.source, names), query.ordered)
                state = self.rows() if query.writes else None
        except Exception as error:  # noqa: BLE001 (an exception is an outcome like any other)
            self.error = error
            return "raised", type(error).__name__
        return value, state

    @contextmanager
    def listening(self):
        """Meanwhile, what is sent is kept."""

        def keep(execute, sql, *rest):
            self.sent.append(sql)
            return execute(sql, *rest)

        with ExitStack() as stack:
            for alias in ALIASES:
                stack.enter_context(connections[alias].execute_wrapper(keep))
            yield

    def rows(self):
        """All rows of all tables; those between two models without their keys, which nobody gave them."""
        return {
            name: sorted(
                repr({key: value for key, value in self.canonical(row).items() if key != "id" or not made})
                for row in model._base_manager.order_by().values()
            )
            for name, model in self.tables.items()
            for made in [model._meta.auto_created]
        }

    def homes(self):
        """The home of each table by its name without the app's label."""
        return {name: stamped_home(model) for name, model in self.tables.items()}

    def canonical(self, value, ordered=True, within=()):
        """The value without a trace of the app: rows as their names and attributes, deeply."""
        if isinstance(value, models.Model):
            return self.canonical_row(value, within)
        if isinstance(value, dict):
            return {
                self.unlabelled(key): self.canonical_item(key, item, True, within)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple, models.QuerySet)):
            items = [self.canonical(item, True, within) for item in value]
            return items if ordered else sorted(items, key=repr)
        # By their text, True is not 1, nor 1.5 the same as 1.50.
        return repr(value)

    def canonical_item(self, name, value, ordered, within):
        if name == "content_type_id" and value is not None:
            # Each set has its own content types.
            return apps.get_model("contenttypes.ContentType").objects.get_for_id(value).model
        return self.canonical(value, ordered, within)

    def canonical_row(self, row, within):
        """What is there of a row without asking again: its fields, annotations and related rows."""
        key = f"{type(row).__name__} {row.pk}"
        if key in within:
            return key
        related = {**row._state.fields_cache, **getattr(row, "_prefetched_objects_cache", {})}
        return {
            "row": key,
            "attributes": {
                name: self.canonical_item(name, value, False, (*within, key))
                for name, value in vars(row).items()
                if not name.startswith("_")
            },
            "related": {
                name: self.canonical(value, False, (*within, key)) for name, value in related.items()
            },
        }

    def unlabelled(self, key):
        """A key, which ``delete()`` gives as a model's label."""
        return key.removeprefix(f"{self.label}.") if isinstance(key, str) else key
