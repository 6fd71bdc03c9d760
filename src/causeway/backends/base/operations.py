from causeway import homes
from causeway.conf import cores
from causeway.placements import target


class OperationsMixin:
    def placed_table(self, name):
        """The SQL that names a core table of another database here; None for any other table."""
        if isinstance(name, homes.Table) and name.home != self.connection.alias:
            return target(self.connection, name)
        return None

    def is_local_table(self, name):
        """Whether this is a core connection and the table one of the child's alone."""
        return (
            self.connection.alias in cores()
            and not isinstance(name, homes.Table)
            and name in homes.local_tables()
        )
