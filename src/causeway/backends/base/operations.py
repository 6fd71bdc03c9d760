from functools import partial

from django.db import connections

from causeway import homes, underway
from causeway.backends.base.compiler import qualifying
from causeway.backends.base.guards import (
    asks_for_content_types,
    asks_for_local_rows,
    forget_aliases,
    refers_to_other_rows,
)
from causeway.backends.base.lexer import Rules
from causeway.backends.base.staging import requoted, staging
from causeway.backends.base.statements import Known
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.placements import target
from causeway.placements.mirrored import copy_for
from causeway.placements.staged.statement import current, is_mapped

# The compilers of statements that name one table as their target.
WRITING = {"SQLInsertCompiler", "SQLUpdateCompiler", "SQLDeleteCompiler"}


class OperationsMixin:
    def __init__(self, connection):
        super().__init__(connection)
        # Ours, by the name under which the backend keeps its own.
        self.compilers = {}
        # Those of them for a project with staged cores.
        self.staging_compilers = {}
        # Qualified names by home and table, good for one reading of the settings.
        self.targets = {}
        self.targets_of = None
        # The names of the collations that the database has, once they were asked for.
        self.collations = None
        # Temporary tables of staged queries that could not be dropped yet.
        self.left_over = []
        # What text_rules() found, and the name of the database it asked.
        self.known_text_rules = self.text_rules_of = None

    def compiler(self, compiler_name):
        if staged_cores() and self.connection.reaches_core:
            return partial(self.compiler_at_home, compiler_name)
        if self.connection.is_core:
            return partial(self.compiler_on_core, compiler_name)
        if underway.is_any_migrated() and self.connection.reaches_core:
            return partial(self.compiler_where_migrated, compiler_name)
        return self.own_compiler(compiler_name)

    def own_compiler(self, compiler_name):
        if compiler_name not in self.compilers:
            self.compilers[compiler_name] = qualifying(super().compiler(compiler_name))
        return self.compilers[compiler_name]

    @property
    def staged_homes(self):
        """The aliases of the core databases whose tables are staged on this connection."""
        found = staged_cores()
        if not found or not self.connection.reaches_core:
            return frozenset()
        return found - {self.connection.alias}

    def compiler_class(self, compiler_name):
        """The compilers of a project with staged cores."""
        if compiler_name not in self.staging_compilers:
            self.staging_compilers[compiler_name] = staging(self.own_compiler(compiler_name))
        return self.staging_compilers[compiler_name]

    def compiler_at_home(self, compiler_name, query, connection, using=None, elide_empty=True):
        """The compiler of a query on the connection where its base table stands."""
        statement = current()
        # A part of a statement is compiled where the statement is.
        is_part = statement is not None and statement.connection is connection
        asked = using
        if using and not is_part:
            using = self.home_alias(compiler_name, query, using)
            connection = connections[using]
            if using != asked and getattr(query, "extra", None):
                query = requoted(query, connections[asked], connection)
        compiler = connection.ops.compiler_class(compiler_name)(query, connection, using, elide_empty)
        compiler.asked = asked
        return compiler

    def home_alias(self, compiler_name, query, using):
        """The alias on which the query is to be compiled, for one that asks for it on ``using``."""
        model = getattr(query, "model", None)
        table = model._meta.db_table if model else None
        home = getattr(table, "home", None)
        if home not in staged_cores():
            if using not in staged_cores() or table is None:
                return using
            if homes.has_other_rows_on(using, model) or refers_to_other_rows(query, using):
                return using
            return (
                LOCAL_ALIAS if home or homes.is_content_type(model) or self.is_local_table(table) else using
            )
        if compiler_name not in WRITING and copy_for(query, using):
            return using
        if compiler_name not in WRITING and (self.spans(query, using) or is_mapped(table)):
            return LOCAL_ALIAS if using in cores() else using
        return home

    def spans(self, query, using):
        """Whether the joins of a query, as far as they are made, are with tables of the child's.

        A table that stands in both is core's on the alias of a core.
        """
        if query.extra_tables and not all(table in homes.core_tables() for table in query.extra_tables):
            return True
        tables = [node.table_name for node in query.alias_map.values()]
        at_home = [
            table
            for table in tables
            if getattr(table, "home", None) in staged_cores()
            or (using in cores() and getattr(table, "in_core", False))
        ]
        return len(at_home) < len(tables)

    def compiler_on_core(self, compiler_name, query, connection, using=None, elide_empty=True):
        """The compiler of a query on core, or on the child's connection for what is kept there alone."""
        # A subquery has no alias of its own: it runs where the query does.
        is_the_childs = asks_for_content_types(query) or asks_for_local_rows(query)
        if compiler_name == "SQLCompiler" and using and is_the_childs:
            connection, using = connections[LOCAL_ALIAS], LOCAL_ALIAS
            return connection.ops.compiler(compiler_name)(query, connection, using, elide_empty)
        return self.own_compiler(compiler_name)(query, connection, using, elide_empty)

    def compiler_where_migrated(self, compiler_name, query, connection, using=None, elide_empty=True):
        """The compiler of a query on the child's connection; of a core that is being migrated, on core's own.

        It may have named the child's, as functions do whose alias is Django's default unless they are told another.
        """
        home = homes.migrated_home(query.model) if using and query.model else None
        others = (node.table_name for node in query.alias_map.values() if node.join_type)
        if home is None or any(self.is_local_table(table) for table in others):
            return self.own_compiler(compiler_name)(query, connection, using, elide_empty)
        there = connections[home]
        forget_aliases(query.where)
        return there.ops.compiler(compiler_name)(query, there, home, elide_empty)

    def takes(self, value):
        """Whether a statement can be given a value. What it cannot be given is in no column, either."""
        return not isinstance(value, str) or is_unicode(value)

    def dialect(self):
        """What two databases share whose expressions mean the same."""
        return self.connection.vendor

    # A query for what decides how the database compares texts; None where nothing does.
    text_rules_sql: str | None = None

    def text_rules(self):
        """What decides how texts are compared: the same in two databases that compare them alike."""
        name = self.connection.settings_dict["NAME"]
        if self.text_rules_of != name:
            rules = None
            if self.text_rules_sql:
                with self.connection.cursor() as cursor:
                    cursor.execute(Known(self.text_rules_sql))
                    rules = cursor.fetchone()
            self.known_text_rules, self.text_rules_of = rules, name
        return self.known_text_rules

    def has_collation(self, name):
        """Whether this database has a collation of that name: each engine has its own."""
        if self.collations is None:
            with self.connection.cursor() as cursor:
                cursor.execute(Known(self.collations_sql))
                self.collations = {row[0].lower() for row in cursor.fetchall()}
        return name.lower() in self.collations

    def estimated_rows(self, sql, params, most):
        """About how many rows a statement would bring; of more than ``most``, perhaps one more than that."""
        with self.connection.cursor() as cursor:
            cursor.execute(Known(self.estimate_sql(sql, most)), params)
            return cursor.fetchone()[0]

    def estimate_sql(self, sql, most):
        """The statement that ``estimated_rows()`` sends."""
        return f"SELECT count(*) FROM ({sql} LIMIT {most + 1}) counted"

    def placed_table(self, name):
        """The SQL that names a core table of another database here; None for any other table."""
        home = getattr(name, "home", None)
        if home is None:
            return None
        statement = current()
        if statement is not None and (copy := statement.copy_of(name)):
            return self.quote_name(copy)
        if self.targets_of is not cores():
            self.targets, self.targets_of = {}, cores()
        kept = self.targets.get((home, name))
        # Under a test runner the name changes: it is compared each time.
        if kept is None or kept[0]["NAME"] is not kept[1]:
            if self.connection.home_elsewhere(name) is None:
                return None
            settings = connections.settings.get(home, {"NAME": None})
            kept = self.targets[home, name] = (settings, settings["NAME"], target(self.connection, name))
        return kept[2]

    def target(self, name):
        """The SQL that names a table as a query's target; None where its bare name does."""
        return self.placed_table(name) or self.own_table(name)

    def mapped(self, name):
        """Whether a core table of another database holds ids of content types that statements map here."""
        return (
            getattr(name, "mapped", None) is not None
            and self.connection.home_elsewhere(name) is not None
            and name.home not in staged_cores()
        )

    # What Django does not bear in the name of a table or a column: it puts names into statements as they are,
    # and looks for the places of parameters there.
    unbearable_in_names: tuple[str, ...] = ("%",)

    def name_obstacle(self, name):
        """Why Django has no table or column of that name here, as a clause; None if it may have it."""
        for text in (self.quote_name("x")[0], *self.unbearable_in_names):
            if text in name:
                return f"Django puts names into statements as they are, and this one has {text} in it"
        return None

    def stored_name(self, name):
        """What the database calls what a statement calls so."""
        return str(name)

    def table_key(self, name):
        """By what a table is known whose name a statement or the database has so: the same for all ways to write it."""
        name = self.stored_name(name)
        return name.lower() if self.connection.features.ignores_table_name_case else name

    def placed_core_table(self, name):
        """``placed_table()`` of the one core table with that bare name, or None."""
        return self.placed_table(homes.core_tables().get(name))

    def linked_core_table(self, name):
        """The SQL that names the one core table with that bare name in raw SQL; None where it cannot be named."""
        table = homes.core_tables().get(name)
        return None if getattr(table, "home", None) in self.staged_homes else self.placed_table(table)

    # How raw SQL is read.
    lexer_rules = Rules()

    def fold_name(self, name):
        """What the engine makes of a name that has no quotes."""
        return name

    def own_table(self, name):
        """The SQL that names a local table where its bare name could mean another; None where it cannot."""
        return

    def is_local_table(self, name):
        """Whether the table, asked for on a core connection, is one of the child's alone."""
        if isinstance(name, homes.Table):
            return name.home is None and not name.in_core
        return name in homes.local_tables()

    def is_linked_to_child(self, name):
        """Whether the table, asked for on the connection of a staged core, is a linked one of another core."""
        home = getattr(name, "home", None)
        is_anothers = home is not None and home != self.connection.alias
        return is_anothers and home not in staged_cores() and self.connection.alias in staged_cores()


def is_unicode(text):
    """Whether a text can be encoded: it has no half of a pair of surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
