import re

from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQLDatabaseWrapper
from django.utils.asyncio import async_unsafe

from causeway.backends.base.base import DatabaseWrapperMixin
from causeway.backends.postgresql.creation import DatabaseCreation
from causeway.backends.postgresql.cursor import qualifying
from causeway.backends.postgresql.features import DatabaseFeatures
from causeway.backends.postgresql.introspection import DatabaseIntrospection
from causeway.backends.postgresql.operations import DatabaseOperations
from causeway.backends.postgresql.schema import DatabaseSchemaEditor
from causeway.backends.postgresql.validation import DatabaseValidation
from causeway.conf import cores

SEARCH_PATH = re.compile(r"(?:-c\s*|--)search_path=\s*\"?(?P<first>\w*)")


class DatabaseWrapper(DatabaseWrapperMixin, PostgreSQLDatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    creation_class = DatabaseCreation
    features_class = DatabaseFeatures
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations
    validation_class = DatabaseValidation

    @property
    def own_schema(self):
        """The schema of a core connection's tables; None on a child's."""
        core = cores().get(self.alias)
        return core.schema if core else None

    def link_obstacle(self, other):
        if other.vendor != self.vendor:
            return self.different_engines(other)
        here, there = server_address(self.settings_dict), server_address(other.settings_dict)
        if here != there:
            return f"the two are on different servers ({self.alias!r} on {here}, {other.alias!r} on {there})"
        here, there = self.settings_dict["NAME"], other.settings_dict["NAME"]
        if here != there:
            return (
                f"{self.alias!r} is the database {here!r}, {other.alias!r} the database {there!r}, and PostgreSQL "
                f"joins no tables of two databases"
            )
        if not other.own_schema:
            return (
                f"both are the database {here!r}, and CAUSEWAY[{other.alias!r}] names no SCHEMA that would tell "
                f"the core tables from the local ones"
            )
        return None

    def linked_name(self, home):
        return cores()[home].schema

    def get_connection_params(self):
        params = super().get_connection_params()
        if schema := self.own_schema:
            params["options"] = with_search_path(params.get("options") or "", schema)
        else:
            params["cursor_factory"] = qualifying(params["cursor_factory"])
        return params

    @async_unsafe
    def create_cursor(self, name=None):
        cursor = super().create_cursor(name)
        cursor.place = self.ops.placed_core_table
        return cursor


def server_address(settings):
    options = settings["OPTIONS"]
    if service := options.get("service"):
        return f"the service {service!r}"
    host = options.get("host", settings["HOST"]) or "the local socket"
    return f"{host}:{options.get('port', settings['PORT']) or 5432}"


def with_search_path(options, schema):
    """The startup options of a core connection: its tables are looked up in ``schema``.

    A search path among them that begins with the schema is kept: it may go on with the schema
    of an extension.
    """
    paths = [match["first"] for match in SEARCH_PATH.finditer(options)]
    if paths and paths[-1] == schema:
        return options
    value = f'"{schema}"'.replace("\\", "\\\\").replace(" ", "\\ ")
    return f"{options} -c search_path={value}".strip()
