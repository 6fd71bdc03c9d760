import json
from dataclasses import dataclass, field

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error, IntegrityError
from django.db.models import ProtectedError, RestrictedError

from causeway.conf import cores
from causeway.management.verbs.base import Verb
from causeway.management.verbs.check import number_of
from causeway.management.verbs.explain import in_one_line
from causeway.management.verbs.progress import progress
from causeway.orphans import Relation, relations, repair
from causeway.orphans.relations import LEFT_ALONE
from causeway.transactions.unfinished import recovered

# How many of the missing keys are shown.
SAMPLE = 5
# 128 and the number of SIGINT, as shells have it.
INTERRUPTED = 130

# What --fix does, by the name of on_delete.
ACTIONS = {
    "CASCADE": "delete {rows}",
    "SET_NULL": "set {rows} to NULL",
    "SET_DEFAULT": "set {rows} to the default",
}


class Orphans(Verb):
    help = "Lists local rows whose core row is gone, by relation; --fix does to them what on_delete says."

    @staticmethod
    def add_arguments(parser):
        parser.add_argument(
            "--fix",
            action="store_true",
            help="Do what the relation's on_delete says, chunk by chunk. Stop it at any point, run it again to go on.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Print what --fix would do, and change nothing."
        )
        parser.add_argument(
            "--relation",
            dest="labels",
            metavar="app.Model.field",
            action="append",
            help="A relation to look at alone; may be given several times.",
        )
        parser.add_argument("--database", metavar="ALIAS", help="The core database to look at alone.")
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="How the result is printed."
        )

    def handle(self, *, fix, dry_run, labels, database, format, verbosity, **options):
        self.verbosity = verbosity
        self.is_text = format == "text"
        self.is_dry_run = dry_run
        findings = []
        try:
            findings += map(Finding, asked_relations(labels, database))
            if fix and not dry_run:
                self.recover()
            self.find(findings)
            if fix and not dry_run:
                self.fix(findings)
        except Error as error:
            raise CommandError(f"Cannot go on looking for orphans: {in_one_line(error)}") from error
        except KeyboardInterrupt:
            raise CommandError(how_far(findings), returncode=INTERRUPTED) from None
        self.conclude(findings)

    def recover(self):
        """End what a crash left prepared on the cores: local rows may refer to what is in it."""
        for found in recovered():
            if self.verbosity >= 1:
                self.stderr.write(f"Recovered first: {found.gid!r} on {found.home!r} is {found.said}.")

    def find(self, findings):
        for finding in findings:
            finding.count, finding.sample = finding.relation.counted(SAMPLE)
            finding.remaining = finding.count
            if self.is_text and self.verbosity >= (1 if finding.count else 2):
                self.stdout.write(finding.plan() if self.is_dry_run else str(finding))

    def fix(self, findings):
        for finding in findings:
            if finding.count and finding.action:
                self.fix_relation(finding)
                if self.is_text and self.verbosity >= 1:
                    self.stdout.write(finding.outcome())

    def fix_relation(self, finding):
        finding.remaining = 0
        seen = 0
        try:
            with progress(self.stderr, finding.relation.label, finding.count) as bar:
                for chunk in repair(finding.relation):
                    seen += chunk.seen
                    finding.repaired += chunk.repaired
                    finding.remaining += chunk.left
                    if chunk.refusal is not None:
                        finding.obstacle = finding.obstacle or what_refuses(chunk.refusal)
                    if self.verbosity >= 1:
                        bar.update(chunk.seen)
        except (IntegrityError, ObjectDoesNotExist) as error:
            finding.obstacle = what_refuses(error)
            finding.remaining += max(finding.count - seen, 1)

    def conclude(self, findings):
        if not self.is_text:
            told = [finding.told() for finding in findings if finding.count or self.verbosity >= 2]
            self.stdout.write(json.dumps(told, indent=2, cls=DjangoJSONEncoder))
        remaining = [finding for finding in findings if finding.remaining]
        if remaining:
            count = sum(finding.remaining for finding in remaining)
            by = number_of(remaining, "relation")
            raise CommandError(
                f"There are rows whose core row is gone: {number_of(count, 'orphan')} by {by}."
            )
        if self.is_text and self.verbosity >= 1:
            self.stdout.write(f"There are no orphans ({number_of(findings, 'relation')} to core models).")


