from django.core.management.base import CommandError
from django.db import Error

from causeway.constraints import problems, repair
from causeway.management.verbs.base import Verb
from causeway.management.verbs.check import asked_homes, number_of
from causeway.management.verbs.explain import in_one_line
from causeway.orphans.relations import label_of


class Constraints(Verb):
    help = "Lists local tables whose constraints to core are missing or refer to another table; --fix puts them right."

    @staticmethod
    def add_arguments(parser):
        parser.add_argument(
            "--fix",
            action="store_true",
            help="Drop what refers to another table, and make what is missing, without keeping anybody from writing core.",
        )
        parser.add_argument("--database", metavar="ALIAS", help="The core database to look at alone.")

    def handle(self, *, fix, database, verbosity, **options):
        try:
            found = [problem for home in asked_homes(database) for problem in problems(home)]
            for problem in found:
                self.stdout.write(str(problem))
            left = repair(found) if fix else {}
        except Error as error:
            raise CommandError(f"Cannot go on with the constraints: {in_one_line(error)}") from error
        for field, why in left.items():
            self.stderr.write(f"{label_of(field)} is left without: {why}")
        remaining = len(left) if fix else len({problem.field for problem in found})
        if remaining:
            raise CommandError(
                f"The constraints to core are not as the models say: {number_of(remaining, 'foreign key')}."
            )
        if verbosity >= 1:
            self.stdout.write("The constraints to core are as the models say.")
