from functools import partial

from django.db import connections
from django.db.utils import DatabaseError

from causeway.backends.base.statements import Known
from causeway.backends.base.validation import ValidationMixin, are_named_alike
from causeway.names import quoted
from causeway.placements import is_linked_on

# Access denied: to the database, the table, the column.
DENIED = {1044, 1142, 1143}


class MySQLValidationMixin(ValidationMixin):
    def is_place_of(self, home):
        if not is_linked_on(self.connection, home):
            return super().is_place_of(home)
        known, core = self.connection.ops.table_key, connections[home]
        is_one = known(self.connection.own_database()) == known(self.connection.linked_name(home))
        return is_one and not are_named_alike(self.connection, core)

    def check_core(self, home):
        name = connections[home].settings_dict["NAME"]
        with self.connection.cursor() as cursor:
            # Shows only databases on which the user has some right.
            cursor.execute("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", [name])
            if not cursor.fetchone():
                return [self.missing(home, name, "there is no such database, or the user has no right on it")]
            tables = self.core_table_names(cursor, home)
        lacking = self.lacking_rights(home)
        # A table on which the user has no right at all is not shown to him.
        issues = self.missing_tables(home, [*tables, *lacking])
        if lacking:
            reason = next(iter(lacking.values()))
            issues.append(self.no_rights(home, reason, self.grants(home, lacking)))
        return issues

    def lacking_rights(self, home):
        with self.connection.cursor() as cursor:
            return {
                str(model._meta.db_table): reason
                for model in self.core_models(home)
                if (reason := self.denied(cursor, home, model))
            }

    def grants(self, home, tables):
        is_linked = home != self.connection.alias
        referred = set(self.referred_tables(home)) if is_linked else set()
        name = self.connection.linked_name(home) if is_linked else self.connection.own_database()
        rights, account = ", ".join(self.rights_needed(home)), self.connection.account()
        quote = partial(quoted, self.connection.ops)
        return " ".join(
            f"GRANT {rights}{', REFERENCES' if table in referred else ''} ON {quote(name)}.{quote(table)} TO {account};"
            for table in sorted(tables)
        )

    def grant_of_temporaries(self):
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(Known("CREATE TEMPORARY TABLE causeway_allowed (id integer)"))
                cursor.execute(Known("DROP TEMPORARY TABLE causeway_allowed"))
        except DatabaseError as error:
            if error.args[0] not in DENIED:
                return None
            name = quoted(self.connection.ops, self.connection.own_database())
            return f"GRANT CREATE TEMPORARY TABLES ON {name}.* TO {self.connection.account()};"
        return None

    def core_table_names(self, cursor, home):
        name = connections[home].settings_dict["NAME"]
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [name])
        return [table for (table,) in cursor.fetchall()]

    def denied(self, cursor, home, model):
        """The server's words on a right that is missing on a core table, or None.

        EXPLAIN needs the rights of the statement that it explains, and carries nothing out.
        """
        ops = self.connection.ops
        table = ops.placed_table(model._meta.db_table) or ops.quote_name(model._meta.db_table)
        column = self.connection.ops.quote_name(model._meta.local_concrete_fields[0].column)
        statements = [f"SELECT {column} FROM {table} WHERE 1 = 0"]
        if len(self.rights_needed(home)) > 1:
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
