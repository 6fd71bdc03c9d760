from math import prod

from django.db import DatabaseError

from causeway.backends.base.lexer import Rules
from causeway.backends.base.operations import OperationsMixin
from causeway.backends.base.statements import Known
from causeway.backends.mysql.vehicles import MySQLVehiclesMixin

# What the server's optimizer cannot do yet: this one explains in no table.
NOT_SUPPORTED_YET = 3999


class MySQLOperationsMixin(MySQLVehiclesMixin, OperationsMixin):
    text_rules_sql = "SELECT @@collation_database"

    def estimated_rows(self, sql, params, most):
        steps = self.explained(self.estimate_sql(sql, most), params)
        if steps is None:
            # Counting them takes longer, and every server can.
            with self.connection.cursor() as cursor:
                cursor.execute(Known(super().estimate_sql(sql, most)), params)
                return cursor.fetchone()[0]
        # MariaDB adds what a filter by row ids leaves, such as '200 (10%)', which it has in "filtered" as well.
        estimates = [
            int(str(step["rows"]).split()[0]) * float(step["filtered"]) / 100
            for step in steps
            if step["rows"]
        ]
        return int(prod(estimates)) if estimates else 0

    def explained(self, sql, params):
        """The steps of a plan by their columns; None of a server that does not tell how many rows each brings."""
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(Known(sql), params)
                names = [column[0] for column in cursor.description]
                rows = cursor.fetchall()
        except DatabaseError as error:
            if error.args[:1] != (NOT_SUPPORTED_YET,):
                raise
            return None
        if not {"rows", "filtered"} <= set(names):
            return None
        return [dict(zip(names, row, strict=True)) for row in rows]

    def estimate_sql(self, sql, most):
        # The form is asked for: without, it is what the server and the session are set to.
        form = "EXTENDED" if self.connection.mysql_is_mariadb else "FORMAT=TRADITIONAL"
        return f"EXPLAIN {form} {sql}"

    @property
    def lexer_rules(self):
        modes = self.connection.sql_mode
        return Rules(
            has_backslashes="NO_BACKSLASH_ESCAPES" not in modes,
            has_double_quoted_strings="ANSI_QUOTES" not in modes,
            has_hash_comments=True,
        )

    def name_obstacle(self, name):
        if len(name) > self.max_name_length():
            return f"its servers have names of up to {self.max_name_length()} characters"
        return super().name_obstacle(name)

    collations_sql = "SELECT collation_name FROM information_schema.collations"

    def dialect(self):
        # They differ in functions, in JSON above all.
        return "mariadb" if self.connection.mysql_is_mariadb else "mysql"
