from causeway.conf import cores
from causeway.exceptions import CoreNotOwned
from causeway.homes import may_migrate


class DatabaseWrapperMixin:
    """What every backend of ours does around a link between databases."""

    @property
    def is_core(self):
        """Whether this is the connection of a core database."""
        return self.alias in cores()

    def link_obstacle(self, other):
        """Why the database of another connection cannot be reached over this one, as a clause, or None."""
        raise NotImplementedError

    def different_engines(self, other):
        """The obstacle between two engines. (``display_name`` would ask a MySQL server.)"""
        names = {"mysql": "MySQL or MariaDB", "postgresql": "PostgreSQL", "sqlite": "SQLite"}
        here, there = (names.get(vendor, vendor) for vendor in (self.vendor, other.vendor))
        return f"{self.alias!r} is on {here}, {other.alias!r} on {there}"

    def linked_name(self, home):
        """The name that qualifies the tables of a core database in statements of this connection."""
        raise NotImplementedError

    def schema_editor(self, *args, **kwargs):
        if self.is_core and not kwargs.get("collect_sql") and not may_migrate(self.alias):
            raise CoreNotOwned(
                f"Cannot change tables of the core database {self.alias!r} from here: this project only uses "
                f"them. Run its migrations in the core project, or set OWNER to True in CAUSEWAY[{self.alias!r}] "
                f"in the one project that migrates them."
            )
        return super().schema_editor(*args, **kwargs)

    def check_constraints(self, table_names=None):
        # Tables of another database are none of this connection's to check.
        if table_names is not None:
            table_names = [name for name in table_names if getattr(name, "home", None) in {None, self.alias}]
        return super().check_constraints(table_names)
