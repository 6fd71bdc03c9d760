from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import Error, connections

from causeway.conf import LOCAL_ALIAS, cores
from causeway.drift import compared_models, differences
from causeway.management.verbs.base import Verb
from causeway.placements import is_linked
from causeway.transactions.leftovers import left_alone


class Check(Verb):
    help = "Compares the models with the live core tables and prints what differs."

    @staticmethod
    def add_arguments(parser):
        parser.add_argument(
            "labels", metavar="label", nargs="*", help="An app or app.Model to compare alone."
        )
        parser.add_argument("--database", metavar="ALIAS", help="The core database to compare with alone.")
        parser.add_argument(
            "--bears",
            action="store_true",
            help="End with status 1 only for what code with these models does not bear: a wider column it does.",
        )

    def handle(self, *, labels, database, bears, verbosity, **options):
        with left_alone():
            self.compare(asked_homes(database), labels, bears, verbosity)

    def compare(self, homes, labels, bears, verbosity):
        wanted = [model for label in labels for model in models_of(label, homes)]
        found = borne = 0
        for home in homes:
            compared = [model for model in compared_models(home) if not labels or model in wanted]
            differing = compare(home, compared)
            for difference in differing:
                self.stdout.write(str(difference))
            if not differing and compared and verbosity >= 1:
                self.stdout.write(
                    f"The core database {home!r} is as the models say ({number_of(compared, 'model')} compared)."
                )
            borne += sum(difference.is_borne for difference in differing)
            found += len(differing)
        if bears and found and found == borne:
            self.stdout.write(f"The models bear that: {number_of(found, 'difference')}.")
        elif found:
            raise CommandError(
                f"The core tables are not as the models say: {number_of(found, 'difference')}."
            )


def asked_homes(database):
    if not cores():
        raise CommandError("There is nothing to compare with: CAUSEWAY names no core database.")
    if database is not None and database not in cores():
        raise CommandError(
            f"Cannot compare the models with {database!r}, which is no core database. "
            f"CAUSEWAY has {', '.join(map(repr, cores()))}."
        )
    return [database] if database else list(cores())


def models_of(label, homes):
    """The models that a label names and that core tables are compared with, with their tables for relations."""
    app_label, _, model_name = label.partition(".")
    try:
        config = apps.get_app_config(app_label)
        named = [config.get_model(model_name)] if model_name else list(config.get_models())
    except LookupError as error:
        raise CommandError(f"Cannot compare {label!r}: {error}") from None
    compared = {model for home in homes for model in compared_models(home)}
    found = [model for model in compared if (model._meta.auto_created or model) in named]
    if not found:
        raise CommandError(
            f"Cannot compare {label!r}: it names no core model, and none that refers to one. Nothing of it is in "
            f"{' or '.join(map(repr, homes))}."
        )
    return found


def compare(home, models):
    """The differences. Raises CommandError where the core database cannot be asked."""
    try:
        connection = connections[LOCAL_ALIAS if is_linked(home) else home]
        if is_linked(home):
            for issue in connection.validation.check_core(home):
                if issue.id == "causeway.E020":
                    raise CommandError(f"{issue.msg} {issue.hint}")
        found = differences(home, models)
        if any(difference.is_missing_table for difference in found):
            refuse_hidden(connection.validation, home)
        return found
    except Error as error:
        reason = " ".join(str(error).split())
        raise CommandError(f"Cannot ask the core database {home!r}: {reason}") from error
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error


def refuse_hidden(validation, home):
    """Raise CommandError where tables may be missing for want of rights alone."""
    lacking = validation.lacking_rights(home)
    if lacking:
        issue = validation.no_rights(home, next(iter(lacking.values())), validation.grants(home, lacking))
        raise CommandError(f"{issue.msg} {issue.hint}")


def number_of(things, word):
    number = things if isinstance(things, int) else len(things)
    return f"{number} {word}{'' if number == 1 else 's'}"
