import os
import re

from django.core.checks import Error, Warning
from django.db import connections

from causeway.backends.base.validation import ValidationMixin
from causeway.conf import cores
from causeway.exceptions import CoreUnavailable
from causeway.placements import is_linked_on

# SQLITE_MAX_ATTACHED of an ordinary build: https://sqlite.org/limits.html#max_attached
MAX_ATTACHED = 10


class SQLiteValidationMixin(ValidationMixin):
    def check_link(self, home):
        issues = []
        linked = [alias for alias in cores() if is_linked_on(self.connection, alias)]
        if len(linked) > MAX_ATTACHED and home == linked[MAX_ATTACHED]:
            issues.append(
                Error(
                    f"CAUSEWAY links {len(linked)} core databases, but SQLite attaches at most {MAX_ATTACHED} files.",
                    hint="Put core models that belong together into one core database.",
                    id="causeway.E012",
                )
            )
        command = self.connection.settings_dict["OPTIONS"].get("init_command") or ""
        if re.search(r"journal_mode\s*[=(]\s*['\"]?wal", command, re.IGNORECASE):
            issues.append(self.not_atomic(home, f"init_command of {self.connection.alias!r} asks for WAL"))
        return issues

    def check_core(self, home):
        try:
            self.connection.ensure_connection()
            self.connection.linked_name(home)
        except CoreUnavailable as error:
            return [self.missing(home, self.core_file(home), str(error.__cause__ or "there is no such file"))]
        issues = self.check_file(home)
        with self.connection.cursor() as cursor:
            issues += self.missing_tables(home, self.core_table_names(cursor, home))
            for name, of in (("main", self.connection.alias), (self.connection.schema(home), home)):
                if cursor.execute(f"PRAGMA {name}.journal_mode").fetchone()[0] == "wal":
                    issues.append(self.not_atomic(home, f"the file of {of!r} is in WAL mode"))
        return issues

    def check_staged(self):
        if not self.has_file():
            file = self.core_file(self.connection.alias)
            return [self.missing(self.connection.alias, file, "there is no such file")]
        return self.check_file(self.connection.alias) or super().check_staged()

    def check_file(self, home):
        """Whether the process may write the file of a core database, if it is to."""
        file = self.core_file(home)
        if cores()[home].read_only or not os.path.exists(file) or os.access(file, os.W_OK):
            return []
        hint = "Give the process the right to write the file and its folder, or declare READ_ONLY."
        return [self.no_rights(home, f"the file {file!r} cannot be written", hint)]

    def own_tables(self):
        return super().own_tables() if self.has_file() else []

    def has_file(self):
        """Whether there is the file of this connection. (Connecting would make it.)"""
        file = self.core_file(self.connection.alias)
        return file.startswith("file:") or file == ":memory:" or os.path.exists(file)

    def core_table_names(self, cursor, home):
        # It is attached where it is not yet.
        self.connection.linked_name(home)
        schema = self.connection.schema(home)
        cursor.execute(f"SELECT name FROM {schema}.sqlite_master WHERE type IN ('table', 'view')")
        return [name for (name,) in cursor.fetchall()]

    def core_file(self, home):
        return str(connections[home].settings_dict["NAME"])

    def not_atomic(self, home, reason):
        return Warning(
            f"A transaction over {self.connection.alias!r} and the core database {home!r} is not atomic if the power "
            f"goes: {reason}.",
            hint="Use the rollback journal (PRAGMA journal_mode = DELETE) for both files, or accept the window.",
            id="causeway.W002",
        )
