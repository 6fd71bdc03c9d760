import re

from django.db import connections
from django.db.backends.mysql.base import DatabaseWrapper as MySQLDatabaseWrapper

from causeway.backends.base.base import DatabaseWrapperMixin
from causeway.backends.mysql.branches import MySQLBranchesMixin
from causeway.backends.mysql.creation import MySQLCreationMixin
from causeway.backends.mysql.cursor import NO_SUCH_TABLE, CursorDebugWrapper, CursorWrapper
from causeway.backends.mysql.features import MySQLFeaturesMixin
from causeway.backends.mysql.introspection import MySQLIntrospectionMixin
from causeway.backends.mysql.operations import MySQLOperationsMixin
from causeway.backends.mysql.schema import MySQLSchemaEditorMixin
from causeway.backends.mysql.server import MySQLServerMixin
from causeway.backends.mysql.validation import MySQLValidationMixin
from causeway.conf import LOCAL_ALIAS, staged_cores

# Around it, the server speaks the language that it is set to, which may have apostrophes.
QUOTED = re.compile(r"'(.+)'(?!\w)")


class MySQLMixin(MySQLBranchesMixin, MySQLServerMixin, DatabaseWrapperMixin):
    """Goes before the ``DatabaseWrapper`` of any backend that derives from Django's for MySQL."""

    mixins = {
        **DatabaseWrapperMixin.mixins,
        "SchemaEditorClass": MySQLSchemaEditorMixin,
        "creation_class": MySQLCreationMixin,
        "features_class": MySQLFeaturesMixin,
        "introspection_class": MySQLIntrospectionMixin,
        "ops_class": MySQLOperationsMixin,
        "validation_class": MySQLValidationMixin,
    }

    def make_cursor(self, cursor):
        return CursorWrapper(cursor, self)

    def make_debug_cursor(self, cursor):
        return CursorDebugWrapper(cursor, self)

    # Whether the session of a staged core checks constraints as far as the child's connection has a say.
    checks_for_child = True

    def connect(self):
        super().connect()
        self.checks_for_child = True

    def heed_child(self):
        """Have a staged core leave constraints unchecked while the child does, which means every table by that.

        Other engines check them at the end of the transaction, and then again as the child does.
        """
        if self.alias not in staged_cores():
            return
        checks = getattr(connections[LOCAL_ALIAS], "checks_constraints", True)
        if checks != self.checks_for_child and self.connection is not None:
            self.checks_for_child = checks
            with self.connection.cursor() as cursor:
                cursor.execute(f"SET foreign_key_checks = {int(checks and self.checks_constraints)}")

    def missing_table(self, error):
        if error.args[:1] != (NO_SUCH_TABLE,):
            return None
        found = QUOTED.search(str(error.args[1]))
        return found[1] if found else ""

    def link_obstacle(self, other):
        if not isinstance(other, MySQLDatabaseWrapper):
            return self.different_engines(other)
        if self.server_address() != server_address(other.settings_dict):
            return (
                f"the two are on different servers ({self.alias!r} on {self.server_address()}, "
                f"{other.alias!r} on {server_address(other.settings_dict)})"
            )
        return None

    def server_address(self):
        return server_address(self.settings_dict)

    def account(self):
        """The account that the server takes the user for, as a GRANT names it."""
        with self.cursor() as cursor:
            cursor.execute("SELECT CURRENT_USER()")
            name, _, host = cursor.fetchone()[0].rpartition("@")
        return "@".join("'{}'".format(part.replace("'", "''")) for part in (name, host))

    def linked_name(self, home):
        return connections[home].settings_dict["NAME"]


class DatabaseWrapper(MySQLMixin, MySQLDatabaseWrapper):
    pass


def server_address(settings):
    """Where the server listens, in the order in which the client library decides."""
    options = settings["OPTIONS"]
    host = options.get("host", settings["HOST"])
    if host.startswith("/"):
        return host
    if host in {"", "localhost"} and (socket := options.get("unix_socket")):
        return socket
    return f"{host or 'localhost'}:{options.get('port', settings['PORT']) or 3306}"
