from django.db import connections
from django.db.backends.mysql.base import DatabaseWrapper as MySQLDatabaseWrapper
from django.utils.asyncio import async_unsafe

from causeway.backends.base.base import DatabaseWrapperMixin
from causeway.backends.mysql.creation import DatabaseCreation
from causeway.backends.mysql.cursor import CursorWrapper
from causeway.backends.mysql.features import DatabaseFeatures
from causeway.backends.mysql.introspection import DatabaseIntrospection
from causeway.backends.mysql.operations import DatabaseOperations
from causeway.backends.mysql.schema import DatabaseSchemaEditor
from causeway.backends.mysql.validation import DatabaseValidation


class DatabaseWrapper(DatabaseWrapperMixin, MySQLDatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    creation_class = DatabaseCreation
    features_class = DatabaseFeatures
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations
    validation_class = DatabaseValidation

    @async_unsafe
    def create_cursor(self, name=None):
        return CursorWrapper(self.connection.cursor(), self)

    def link_obstacle(self, other):
        if other.vendor != self.vendor:
            return self.different_engines(other)
        if self.server_address() != server_address(other.settings_dict):
            return (
                f"the two are on different servers ({self.alias!r} on {self.server_address()}, "
                f"{other.alias!r} on {server_address(other.settings_dict)})"
            )
        return None

    def server_address(self):
        return server_address(self.settings_dict)

    def linked_name(self, home):
        return connections[home].settings_dict["NAME"]


def server_address(settings):
    """Where the server listens, in the order in which the client library decides."""
    options = settings["OPTIONS"]
    host = options.get("host", settings["HOST"])
    if host.startswith("/"):
        return host
    if host in {"", "localhost"} and (socket := options.get("unix_socket")):
        return socket
    return f"{host or 'localhost'}:{options.get('port', settings['PORT']) or 3306}"
