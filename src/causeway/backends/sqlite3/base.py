import sqlite3
from pathlib import Path
from urllib.parse import quote

from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLiteDatabaseWrapper
from django.utils.functional import cached_property

from causeway.backends.base.base import DatabaseWrapperMixin
from causeway.backends.base.branches import BranchesMixin
from causeway.backends.sqlite3.creation import SQLiteCreationMixin
from causeway.backends.sqlite3.cursor import CursorDebugWrapper, CursorWrapper
from causeway.backends.sqlite3.errors import LockedFileExplainer
from causeway.backends.sqlite3.guard import Guard
from causeway.backends.sqlite3.introspection import SQLiteIntrospectionMixin
from causeway.backends.sqlite3.operations import SQLiteOperationsMixin
from causeway.backends.sqlite3.schema import SQLiteSchemaEditorMixin
from causeway.backends.sqlite3.server import SQLiteServerMixin
from causeway.backends.sqlite3.validation import SQLiteValidationMixin
from causeway.conf import cores
from causeway.exceptions import CoreUnavailable
from causeway.names import own_name, quoted
from causeway.placements import is_linked_on

# What its extended codes begin with where somebody else has the file.
CONFLICTS = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class SQLiteMixin(BranchesMixin, SQLiteServerMixin, DatabaseWrapperMixin):
    """Goes before the ``DatabaseWrapper`` of any backend that derives from Django's for SQLite."""

    mixins = {
        **DatabaseWrapperMixin.mixins,
        "SchemaEditorClass": SQLiteSchemaEditorMixin,
        "creation_class": SQLiteCreationMixin,
        "introspection_class": SQLiteIntrospectionMixin,
        "ops_class": SQLiteOperationsMixin,
        "validation_class": SQLiteValidationMixin,
    }

    never_prepares = "SQLite cannot prepare a transaction"
    sql_to_wait_briefly = "PRAGMA busy_timeout = 1000"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # What is attached to the open connection: file by alias.
        self.attached = {}
        # The aliases of these, by the schemas that they are here.
        self.homes_by_schema = {}
        self.guard = Guard(self)
        # By core, which files are in WAL mode.
        self.in_wal = {}

    @cached_property
    def wrap_database_errors(self):
        return LockedFileExplainer(self)

    def is_conflict(self, error):
        return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in CONFLICTS

    def make_cursor(self, cursor):
        return CursorWrapper(cursor, self)

    def make_debug_cursor(self, cursor):
        return CursorDebugWrapper(cursor, self)

    def missing_table(self, error):
        _, found, name = str(error).partition("no such table: ")
        return name if found else None

    def link_obstacle(self, other):
        if not isinstance(other, SQLiteDatabaseWrapper):
            return self.different_engines(other)
        if str(other.settings_dict["NAME"]) == ":memory:":
            return f"{other.alias!r} is a private in-memory database, which no other connection can see"
        return None

    def init_connection_state(self):
        super().init_connection_state()
        self.attached, self.homes_by_schema = {}, {}
        self.in_wal = {}
        self.ops.targets.clear()
        if any(
            self.creation.is_in_memory_db(str(core_name(alias))) for alias in (self.alias, *linkable(self))
        ):
            # Only tests have these. Their shared cache locks tables, and a reader would not wait.
            self.connection.execute("PRAGMA read_uncommitted = 1")
        for home in linkable(self):
            # A file that is not there yet is missed by the first query that needs it.
            if exists(core_name(home)):
                self.attach(home)

    def prepare_database(self):
        # What a backend makes here where it is missing, as SpatiaLite its metadata, it would find
        # in an attached file. (Whoever migrates within a transaction has prepared it before.)
        self.ensure_connection()
        detached = [] if self.in_atomic_block else list(self.attached)
        for home in detached:
            self.detach(home)
        super().prepare_database()
        for home in detached:
            self.attach(home)

    def linked_name(self, home):
        if self.connection is None:
            if not exists(core_name(home)):
                raise unavailable(home, self.alias, "there is no such file")
        elif self.attached.get(home) != core_name(home):
            self.attach(home)
        return schema_name(home)

    def files_in_wal(self, home):
        """The aliases, of this connection and a core attached to it, whose files are in WAL mode. It asks once."""
        if home not in self.in_wal:
            modes = {
                self.alias: "PRAGMA main.journal_mode",
                home: f"PRAGMA {self.schema(home)}.journal_mode",
            }
            with self.cursor() as cursor:
                self.in_wal[home] = [
                    alias for alias, pragma in modes.items() if cursor.execute(pragma).fetchone()[0] == "wal"
                ]
        return self.in_wal[home]

    def attach(self, home):
        """Attach the file of a core database, by the name that its alias makes. Raises CoreUnavailable."""
        name = core_name(home)
        try:
            if home in self.attached:
                self.detach(home)
            self.connection.execute(f"ATTACH DATABASE ? AS {self.schema(home)}", [uri(name)])
        except self.Database.Error as error:
            raise unavailable(home, self.alias, error) from error
        self.attached[home] = name
        self.homes_by_schema[schema_name(home)] = home
        self.guard.keep()

    def detach(self, home):
        self.connection.execute(f"DETACH DATABASE {self.schema(home)}")
        del self.attached[home]
        del self.homes_by_schema[schema_name(home)]

    def schema(self, home):
        """The SQL that names an attached core database."""
        return quoted(self.ops, schema_name(home))


class DatabaseWrapper(SQLiteMixin, SQLiteDatabaseWrapper):
    pass


def linkable(connection):
    if not connection.reaches_core:
        return []
    return [home for home in cores() if home != connection.alias and is_linked_on(connection, home)]


def schema_name(home):
    """What the file of a core database is attached as: its alias, where SQLite takes that for no other."""
    taken = {"main", "temp", *(str(alias).lower() for alias in cores() if alias != home)}
    return own_name(home, is_taken=home.lower() in taken)


def core_name(home):
    return connections[home].settings_dict["NAME"]


def exists(name):
    return str(name).startswith("file:") or Path(name).exists()


def unavailable(home, alias, reason):
    return CoreUnavailable(
        f"Cannot attach the core database {home!r} ({str(core_name(home))!r}) to the connection {alias!r}: {reason}. "
        f"The file must exist (the core project's migrate makes it), be readable, and be one of at most ten "
        f"attached files."
    )


def uri(name):
    """The name of a database as a URI that opens an existing file and never makes one."""
    if str(name).startswith("file:"):
        return str(name)
    return f"file:{quote(str(Path(name).absolute()))}?mode=rw"
