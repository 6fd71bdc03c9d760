from functools import partial

from django.core.checks import Error
from django.db import connections

from causeway.backends.base.validation import ValidationMixin
from causeway.conf import LOCAL_ALIAS, cores
from causeway.names import quoted

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


class PostgreSQLValidationMixin(ValidationMixin):
    def check_core(self, home):
        schema = self.connection.linked_name(home)
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_catalog.pg_namespace WHERE nspname = %s",
                [schema],
            )
            row = cursor.fetchone()
            if row is None:
                name = f"{connections[home].settings_dict['NAME']}.{schema}"
                return [self.missing(home, name, f"there is no schema {schema!r}")]
            issues = self.check_search_path(cursor, home, schema)
            lacking = "USAGE" if not row[0] else self.lacking_right(cursor, home, schema)
            if lacking:
                return [*issues, self.no_rights(home, f"{lacking} on {schema!r}", self.grants(home, schema))]
            return issues + self.missing_tables(home, self.core_table_names(cursor, home))

    def core_table_names(self, cursor, home):
        cursor.execute(
            "SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') "
            "AND c.relnamespace = to_regnamespace(quote_ident(%s))",
            [self.connection.linked_name(home)],
        )
        return [name for (name,) in cursor.fetchall()]

    def lacking_right(self, cursor, home, schema):
        """A right that the user has not on one of the core tables, with the table; or None."""
        rights = RIGHTS[:1] if cores()[home].read_only else RIGHTS
        tables = sorted(str(model._meta.db_table) for model in self.core_models(home))
        for asked, names in ((list(rights), tables), (["REFERENCES"], self.referred_tables(home))):
            cursor.execute(
                """
                SELECT asked.privilege || ' of ' || c.relname
                FROM pg_catalog.pg_class c, unnest(%s::text[]) AS asked (privilege)
                WHERE c.relnamespace = to_regnamespace(quote_ident(%s)) AND c.relname = ANY(%s)
                    AND NOT has_table_privilege(c.oid, asked.privilege)
                ORDER BY c.relname LIMIT 1
                """,
                [asked, schema, list(map(self.connection.ops.stored_name, names))],
            )
            if row := cursor.fetchone():
                return row[0]
        return None

    def grants(self, home, schema):
        quote = partial(quoted, self.connection.ops)
        writable = not cores()[home].read_only
        rights = ", ".join(RIGHTS if writable else RIGHTS[:1])
        user = quote(self.connection.settings_dict["USER"])
        grants = (
            f"GRANT USAGE ON SCHEMA {quote(schema)} TO {user}; "
            f"GRANT {rights}, REFERENCES ON ALL TABLES IN SCHEMA {quote(schema)} TO {user};"
        )
        # For columns of the type serial, and for loaddata.
        sequences = f" GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {quote(schema)} TO {user};"
        return grants + (sequences if writable else "")

    def check_search_path(self, cursor, home, schema):
        cursor.execute("SELECT current_schemas(false)")
        if schema not in cursor.fetchone()[0]:
            return []
        return [
            Error(
                f"The search path of {LOCAL_ALIAS!r} holds the schema {schema!r} of the core database {home!r}: a "
                f"local table that is missing would be taken from there.",
                hint="Leave the schema out of the search path of the user and of OPTIONS: core tables are qualified.",
                id="causeway.E015",
            )
        ]
