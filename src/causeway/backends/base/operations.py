from django.db import connections

from causeway import homes
from causeway.conf import cores
from causeway.placements import target


class OperationsMixin:
    def __init__(self, connection):
        super().__init__(connection)
        # Qualified names by home and table, good for one reading of the settings.
        self.targets = {}
        self.targets_of = None

    def placed_table(self, name):
        """The SQL that names a core table of another database here; None for any other table."""
        home = getattr(name, "home", None)
        if home is None or home == self.connection.alias:
            return None
        if self.targets_of is not cores():
            self.targets, self.targets_of = {}, cores()
        kept = self.targets.get((home, name))
        # Under a test runner the name changes: it is compared each time.
        if kept is None or kept[0]["NAME"] is not kept[1]:
            settings = connections.settings.get(home, {"NAME": None})
            kept = self.targets[home, name] = (settings, settings["NAME"], target(self.connection, name))
        return kept[2]

    def target(self, name):
        """The SQL that names a table as a query's target; None where its bare name does."""
        return self.placed_table(name) or self.own_table(name)

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
