from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.checks import Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError, connections

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
                if not any(issue.is_serious() for issue in issues):
                    issues += self.check_temporaries() if staged_cores() else []
                    issues += check_local()
        return issues

    def check_home(self, home):
        """Whether a core database is there for this connection, by its placement, and is as the models say."""
        if is_linked_on(self.connection, home):
            try:
                issues = self.check_core(home)
            except OperationalError as error:
                return [self.unreachable(home, error)]
        elif home in staged_cores() and is_placed(home):
            issues = connections[home].validation.check_staged()
        else:
            return []
        if not any(issue.is_serious() for issue in issues) and self.is_place_of(home):
            issues.append(one_database(home))
        if any(issue.is_serious() for issue in issues):
            return issues
        return [*issues, *self.check_tables(home), *self.check_constraints_to(home)]

    def is_place_of(self, home):
        """Whether the core tables stand among this connection's own. (Where the settings say so, it is told already.)"""
        core = connections[home]
        if are_named_alike(self.connection, core):
            return False
        place = self.connection.place()
        return bool(place) and place == core.place()

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
            lacking = self.lacking_rights(home)
        except (DatabaseError, ImproperlyConfigured) as error:
            return [self.unreachable(home, error)]
        issues = self.missing_tables(home, [*tables, *lacking])
        if lacking:
            return [*issues, self.no_rights(home, next(iter(lacking.values())), self.grants(home, lacking))]
        return [*issues, *check_core(self.connection)]

    def lacking_rights(self, home):
        """What the user may not do with core tables over this connection, by the tables: a clause for each."""
        return {}

    def grants(self, home, tables):
        """The statements that give the user what he may not do with these core tables."""
        raise NotImplementedError

    def rights_needed(self, home):
        return ("SELECT",) if cores()[home].read_only else ("SELECT", "INSERT", "UPDATE", "DELETE")

    def check_temporaries(self):
        """Whether the child's user may make the temporary tables in which large sets are staged."""
        grant = self.grant_of_temporaries()
        if grant is None:
            return []
        return [
            Warning(
                f"The user of {LOCAL_ALIAS!r} may not make temporary tables: what a query stages is sent with each of its "
                f"statements, however many rows it is.",
                hint=grant,
                id="causeway.W016",
            )
        ]

    def grant_of_temporaries(self):
        """The statement that lets the user make temporary tables, or None where he may."""
        return

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

    def unreachable(self, home, error):
        alias = self.connection.alias
        issue = self.missing(home, connections[home].settings_dict["NAME"], " ".join(str(error).split()))
        issue.hint = (
            f"Check NAME, HOST, PORT, USER and PASSWORD of DATABASES[{alias!r}], and whether the server runs. If there is "
            f"no such database yet, run migrate in the core project first."
        )
        return issue

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
                hint=f"Run migrate in the core project first.{self.where_made(home, lacking)}",
                id="causeway.W003",
            )
        ]

    def where_made(self, home, lacking):
        """A sentence on tables of apps that MODELS does not name: their models name their home themselves."""
        core = cores()[home]
        labels = {
            model._meta.app_label
            for model in self.core_models(home)
            if str(model._meta.db_table) in lacking
            and not core.claims(model._meta.app_label, model._meta.model_name)
        }
        if not labels:
            return ""
        return (
            f" That makes the tables of apps that are installed there: install {', '.join(map(repr, sorted(labels)))}, too, "
            f"whose models name the home {home!r}."
        )

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


def are_named_alike(connection: Any, core: Any) -> bool:
    """Whether the settings of two connections name one database. PostgreSQL's may have several schemas."""
    if connection.vendor != core.vendor or getattr(connection, "links_by_schema", True):
        return False
    here, there = connection.settings_dict, core.settings_dict
    names = [str(each["NAME"]) for each in (here, there)]
    if connection.vendor == "sqlite":
        names = [name if name.startswith(("file:", ":")) else str(Path(name).absolute()) for name in names]
        return names[0] == names[1] != ":memory:"
    return names[0] == names[1] and all(str(here[key]) == str(there[key]) for key in ("HOST", "PORT"))


def one_database(home: str) -> Error:
    return Error(
        f"{LOCAL_ALIAS!r} and the core database {home!r} are one database ({str(connections[home].settings_dict['NAME'])!r}): "
        f"migrate would make this project's tables in core, and its commands would change those of all projects.",
        hint=f"Give {LOCAL_ALIAS!r} a database of its own. The core project itself needs no entry in CAUSEWAY.",
        id="causeway.E022",
    )
