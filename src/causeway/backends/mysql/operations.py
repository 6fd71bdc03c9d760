from math import prod

from causeway.backends.base.lexer import Rules
from causeway.backends.base.operations import OperationsMixin
from causeway.backends.base.statements import Known
from causeway.backends.mysql.vehicles import MySQLVehiclesMixin


class MySQLOperationsMixin(MySQLVehiclesMixin, OperationsMixin):
    text_rules_sql = "SELECT @@collation_database"

    def estimated_rows(self, sql, params, most):
        with self.connection.cursor() as cursor:
            cursor.execute(Known(self.estimate_sql(sql, most)), params)
            names = [column[0] for column in cursor.description]
            steps = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        estimates = [int(step["rows"]) * float(step["filtered"]) / 100 for step in steps if step["rows"]]
        return int(prod(estimates)) if estimates else 0

    def estimate_sql(self, sql, most):
        return f"EXPLAIN {'EXTENDED ' if self.connection.mysql_is_mariadb else ''}{sql}"

    @property
    def lexer_rules(self):
        modes = self.connection.sql_mode
        return Rules(
            has_backslashes="NO_BACKSLASH_ESCAPES" not in modes,
            has_double_quoted_strings="ANSI_QUOTES" not in modes,
            has_hash_comments=True,
        )

    collations_sql = "SELECT collation_name FROM information_schema.collations"

    def dialect(self):
        # They differ in functions, in JSON above all.
        return "mariadb" if self.connection.mysql_is_mariadb else "mysql"
