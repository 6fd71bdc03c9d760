"""What a database says of itself and of the server that keeps it."""


class ServerMixin:
    """Of an engine whose server nobody asks."""

    def why_not_primary(self):
        """Why nothing may be ended here, as a clause; None where the server is a primary. It asks the server."""
        return

    def why_standbys_lag(self):
        """Why a server that takes over may lack what was committed here, as a clause; None where nothing says so."""
        return

    def why_not_durable(self):
        """Why a crash of the server may lose what was committed here, as a clause; None where nothing says so."""
        return

    def account(self):
        """Whom the server takes the user for, as a GRANT names them."""
        return self.ops.quote_name(self.settings_dict["USER"])

    def identity(self):
        """What tells the database from copies of it, as it says itself; nothing where it says nothing."""
        return ""

    def place(self):
        """What two connections say alike whose own tables stand in one place; nothing where it cannot be told."""
        return self.identity()

    def has_table(self, table):
        """Whether there is a table of ours. No transaction that is open fails by it."""
        with self.cursor() as cursor:
            return table in self.introspection.table_names(cursor)

    def may_insert(self, table):
        """Whether there is a table of ours, and the user may read and change its rows."""
        return self.has_table(table)
