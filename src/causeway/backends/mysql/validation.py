from django.db import connections
from django.db.utils import DatabaseError

from causeway.backends.base.validation import ValidationMixin
from causeway.conf import cores

# Access denied: to the database, the table, the column.
DENIED = {1044, 1142, 1143}


class MySQLValidationMixin(ValidationMixin):
    def check_core(self, home):
        name = connections[home].settings_dict["NAME"]
        with self.connection.cursor() as cursor:
            # Shows only databases on which the user has some right.
            cursor.execute("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", [name])
            if not cursor.fetchone():
                return [self.missing(home, name, "there is no such database, or the user has no right on it")]
            denied = [
                reason for model in self.core_models(home) if (reason := self.denied(cursor, home, model))
            ]
            issues = self.missing_tables(home, self.core_table_names(cursor, home))
        if not denied:
            return issues
        rights = "SELECT" if cores()[home].read_only else "SELECT, INSERT, UPDATE, DELETE"
        user = self.connection.settings_dict["USER"]
        return [self.no_rights(home, denied[0], f"GRANT {rights}, REFERENCES ON `{name}`.* TO {user!r};")]

    def core_table_names(self, cursor, home):
        name = connections[home].settings_dict["NAME"]
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [name])
        return [table for (table,) in cursor.fetchall()]

    def denied(self, cursor, home, model):
        """The server's words on a right that is missing on a core table, or None.

        EXPLAIN needs the rights of the statement that it explains, and carries nothing out.
        """
        table = self.connection.ops.placed_table(model._meta.db_table)
        column = self.connection.ops.quote_name(model._meta.local_concrete_fields[0].column)
        statements = [f"SELECT {column} FROM {table} WHERE 1 = 0"]
        if not cores()[home].read_only:
            statements += [
                f"INSERT INTO {table} ({column}) SELECT {column} FROM {table} WHERE 1 = 0",
                f"UPDATE {table} SET {column} = {column} WHERE 1 = 0",
                f"DELETE FROM {table} WHERE 1 = 0",
            ]
        for statement in statements:
            try:
                cursor.execute(f"EXPLAIN {statement}")
                cursor.fetchall()
            except DatabaseError as error:
                if error.args[0] in DENIED:
                    return error.args[-1]
        return None
