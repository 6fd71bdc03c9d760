from django.apps import apps
from django.core.checks import Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from causeway import homes
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.drift import CATALOGS, differences
from causeway.placements import is_linked_on, is_placed
from causeway.transactions.checks import check_core, check_local
from causeway.transactions.leftovers import left_alone

FIX_CONSTRAINTS = "Run manage.py causeway constraints --fix."


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
            with left_alone():
                for home in cores():
                    issues += self.check_home(home)
                issues += check_local()
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
        return [*issues, *self.check_tables(home), *self.check_constraints_to(home)]

    def check_constraints_to(self, home):
        """Whether the constraints of local tables refer to the tables of the core database."""
        from causeway.constraints import problems  # it imports the placements

        return [
            Warning(str(problem), hint=FIX_CONSTRAINTS, obj=problem.field, id="causeway.W015")
            for problem in problems(home)
        ]

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
        return [*self.missing_tables(home, tables), *check_core(self.connection)]

    def own_tables(self):
        """The names of the tables and views of this connection's database."""
        with self.connection.cursor() as cursor:
            return self.connection.introspection.table_names(cursor, include_views=True)

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


def constrained_core_targets(model):
    """The core models that foreign keys of a local model's table refer to by a constraint."""
    if homes.home_of(model) is None and model._meta.managed:
        for field in model._meta.local_fields:
            target = field.remote_field and field.remote_field.model
            if target and getattr(field, "db_constraint", False) and homes.home_of(target) is not None:
                yield target
