import re

from django.db import IntegrityError
from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQLDatabaseWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3

from causeway.backends.base.base import DatabaseWrapperMixin
from causeway.backends.base.statements import Known
from causeway.backends.postgresql.branches import PostgreSQLBranchesMixin, sqlstate
from causeway.backends.postgresql.creation import PostgreSQLCreationMixin
from causeway.backends.postgresql.cursor import (
    CoreCursorDebugWrapper,
    CoreCursorWrapper,
    CursorDebugWrapper,
    CursorWrapper,
)
from causeway.backends.postgresql.features import PostgreSQLFeaturesMixin
from causeway.backends.postgresql.introspection import PostgreSQLIntrospectionMixin
from causeway.backends.postgresql.operations import PostgreSQLOperationsMixin
from causeway.backends.postgresql.schema import PostgreSQLSchemaEditorMixin
from causeway.backends.postgresql.search_path import with_search_path
from causeway.backends.postgresql.server import PostgreSQLServerMixin
from causeway.backends.postgresql.validation import PostgreSQLValidationMixin
from causeway.conf import cores
from causeway.placements import is_linked_on

# What is deferred is tried, and is as it was before.
TRIED = "ROLLBACK TO SAVEPOINT causeway_tried; RELEASE SAVEPOINT causeway_tried"
TRY_CONSTRAINTS = f"SAVEPOINT causeway_tried; SET CONSTRAINTS ALL IMMEDIATE; {TRIED}"
UNDEFINED_TABLE = "42P01"
# Around it, the server speaks the language that it is set to.
QUOTED = re.compile(r"[\"»„«“](.+)[\"«“»”]")

# The constraints of some tables that refer to tables of the same schema.
CONSTRAINTS_WITHIN = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(f.conname)
    FROM pg_catalog.pg_constraint f
    JOIN pg_catalog.pg_namespace n ON n.oid = f.connamespace
    JOIN pg_catalog.pg_class source ON source.oid = f.conrelid
    JOIN pg_catalog.pg_class target ON target.oid = f.confrelid
    WHERE f.contype = 'f' AND f.condeferrable
        AND source.oid = ANY(%s::regclass[]) AND source.relnamespace = target.relnamespace
"""

WITHOUT_SCHEMA = """
    SELECT set_config('search_path', string_agg(quote_ident(name), ', ' ORDER BY position), false)
    FROM unnest(current_schemas(false)) WITH ORDINALITY AS path (name, position)
    WHERE name <> %s
"""


class PostgreSQLMixin(PostgreSQLBranchesMixin, PostgreSQLServerMixin, DatabaseWrapperMixin):
    """Goes before the ``DatabaseWrapper`` of any backend that derives from Django's for PostgreSQL."""

    mixins = {
        **DatabaseWrapperMixin.mixins,
        "SchemaEditorClass": PostgreSQLSchemaEditorMixin,
        "creation_class": PostgreSQLCreationMixin,
        "features_class": PostgreSQLFeaturesMixin,
        "introspection_class": PostgreSQLIntrospectionMixin,
        "ops_class": PostgreSQLOperationsMixin,
        "validation_class": PostgreSQLValidationMixin,
    }

    link_hint = (
        "Keep the core tables in a schema of the child's own database: give both aliases the same NAME, and the "
        "schema as SCHEMA in CAUSEWAY. Or write 'staged' for PLACEMENT there, which needs nothing but the two "
        "connections."
    )

    @property
    def own_schema(self):
        """The schema of a core connection's tables; None on a child's."""
        core = cores().get(self.alias)
        return self.ops.stored_name(core.schema) if core and core.schema else None

    def missing_table(self, error):
        if sqlstate(error) != UNDEFINED_TABLE:
            return None
        # Only the first line: the next ones show the statement.
        found = QUOTED.search(str(error).partition("\n")[0])
        return found[1] if found else ""

    links_by_schema = True

    def link_obstacle(self, other):
        if not isinstance(other, PostgreSQLDatabaseWrapper):
            return self.different_engines(other)
        here, there = server_address(self.settings_dict), server_address(other.settings_dict)
        if here != there:
            return f"the two are on different servers ({self.alias!r} on {here}, {other.alias!r} on {there})"
        here, there = self.settings_dict["NAME"], other.settings_dict["NAME"]
        if here != there:
            return (
                f"{self.alias!r} is the database {here!r}, {other.alias!r} the database {there!r}, and PostgreSQL "
                f"joins no tables of two databases"
            )
        if not cores()[other.alias].schema:
            return (
                f"both are the database {here!r}, and CAUSEWAY[{other.alias!r}] names no SCHEMA that would tell "
                f"the core tables from the local ones"
            )
        return None

    def linked_name(self, home):
        return self.ops.stored_name(cores()[home].schema)

    def heed_other_projects(self):
        # Django's constraints are deferred to the end of the block, when somebody may have been told that all is well.
        # This project can put right what its own rows refer to until then; those of others it cannot.
        if not self.in_atomic_block:
            return
        try:
            self.send_raw(TRY_CONSTRAINTS)
        except IntegrityError as error:
            self.send_raw(TRIED)
            with self.cursor() as cursor:
                cursor.execute(Known("SELECT current_schema()"))
                own = {
                    cursor.fetchone()[0],
                    *(self.linked_name(home) for home in cores() if is_linked_on(self, home)),
                }
            if error.__cause__.diag.schema_name not in own:
                raise

    def send_raw(self, sql):
        """Send statements together, of which no log tells."""
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(sql, **({"prepare": False} if is_psycopg3 else {}))

    def check_constraints(self, table_names=None):
        """Check the constraints within each schema, if tables are named; else all.

        Fixtures are loaded home by home: rows that refer to rows of a home still to come are
        checked when the transaction is committed.
        """
        if table_names is None:
            super().check_constraints()
            return
        names = [self.ops.target(name) or self.ops.quote_name(name) for name in table_names]
        with self.cursor() as cursor:
            cursor.execute(CONSTRAINTS_WITHIN, [names])
            if constraints := ", ".join(name for (name,) in cursor.fetchall()):
                cursor.execute(f"SET CONSTRAINTS {constraints} IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    def get_connection_params(self):
        params = super().get_connection_params()
        if schema := self.own_schema:
            params["options"] = with_search_path(params.get("options") or "", schema)
        return params

    def prepare_database(self):
        # An extension is made in the first schema of the search path. In a core's own, which is in
        # no child's search path, the children would not find it.
        if self.own_schema:
            with self.cursor() as cursor:
                cursor.execute(WITHOUT_SCHEMA, [self.own_schema])
                super().prepare_database()
                cursor.execute("RESET search_path")
        else:
            super().prepare_database()

    def create_cursor(self, name=None):
        if name:
            # Whether it outlasts the transaction is said when it is made, before it is declared.
            self.announce("DECLARE")
        return super().create_cursor(name)

    def make_cursor(self, cursor):
        return (CoreCursorWrapper if self.is_core else CursorWrapper)(cursor, self)

    def make_debug_cursor(self, cursor):
        return (CoreCursorDebugWrapper if self.is_core else CursorDebugWrapper)(cursor, self)


class DatabaseWrapper(PostgreSQLMixin, PostgreSQLDatabaseWrapper):
    pass


def server_address(settings):
    options = settings["OPTIONS"]
    if service := options.get("service"):
        return f"the service {service!r}"
    host = options.get("host", settings["HOST"]) or "the local socket"
    return f"{host}:{options.get('port', settings['PORT']) or 5432}"
