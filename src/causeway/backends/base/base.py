import sys
from collections import deque
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections
from django.utils.functional import cached_property

from causeway.backends.base.creation import CreationMixin
from causeway.backends.base.derived import derived
from causeway.backends.base.errors import MissingTableExplainer
from causeway.backends.base.features import FeaturesMixin
from causeway.backends.base.introspection import IntrospectionMixin
from causeway.backends.base.operations import OperationsMixin
from causeway.backends.base.schema import SchemaEditorMixin
from causeway.backends.base.transactions import TransactionsMixin
from causeway.backends.base.validation import ValidationMixin
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.exceptions import CoreNotOwned
from causeway.homes import reaches_core
from causeway.underway import may_migrate

ENGINES = {"mysql": "MySQL or MariaDB", "postgresql": "PostgreSQL", "sqlite": "SQLite"}


def engine_name(connection: Any) -> str:
    """What an engine is called. (``display_name`` would ask a MySQL server.)"""
    return ENGINES.get(connection.vendor, str(connection.vendor))


class CoreLog(deque[Any]):
    """The log of a staged core's connection.

    Who records the statements of the child's own connection (``assertNumQueries()``) means those
    that its queries send to core as well, as on a linked core.
    """

    def append(self, entry):
        super().append(entry)
        child = connections[LOCAL_ALIAS]
        if child.force_debug_cursor:
            child.queries_log.append(entry)


class DatabaseWrapperMixin(TransactionsMixin):
    """What every backend of ours does around a link between databases.

    It goes before a ``DatabaseWrapper``. The classes which that names by its attributes get our
    mixins put before them, so that what it has of its own stays in force.
    """

    mixins = {
        "SchemaEditorClass": SchemaEditorMixin,
        "creation_class": CreationMixin,
        "features_class": FeaturesMixin,
        "introspection_class": IntrospectionMixin,
        "ops_class": OperationsMixin,
        "validation_class": ValidationMixin,
    }

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for attribute, mixin in cls.mixins.items():
            if theirs := getattr(cls, attribute, None):
                ours = derived(mixin, theirs, cls.__module__)
                setattr(cls, attribute, ours)
                if ours is not theirs:
                    # Whoever pickles or patches a class looks for it by its module and name.
                    setattr(sys.modules[cls.__module__], ours.__name__, ours)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Constraints to core tables that migrations could not make.
        self.left_out = []
        if self.alias in staged_cores():
            self.queries_log = CoreLog(maxlen=self.queries_limit)

    @cached_property
    def kinds_of_fields(self):
        """What ``columns.kind()`` has found out: models do not change, and each query asks for its columns."""
        # Fields of expressions come and go.
        return WeakKeyDictionary()

    @cached_property
    def wrap_database_errors(self):
        return MissingTableExplainer(self)

    def missing_table(self, error):
        """The name of the table that a statement names and that is not there, from its error; else None.

        Empty where there is such a table, and its name cannot be told.
        """
        raise NotImplementedError

    @property
    def queries_logged(self):
        is_recorded = self.alias in staged_cores() and connections[LOCAL_ALIAS].force_debug_cursor
        return super().queries_logged or is_recorded

    @property
    def is_core(self):
        """Whether this is the connection of a core database."""
        return self.alias in cores()

    @property
    def reaches_core(self):
        """Whether core tables stand in core for this connection; on any other, all tables are its own."""
        return reaches_core(self.alias)

    def home_elsewhere(self, table_name):
        """The home of a core table that stands in another database than this connection's; else None."""
        home = getattr(table_name, "home", None)
        return home if home not in {None, self.alias} and self.reaches_core else None

    # Whether SCHEMA tells the core tables from the local ones, in one database.
    links_by_schema = False

    # What to do about an obstacle.
    link_hint = (
        "Put both on one server: causeway.sibling() makes the settings of another database there. Or write 'staged' "
        "for PLACEMENT in CAUSEWAY, which needs nothing but the two connections."
    )

    def link_obstacle(self, other):
        """Why the database of another connection cannot be reached over this one, as a clause, or None."""
        raise NotImplementedError

    def different_engines(self, other):
        """The obstacle between two engines."""
        return f"{self.alias!r} is on {engine_name(self)}, {other.alias!r} on {engine_name(other)}"

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

    # Whether this connection was not asked to leave constraints unchecked.
    checks_constraints = True

    def disable_constraint_checking(self):
        is_disabled = super().disable_constraint_checking()
        self.checks_constraints = not is_disabled
        return is_disabled

    def enable_constraint_checking(self):
        self.checks_constraints = True
        super().enable_constraint_checking()

    def heed_other_projects(self):
        """Raise IntegrityError where rows of other projects still refer to core rows that were deleted.

        The engine has done so, unless its constraints are deferred.
        """

    def check_constraints(self, table_names=None):
        # Tables of another database are none of this connection's to check.
        if table_names is not None:
            table_names = [name for name in table_names if self.home_elsewhere(name) is None]
        return super().check_constraints(table_names)
