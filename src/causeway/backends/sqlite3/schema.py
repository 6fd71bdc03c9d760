import sqlite3

from django.db import DatabaseError

from causeway.backends.base.schema import SchemaEditorMixin
from causeway.exceptions import CoreNotOwned

CHANGES = {
    getattr(sqlite3, f"SQLITE_{verb}_{thing}")
    for verb in ("CREATE", "DROP")
    for thing in ("INDEX", "TABLE", "TRIGGER", "VIEW", "VTABLE")
} | {sqlite3.SQLITE_ALTER_TABLE}


class SQLiteSchemaEditorMixin(SchemaEditorMixin):
    # SQLite looks a bare name up in the attached files too, where its own has none of that
    # name: DROP TABLE of a missing local table would drop the core table of that name.
    def __enter__(self):
        editor = super().__enter__()
        self.connection.connection.set_authorizer(self.refuse_attached)
        return editor

    def __exit__(self, *exc_info):
        self.connection.connection.set_authorizer(None)
        return super().__exit__(*exc_info)

    def refuse_attached(self, action, first, second, schema, trigger):
        if action == sqlite3.SQLITE_ALTER_TABLE:
            schema = first
        changes_core = action in CHANGES and schema in self.connection.attached_schemas
        return sqlite3.SQLITE_DENY if changes_core else sqlite3.SQLITE_OK

    def drop_constraints_of(self, field):
        # They go with the table, which is made anew.
        pass

    def repair_constraint(self, field, wrong):
        self._remake_table(field.model)

    def alter_type(self, old, new):
        with self.possible_constraints(old, new):
            self._remake_table(old.model, alter_fields=[(old, new)])

    def execute(self, sql, params=()):
        try:
            return super().execute(sql, params)
        except DatabaseError as error:
            if str(error) != "not authorized":
                raise
            raise CoreNotOwned(
                f"Cannot run {str(sql)!r} on {self.connection.alias!r}: the name it gives is that of a core table, "
                f"and only the core project changes those. Name a local table."
            ) from error
