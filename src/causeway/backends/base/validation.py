from django.apps import apps
from django.core.checks import Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from causeway import homes
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.drift import CATALOGS, differences
from causeway.exceptions import TwoPhaseUnavailable
from causeway.placements import is_linked_on, is_placed
from causeway.transactions import decisions

# From how many seconds on what is prepared is taken for left over.
OLD = 60


class ValidationMixin:
    """Checks of the links of a connection, with and without asking the database."""

    def check(self, **kwargs):
        issues = super().check(**kwargs)
        if cores() and not apps.is_installed("causeway"):
            issues.append(
                Error(
                    "CAUSEWAY is set, but INSTALLED_APPS lacks 'causeway', which tells core tables from local ones.",
                    hint="Add 'causeway' to INSTALLED_APPS.",
                    id="causeway.E013",
                )
            )
        if self.connection.alias == LOCAL_ALIAS:
            for home in cores():
                issues += self.check_home(home)
        return issues

    def check_home(self, home):
        """Whether a core database is there for this connection, by its placement, and is as the models say."""
        if is_linked_on(self.connection, home):
            issues = self.check_core(home)
        elif home in staged_cores() and is_placed(home):
            issues = connections[home].validation.check_staged()
        else:
            return []
        if any(issue.is_serious() for issue in issues):
            return issues
        return [*issues, *self.check_tables(home)]

    def check_link(self, home):
        """What can be said of the link to a core database from the settings alone."""
        return []

    def check_core(self, home):
        """Whether the core database is there and the user has the rights on it."""
        raise NotImplementedError

    def check_staged(self):
        """Whether this connection, which is that of a staged core, reaches it and its tables."""
        home = self.connection.alias
        try:
            tables = self.own_tables()
        except (DatabaseError, ImproperlyConfigured) as error:
            return [self.missing(home, self.connection.settings_dict["NAME"], " ".join(str(error).split()))]
        return [*self.missing_tables(home, tables), *self.check_two_phases(home)]

    def own_tables(self):
        """The names of the tables and views of this connection's database."""
        with self.connection.cursor() as cursor:
            return self.connection.introspection.table_names(cursor, include_views=True)

    def check_two_phases(self, home):
        """Whether a staged core can be committed with the child's database, and nothing waits for that."""
        if cores()[home].read_only:
            return []
        try:
            reason = self.connection.two_phase_obstacle()
            old = [] if reason else old_prepared(self.connection)
        except TwoPhaseUnavailable as error:
            return [no_two_phases(home, str(error), "Run migrate.")]
        except DatabaseError as error:
            hint = "Without that, nothing that a crash leaves there is ever ended, and it keeps its locks."
            return [
                no_two_phases(
                    home,
                    f"What is prepared on the core database {home!r} cannot be told: "
                    f"{' '.join(str(error).split())}",
                    hint,
                )
            ]
        if reason:
            hint = "Put that right, or use causeway.atomic(best_effort=True) and accept its window."
            return [
                no_two_phases(home, f"causeway.atomic() refuses the core database {home!r}: {reason}.", hint)
            ]
        return [still_prepared(home, old)] if old else []

    def check_tables(self, home):
        """Whether the tables of the core database are as the models say. W003 names missing ones together."""
        if connections[home].vendor not in CATALOGS:
            return []
        named = self.core_models(home)
        return [
            Warning(difference.text, hint=difference.remedy, obj=difference.subject, id="causeway.W004")
            for difference in differences(home)
            if not (difference.is_missing_table and difference.subject in named)
        ]

    def core_models(self, home):
        return [
            model
            for model in apps.get_models(include_auto_created=True)
            if homes.stamped_home(model) == home and model._meta.managed and not model._meta.proxy
        ]

    def referred_tables(self, home):
        """The core tables that constraints of local tables refer to."""
        targets = {
            target
            for model in apps.get_models(include_auto_created=True)
            for target in constrained_core_targets(model)
        }
        return sorted(str(model._meta.db_table) for model in targets if homes.home_of(model) == home)

    def missing(self, home, name, reason):
        return Error(
            f"The core database {home!r} ({str(name)!r}) cannot be reached from {LOCAL_ALIAS!r}: {reason}.",
            hint="Run migrate in the core project first, and check NAME and the rights of the user.",
            id="causeway.E020",
        )

    def core_table_names(self, cursor, home):
        """The names of the tables of a core database, as this connection sees it."""
        raise NotImplementedError

    def has_core_table(self, home, table):
        """Whether the core database has the table. True where this connection is not linked to it."""
        if not is_linked_on(self.connection, home):
            return True
        with self.connection.cursor() as cursor:
            return self.key_of(table) in map(self.key_of, self.core_table_names(cursor, home))

    def missing_tables(self, home, tables):
        lacking = self.lacking_tables(home, tables)
        if not lacking:
            return []
        names = ", ".join(map(repr, lacking[:5])) + (" …" if len(lacking) > 5 else "")
        return [
            Warning(
                f"The core database {home!r} lacks {len(lacking)} of the core tables: {names}.",
                hint="Run migrate in the core project first.",
                id="causeway.W003",
            )
        ]

    def lacking_tables(self, home, tables):
        """The core tables that are not among ``tables``, sorted."""
        there = set(map(self.key_of, tables))
        wanted = {str(model._meta.db_table) for model in self.core_models(home)}
        return sorted(name for name in wanted if self.key_of(name) not in there)

    def key_of(self, table):
        return self.connection.ops.table_key(table)

    def no_rights(self, home, reason, hint):
        return Error(
            f"{self.connection.alias!r} has not the rights it needs on the core database {home!r}: {reason}.",
            hint=hint,
            id="causeway.E021",
        )


def old_prepared(connection):
    """What this installation has had prepared on a connection for longer than it takes."""
    prepared = connection.prepared(decisions.prefix())
    return sorted(gid for gid, age in prepared.items() if (decisions.age(gid) if age is None else age) > OLD)


def no_two_phases(home, text, hint):
    return Warning(text, hint=hint, obj=f"CAUSEWAY[{home!r}]", id="causeway.W006")


def still_prepared(home, gids):
    transactions, have, hold = (
        ("A transaction", "has", "holds its")
        if len(gids) == 1
        else (f"{len(gids)} transactions", "have", "hold their")
    )
    return Warning(
        f"{transactions} of this project {have} been prepared on the core database {home!r} for more than {OLD} "
        f"seconds, and {hold} locks: {gids[0]!r}{' …' if gids[1:] else '.'}",
        hint="Run manage.py causeway recover.",
        id="causeway.W007",
    )


def constrained_core_targets(model):
    """The core models that foreign keys of a local model's table refer to by a constraint."""
    if homes.home_of(model) is None and model._meta.managed:
        for field in model._meta.local_fields:
            target = field.remote_field and field.remote_field.model
            if target and getattr(field, "db_constraint", False) and homes.home_of(target) is not None:
                yield target
