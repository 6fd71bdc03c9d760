from causeway.backends.base.operations import OperationsMixin
from causeway.backends.sqlite3.vehicles import SQLiteVehiclesMixin
from causeway.homes import Table


class SQLiteOperationsMixin(SQLiteVehiclesMixin, OperationsMixin):
    # The driver is given others with the statement; only joins do not bear them.
    unbearable_in_names = ("%s", "%%")

    collations_sql = "SELECT name FROM pragma_collation_list"

    def takes(self, value):
        return super().takes(value) and (not isinstance(value, int) or -(2**63) <= value < 2**63)

    def own_table(self, name):
        # SQLite looks a bare name up in the attached files too, where its own has none: before
        # the child is migrated, its rows would go to the table of that name in core.
        if isinstance(name, Table) and name.home is None and not self.connection.is_core:
            return f'"main".{self.quote_name(name)}'
        return None
