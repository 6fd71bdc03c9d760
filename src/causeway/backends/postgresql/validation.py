from django.core.checks import Error
from django.db import connections

from causeway.backends.base.validation import ValidationMixin
from causeway.conf import LOCAL_ALIAS, cores
from causeway.names import quoted
from causeway.placements import is_linked_on

LACKING = """
    SELECT c.relname, asked.privilege
    FROM pg_catalog.pg_class c, unnest(%s::text[]) WITH ORDINALITY AS asked (privilege, number)
    WHERE c.relnamespace = to_regnamespace(quote_ident(%s)) AND c.relname = ANY(%s)
        AND NOT has_table_privilege(c.oid, asked.privilege)
    ORDER BY c.relname, asked.number
"""
SEQUENCES = """
    SELECT s.relname
    FROM pg_catalog.pg_class s
    JOIN pg_catalog.pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i')
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid
    WHERE s.relkind = 'S' AND c.relnamespace = to_regnamespace(quote_ident(%s)) AND c.relname = ANY(%s)
    ORDER BY s.relname
"""


class PostgreSQLValidationMixin(ValidationMixin):
    def is_place_of(self, home):
        # Of a linked core, the schema must not be in the search path.
        return not is_linked_on(self.connection, home) and super().is_place_of(home)

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
            issues += self.missing_tables(home, self.core_table_names(cursor, home))
        if not row[0]:
            tables = sorted(str(model._meta.db_table) for model in self.core_models(home))
            lacking = dict.fromkeys(tables, f"USAGE on {schema!r}")
        else:
            lacking = self.lacking_rights(home)
        if lacking:
            reason = next(iter(lacking.values()))
            issues.append(self.no_rights(home, reason, self.grants(home, lacking)))
        return issues

    def schema_of(self, home):
        """The schema of the core tables, as this connection reaches them."""
        if home != self.connection.alias:
            return self.connection.linked_name(home)
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            return cursor.fetchone()[0]

    def core_table_names(self, cursor, home):
        cursor.execute(
            "SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') "
            "AND c.relnamespace = to_regnamespace(quote_ident(%s))",
            [self.connection.linked_name(home)],
        )
        return [name for (name,) in cursor.fetchall()]

    def lacking_rights(self, home):
        schema, stored = self.schema_of(home), self.connection.ops.stored_name
        rights = list(self.rights_needed(home))
        tables = {stored(model._meta.db_table): str(model._meta.db_table) for model in self.core_models(home)}
        referred = self.referred_tables(home) if home != self.connection.alias else []
        found = {}
        with self.connection.cursor() as cursor:
            for asked, names in ((rights, list(tables)), (["REFERENCES"], list(map(stored, referred)))):
                cursor.execute(LACKING, [asked, schema, names])
                for table, right in cursor.fetchall():
                    found.setdefault(tables.get(table, table), f"{right} of {table} on {schema!r}")
        return found

    def grants(self, home, tables):
        schema, ops = self.schema_of(home), self.connection.ops
        referred = set(self.referred_tables(home)) if home != self.connection.alias else set()
        rights, user = ", ".join(self.rights_needed(home)), self.connection.account()
        place = quoted(ops, schema)
        grants = [f"GRANT USAGE ON SCHEMA {place} TO {user};"]
        for table in sorted(tables):
            more = ", REFERENCES" if table in referred else ""
            grants.append(f"GRANT {rights}{more} ON {place}.{ops.quote_name(table)} TO {user};")
        if not cores()[home].read_only:
            grants += [
                f"GRANT USAGE, SELECT, UPDATE ON SEQUENCE {place}.{quoted(ops, name)} TO {user};"
                for name in self.sequences(schema, tables)
            ]
        return " ".join(grants)

    def sequences(self, schema, tables):
        """Those of the tables' columns: for columns of the type serial, and for loaddata."""
        with self.connection.cursor() as cursor:
            cursor.execute(SEQUENCES, [schema, list(map(self.connection.ops.stored_name, tables))])
            return [name for (name,) in cursor.fetchall()]

    def grant_of_temporaries(self):
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_database(), has_database_privilege(current_database(), 'TEMPORARY')"
            )
            name, may = cursor.fetchone()
        if may:
            return None
        return (
            f"GRANT TEMPORARY ON DATABASE {quoted(self.connection.ops, name)} TO {self.connection.account()};"
        )

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
