import json
import sys

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error, models

from causeway.conf import cores
from causeway.management.verbs.base import Verb
from causeway.management.verbs.check import number_of
from causeway.orphans import relations, repair
from causeway.orphans.relations import LEFT_ALONE

# How many of the missing keys are shown.
SAMPLE = 5
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it

# What --fix does, by the name of on_delete: done to rows, and as it is told afterwards.
ACTIONS = {
    "CASCADE": ("delete", "deleted"),
    "SET_NULL": ("set to NULL", "set to NULL"),
    "SET_DEFAULT": ("set to the default", "set to the default"),
    "SET()": ("set to the value of SET()", "set to the value of SET()"),
}
REMEDY = "Restore the core rows, or change or delete these rows yourself."


class Orphans(Verb):
    help = "Lists local rows whose core row is gone, by relation; with --fix, does to them what on_delete says."

    @staticmethod
    def add_arguments(parser):
        parser.add_argument(
            "--fix",
            action="store_true",
            help="Do what the relation's on_delete says, chunk by chunk. It may be stopped at any point and run again.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Print what --fix would do, and change nothing.")
        parser.add_argument(
            "--relation",
            dest="labels",
            metavar="app.Model.field",
            action="append",
            help="A relation to look at alone; it may be given several times.",
        )
        parser.add_argument("--database", metavar="ALIAS", help="The core database to look at alone.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="How the result is printed.")

    def handle(self, *, fix, dry_run, labels, database, format, verbosity, **options):
        self.verbosity = verbosity
        self.is_json = format == "json"
        self.is_fixing = fix and not dry_run
        self.is_dry_run = dry_run
        try:
            findings = [Finding(relation) for relation in asked_relations(labels, database)]
            self.find(findings)
            if self.is_fixing:
                self.fix([finding for finding in findings if finding.count])
        except Error as error:
            raise CommandError(f"Cannot look for orphans: {in_one_line(error)}") from error
        finally:
            # Also of what was done before an error.
            if self.is_json and "findings" in locals():
                self.stdout.write(json.dumps([each.told() for each in findings], indent=2, cls=DjangoJSONEncoder))
        self.conclude(findings)
