from causeway.homes import Table
from causeway.placements import target


class OperationsMixin:
    def placed_table(self, name):
        """The SQL that names a table of another database here; None for a table of this one."""
        if isinstance(name, Table) and name.home != self.connection.alias:
            return target(self.connection, name)
        return None
