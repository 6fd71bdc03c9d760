"""What an error of a database says to a project whose models live in two."""

from django.db.utils import DatabaseErrorWrapper

from causeway import homes
from causeway.conf import LOCAL_ALIAS, staged_cores
from causeway.exceptions import PlacementError
from causeway.placements import staged_in_raw_sql


class MissingTableExplainer(DatabaseErrorWrapper):
    """Explains why raw SQL finds no table of the other database: of staged cores, none stand there."""

    def __exit__(self, exc_type, exc_value, traceback):
        if exc_type is None:
            return
        if staged_cores() and issubclass(exc_type, self.wrapper.Database.Error):
            name = self.wrapper.missing_table(exc_value)
            if name is not None and (explanation := self.explanation(name)):
                raise PlacementError(explanation) from exc_value
        super().__exit__(exc_type, exc_value, traceback)

    def explanation(self, name):
        """Why the table is not there that the server calls so, with that of its database before it or without."""
        alias, ops = self.wrapper.alias, self.wrapper.ops
        # Either name may have dots.
        parts = name.split(".")
        names = {ops.table_key(".".join(parts[start:])) for start in range(len(parts))}
        for table in homes.core_tables().values():
            if table.home in ops.staged_homes and ops.table_key(table) in names:
                return staged_in_raw_sql(self.wrapper, table)
        for table in homes.local_tables() if alias in staged_cores() else ():
            if ops.table_key(table) in names:
                return (
                    f"Cannot name the table {str(table)!r} in raw SQL on the core database {alias!r}: it belongs to a "
                    f"local model, and core knows no child. Use a queryset, or run the SQL on "
                    f"connections[{LOCAL_ALIAS!r}]."
                )
        return None
