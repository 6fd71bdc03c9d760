"""What statements of a child may do in the files that are attached to its connection."""

import sqlite3

from django.db import OperationalError

from causeway import homes, underway
from causeway.backends.base.lexer import tokens
from causeway.conf import cores
from causeway.exceptions import CoreNotOwned, CoreReadOnly

WRITES = {sqlite3.SQLITE_DELETE, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE}
CHANGES = {
    getattr(sqlite3, f"SQLITE_{verb}_{thing}")
    for verb in ("CREATE", "DROP")
    for thing in ("INDEX", "TABLE", "TRIGGER", "VIEW", "VTABLE")
} | {sqlite3.SQLITE_ALTER_TABLE}
# What these go through is no row of anybody's.
MAINTENANCE = (["analyze"], ["pragma"], ["reindex"], ["vacuum"])
SCHEMA_TABLES = {"sqlite_master", "sqlite_schema"}


class Guard:
    """Keeps statements from core tables that they do not mean.

    SQLite looks a bare name up in the attached files too, where a connection's own has none of that name. What a
    child has no table for would be read from another project's, and written there. So a bare name reaches core
    where it is that of a core model, as on every engine, and else is that of a table which is missing.

    It is asked while a statement is prepared, for each of the tables and columns that it names.
    """

    def __init__(self, connection):
        self.connection = connection
        self.settings = None
        # The statement that is executed, and the error for what it may not do.
        self.sql = ""
        self.parts = None
        self.refusal = None
        # The schemas in which it has a target: what constraints and triggers do there follows from that.
        self.written = set()
        self.is_editing = False

    def keep(self):
        """Have the connection ask, also about statements that were prepared under other settings."""
        self.settings = cores()
        self.connection.connection.set_authorizer(self)

    def begin(self, sql):
        self.sql, self.refusal = str(sql), None
        self.parts = None
        self.written.clear()
        if self.settings is not None and self.settings is not cores():
            self.keep()

    def end(self):
        self.sql = ""

    def __call__(self, action, first, second, schema, source):
        if action == sqlite3.SQLITE_ALTER_TABLE:
            first, schema = second, first
        home = self.connection.homes_by_schema.get(schema)
        if home is None:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            is_fine = self.may_read(first, schema, source)
        elif action in WRITES:
            is_fine = self.may_write(first, schema)
        else:
            is_fine = action not in CHANGES or self.may_change(schema)
        if is_fine:
            return sqlite3.SQLITE_OK
        # What the driver executes by itself has its own error.
        self.refusal = self.refused(action, first, home) if self.sql else None
        return sqlite3.SQLITE_DENY

    def may_read(self, table, schema, source):
        """``source`` is the view in which the table is read, or the like."""
        return (
            schema in self.written
            or self.is_meant(table, schema)
            or table.startswith("sqlite_")
            or (source is not None and self.is_meant(source, schema))
            or self.is_maintenance()
        )

    def may_write(self, table, schema):
        if schema in self.written or self.is_maintenance():
            return True
        if self.is_read_only(schema):
            return False
        is_meant = self.is_named(schema) if table in SCHEMA_TABLES else self.is_meant(table, schema)
        if is_meant:
            self.written.add(schema)
        return is_meant

    def may_change(self, schema):
        return not self.is_editing and (schema in self.written or self.is_maintenance())

    def is_read_only(self, schema):
        home = self.connection.homes_by_schema[schema]
        return cores()[home].read_only and not underway.is_under_construction(home)

    def is_meant(self, table, schema):
        """Whether a core model has the table, or the statement names it with the file that it is in."""
        return self.is_core_models(table, schema) or self.is_named(schema, table.lower())

    def is_core_models(self, table, schema):
        tables = homes.core_tables()
        if table not in tables:
            table = next((name for name in tables if name.lower() == table.lower()), None)
        return table is not None and tables[table].home == self.connection.homes_by_schema[schema]

    def is_named(self, schema, table=None):
        """Whether the statement names the schema, with a dot after it and the table."""
        parts = self.read()
        return any(
            dot == "." and name == schema.lower() and table in {None, following, following.replace("%%", "%")}
            for name, dot, following in zip(parts, parts[1:], parts[2:], strict=False)
        )

    def is_maintenance(self):
        return self.read()[:1] in MAINTENANCE

    def read(self):
        """What the statement consists of, in small letters and names without their quotes."""
        if self.parts is None:
            found = tokens(self.sql, self.connection.ops.lexer_rules)
            self.parts = [
                (text[1:-1] if kind == "name" else text).lower() for kind, text in found if kind != "blank"
            ]
        return self.parts

    def refused(self, action, table, home):
        if action in CHANGES or table in SCHEMA_TABLES:
            return CoreNotOwned(
                f"Cannot run {self.sql!r} on {self.connection.alias!r}: the name it gives is that of a core table, "
                f"and only the core project changes those. Name a local table."
            )
        if action in WRITES and cores()[home].read_only:
            return CoreReadOnly(
                f"Cannot write {table!r} in the core database {home!r}: CAUSEWAY[{home!r}] declares it READ_ONLY. "
                f"Write it in the core project, or set READ_ONLY to False here."
            )
        return OperationalError(
            f"no such table: {table} (the core database {home!r} has one, which is no core model's: make the table of "
            f"this project, or write the name of the core database before its own)"
        )
