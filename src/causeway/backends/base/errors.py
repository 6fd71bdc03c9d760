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
            if name is not None and (explanation := self.explanation(name.rpartition(".")[2])):
                raise PlacementError(explanation) from exc_value
        super().__exit__(exc_type, exc_value, traceback)

    def explanation(self, name):
        alias = self.wrapper.alias
        table = homes.core_tables().get(name)
        if table is not None and table.home in self.wrapper.ops.staged_homes:
            return staged_in_raw_sql(self.wrapper, table)
        if alias in staged_cores() and name in homes.local_tables():
            return (
                f"Cannot name the table {name!r} in raw SQL on the core database {alias!r}: it belongs to a local "
                f"model, and core knows no child. Use a queryset, or run the SQL on connections[{LOCAL_ALIAS!r}]."
            )
        return None
