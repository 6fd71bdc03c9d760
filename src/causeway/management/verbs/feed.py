from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, Error, connections

from causeway.conf import cores
from causeway.feed.conf import feed
from causeway.feed.install import install, own_tables, pending, there
from causeway.feed.keys import watched_tables
from causeway.feed.sources import source_on
from causeway.feed.triggers import triggers_of
from causeway.management.verbs.base import Verb
from causeway.management.verbs.explain import in_one_line
from causeway.mirror.tables import followed
from causeway.transactions.connections import opened


class Feed(Verb):
    help = "Tells which core tables have their changes logged; for the core project, or a core that Django does not own."

    @staticmethod
    def add_arguments(parser):
        parser.add_argument(
            "--database", metavar="ALIAS", help="The core database; by default the project's own."
        )
        parser.add_argument(
            "--sql",
            action="store_true",
            help="Print the SQL that makes the log and its triggers, for a core that Django does not migrate.",
        )
        parser.add_argument("--install", action="store_true", help="Make them, as migrate does.")
        parser.add_argument("--prune", action="store_true", help="Delete what is older than RETENTION.")

    def handle(self, *, database, sql, install, prune, verbosity=1, **options):
        alias = database or DEFAULT_DB_ALIAS
        if alias not in connections:
            raise CommandError(f"DATABASES has no alias {alias!r}.")
        connection = connections[alias]
        tables = self.tables(alias)
        if not tables:
            raise CommandError(
                "No model has its changes logged. Name some in CAUSEWAY['feed']['MODELS'], or name a core database with "
                "--database."
            )
        try:
            if sql:
                for statement in pending(connection, tables)[1]:
                    self.stdout.write(
                        f"{statement};" if connection.vendor != "mysql" else delimited(statement)
                    )
                return
            if install:
                self.install(alias, tables)
            if prune:
                with opened(alias) as own:
                    number = source_on(own).prune(feed().retention, feed().max_rows)
                self.stdout.write(f"Deleted {number} rows of the log.")
            self.show(connection, tables)
        except Error as error:
            raise CommandError(f"Cannot look at the change log of {alias!r}: {in_one_line(error)}") from error

    @staticmethod
    def tables(alias):
        """Those that the setting names on the project's own database, and those of a core's that are followed here."""
        if alias in cores():
            return watched_tables(table.model for table in followed(alias).values()) or own_tables()
        return own_tables()

    def install(self, alias, tables):
        made = install(alias, tables)
        self.stdout.write(f"Made triggers of {', '.join(made)}." if made else "All triggers are in step.")

    def show(self, connection, tables):
        triggers = triggers_of(connection)
        found = triggers.found()
        behind = 0
        names = {table.name for table in there(connection, tables)}
        for table in tables:
            if table.name not in names:
                state = "there is no such table"
            elif table.name not in found:
                state = "not logged"
            else:
                state = (
                    "logged" if triggers.is_in_step(table, found[table.name]) else "logged by other triggers"
                )
            behind += state != "logged"
            self.stdout.write(f"{table.name}: {state}")
        if behind:
            raise CommandError(f"{behind} of the tables are not in step: run migrate in the core project.")


def delimited(statement):
    """A statement with a body of statements, as the client program of MySQL takes it."""
    if "BEGIN" not in statement:
        return f"{statement};"
    return f"DELIMITER //\n{statement} //\nDELIMITER ;"
