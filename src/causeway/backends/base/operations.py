from functools import partial

from django.db import connections

from causeway import homes
from causeway.backends.base.compiler import qualifying
from causeway.backends.base.guards import asks_for_content_types
from causeway.conf import LOCAL_ALIAS, cores
from causeway.placements import target


class OperationsMixin:
    def __init__(self, connection):
        super().__init__(connection)
        # Ours, by the name under which the backend keeps its own.
        self.compilers = {}
        # Qualified names by home and table, good for one reading of the settings.
        self.targets = {}
        self.targets_of = None

    def compiler(self, compiler_name):
        if compiler_name not in self.compilers:
            self.compilers[compiler_name] = qualifying(super().compiler(compiler_name))
        if self.connection.is_core:
            return partial(self.compiler_on_core, compiler_name)
        return self.compilers[compiler_name]

    def compiler_on_core(self, compiler_name, query, connection, using=None, elide_empty=True):
        """The compiler of a query on core, or on the child's connection for what is kept there alone."""
        # A subquery has no alias of its own: it runs where the query does.
        if compiler_name == "SQLCompiler" and using and asks_for_content_types(query):
            connection, using = connections[LOCAL_ALIAS], LOCAL_ALIAS
            return connection.ops.compiler(compiler_name)(query, connection, using, elide_empty)
        return self.compilers[compiler_name](query, connection, using, elide_empty)

    def placed_table(self, name):
        """The SQL that names a core table of another database here; None for any other table."""
        home = getattr(name, "home", None)
        if home is None:
            return None
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
        """Whether a core table of another database holds ids of content types that are mapped here."""
        return getattr(name, "mapped", None) is not None and self.connection.home_elsewhere(name) is not None

    def placed_core_table(self, name):
        """``placed_table()`` of the one core table with that bare name, or None."""
        return self.placed_table(homes.core_tables().get(name))

    def own_table(self, name):
        """The SQL that names a local table where its bare name could mean another; None where it cannot."""
        return

    def is_local_table(self, name):
        """Whether the table, asked for on a core connection, is one of the child's alone."""
        if isinstance(name, homes.Table):
            return name.home is None and not name.in_core
        return name in homes.local_tables()