@dataclass
class Finding:
    """What was found of a relation, and what was done about it."""

    relation: Relation
    count: int = 0
    # Keys that are missing.
    sample: list[object] = field(default_factory=list)
    repaired: int = 0
    # Orphans that are there still.
    remaining: int = 0
    # Why it could not be repaired.
    obstacle: str = ""

    @property
    def on_delete(self):
        name = self.relation.on_delete.__name__
        return "SET()" if name == "set_on_delete" else name

    @property
    def action(self):
        """What --fix does, as a clause; None if it leaves the rows alone."""
        if self.relation.on_delete in LEFT_ALONE:
            return None
        rows = f"{number_of(self.count, 'row')} of {self.relation.model._meta.label}"
        return ACTIONS.get(self.on_delete, "apply {on_delete} to {rows}").format(
            on_delete=self.on_delete, rows=rows
        )

    @property
    def target(self):
        return self.relation.target._meta.label

    def __str__(self):
        keys = ", ".join(map(str, self.sample)) + (", …" if self.count > len(self.sample) == SAMPLE else "")
        missing = f", which lacks {keys}" if keys else ""
        remedy = "" if self.action or not self.count else f". {self.remedy}"
        return (
            f"{self.relation.label} ({self.on_delete}): {number_of(self.count, 'orphan')} of "
            f"{self.target}{missing}{remedy}"
        )

    def plan(self):
        if not self.count:
            return str(self)
        action = f"would {self.action}." if self.action else f"would leave {number_of(self.count, 'row')}."
        return f"{self.relation.label} ({self.on_delete}): {action}{'' if self.action else f' {self.remedy}'}"

    def outcome(self):
        label = f"{self.relation.label} ({self.on_delete})"
        said = f"{label}: repaired {self.repaired} of {number_of(self.count, 'orphan')}."
        if self.obstacle:
            return f"{said} Cannot repair the others: {self.obstacle}"
        if self.remaining:
            return f"{said} The value that it gives the others has no row in {self.target} either."
        return said

    @property
    def remedy(self):
        """What to do about rows that --fix leaves alone."""
        return f"{self.on_delete} leaves them to you: restore the rows of {self.target}, or change or delete these."

    def told(self):
        return {
            "relation": self.relation.label,
            "target": self.target,
            "on_delete": self.on_delete,
            "count": self.count,
            "sample": self.sample,
            "repaired": self.repaired,
            "remaining": self.remaining,
        }


def what_refuses(error):
    """What an error of a deletion says, without the rows that Django puts into it."""
    has_rows = isinstance(error, (ProtectedError, RestrictedError))
    return in_one_line(error.args[0] if has_rows else error)


def how_far(findings):
    """What to say when it was stopped."""
    repaired, found = (sum(getattr(each, name) for each in findings) for name in ("repaired", "count"))
    return (
        f"Stopped: {repaired} of {number_of(found, 'orphan')} found so far {'is' if repaired == 1 else 'are'} "
        f"repaired and committed. Run the command again to go on."
    )


def asked_relations(labels, database):
    """The relations to look at. Raises CommandError for a name that is none of them."""
    if database is not None and database not in cores():
        raise CommandError(
            f"Cannot look for orphans of {database!r}, which is no core database. "
            f"CAUSEWAY has {', '.join(map(repr, cores())) or 'none'}."
        )
    found = [relation for relation in relations() if database in {None, relation.home}]
    if not labels:
        return found
    known = {relation.label for relation in found}
    for label in labels:
        if label not in known:
            raise CommandError(
                f"Cannot look for orphans of {label!r}: it names no relation of local rows to core rows. There "
                f"{'are' if known else 'is'} {', '.join(map(repr, sorted(known))) or 'none'}."
            )
    return [relation for relation in found if relation.label in labels]
