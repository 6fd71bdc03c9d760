import json

from django.db.backends.postgresql import compiler
from django.db.models import AutoField

from causeway.backends.base.lexer import Rules
from causeway.backends.base.operations import OperationsMixin
from causeway.backends.base.statements import Known
from causeway.backends.postgresql.vehicles import PostgreSQLVehiclesMixin
from causeway.homes import Table
from causeway.names import cut, in_quotes, quoted

# Whether tables of other schemas refer, over however many steps, to some tables of this one.
REFERRED_TO = """
    WITH RECURSIVE referring AS (
        SELECT c.oid, c.relnamespace FROM pg_catalog.pg_class c
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = ANY(%s)
        UNION
        SELECT c.oid, c.relnamespace FROM referring
        JOIN pg_catalog.pg_constraint f ON f.contype = 'f' AND f.confrelid = referring.oid
        JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
    )
    SELECT EXISTS (SELECT 1 FROM referring WHERE relnamespace <> quote_ident(current_schema())::regnamespace)
"""


# In pg_database.encoding.
UTF8 = 6


class PostgreSQLOperationsMixin(PostgreSQLVehiclesMixin, OperationsMixin):
    # Before 6.1, Django refuses dollar signs.
    unbearable_in_names = ("%", "$") if hasattr(compiler, "SQLCompiler") else ("%",)

    lexer_rules = Rules(has_nested_comments=True, has_dollar_quotes=True)
    collations_sql = "SELECT collname FROM pg_catalog.pg_collation"

    text_rules_sql = (
        "SELECT datcollate, datctype, encoding FROM pg_catalog.pg_database WHERE datname = current_database()"
    )

    def fold_name(self, name):
        return name.lower()

    def stored_name(self, name):
        # The server cuts a longer one wherever a statement has it.
        return cut(str(name), self.max_name_length())

    def keeps_texts_in_utf8(self):
        return self.text_rules()[2] == UTF8

    def takes(self, value):
        return super().takes(value) and not (isinstance(value, str) and "\0" in value)

    def estimated_rows(self, sql, params, most):
        with self.connection.cursor() as cursor:
            cursor.execute(Known(self.estimate_sql(sql, most)), params)
            plan = cursor.fetchone()[0]
        plan = json.loads(plan) if isinstance(plan, str) else plan
        return int(plan[0]["Plan"]["Plan Rows"])

    def estimate_sql(self, sql, most):
        return f"EXPLAIN (FORMAT JSON) {sql}"

    def own_table(self, name):
        # A core connection whose search path is lost (a pooler may drop it) would find a table
        # of the child's under the bare name.
        if isinstance(name, Table) and (schema := self.connection.own_schema):
            return f"{quoted(self, schema)}.{self.quote_name(name)}"
        return None

    def sql_flush(self, style, tables, *, reset_sequences=False, allow_cascade=False):
        # TRUNCATE … CASCADE would empty the tables of other schemas as well: a core's those of
        # every child that refers to it. A DELETE is held to their constraints.
        if not tables or not self.is_referred_to(tables):
            return super().sql_flush(
                style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade
            )
        keyword, name = style.SQL_KEYWORD, style.SQL_FIELD
        statements = [
            f"{keyword('DELETE')} {keyword('FROM')} {name(self.quote_name(table))};" for table in tables
        ]
        if reset_sequences:
            with self.connection.cursor() as cursor:
                sequences = [
                    sequence
                    for table in tables
                    for sequence in self.connection.introspection.get_sequences(cursor, table)
                ]
            statements += self.sequence_reset_by_name_sql(style, sequences)
        return statements

    def is_referred_to(self, tables):
        with self.connection.cursor() as cursor:
            cursor.execute(REFERRED_TO, [[self.stored_name(table) for table in tables]])
            return cursor.fetchone()[0]

    def sequence_reset_sql(self, style, model_list):
        statements = []
        for model in model_list:
            if table := self.placed_table(model._meta.db_table):
                numbered = [field for field in model._meta.local_fields if isinstance(field, AutoField)]
                statements += [self.sequence_reset(table, field) for field in numbered]
            else:
                statements += super().sequence_reset_sql(style, [model])
        return statements

    def sequence_reset(self, table, field):
        """The statement that has the sequence of a table's column go on after what is there."""
        names = ", ".join(in_quotes(name, "'") for name in (table, field.column))
        column = self.quote_name(field.column)
        return (
            f"SELECT setval(pg_get_serial_sequence({names}), coalesce(max({column}), 1), max({column}) IS NOT null) "
            f"FROM {table};"
        )
