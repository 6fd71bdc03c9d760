"""Introspection of a core table looks where the table is."""

from django.db import connections

from causeway import underway


def at_home(name):
    """An introspection method ``name(cursor, table_name, …)`` that asks the table's own database."""

    def method(self, cursor, table_name, *args, **kwargs):
        if alias := self.connection.home_elsewhere(table_name):
            home = connections[alias]
            with home.cursor() as home_cursor:
                return getattr(home.introspection, name)(home_cursor, table_name, *args, **kwargs)
        return getattr(super(IntrospectionMixin, self), name)(cursor, table_name, *args, **kwargs)

    method.__name__ = name
    return method


class IntrospectionMixin:
    def get_migratable_models(self):
        # What asks for these empties them, or counts their rows anew.
        with underway.over_link_as_said():
            return list(super().get_migratable_models())

    get_constraints = at_home("get_constraints")
    get_primary_key_column = at_home("get_primary_key_column")
    get_primary_key_columns = at_home("get_primary_key_columns")
    get_relations = at_home("get_relations")
    get_sequences = at_home("get_sequences")
    get_table_description = at_home("get_table_description")
