import json
import signal
import time

from django.core.management.base import CommandError
from django.db import Error, connections

from causeway.exceptions import NotPrimary
from causeway.management.verbs.base import Verb
from causeway.management.verbs.explain import in_one_line
from causeway.orphans.behind import MOST, rows_behind
from causeway.transactions.installation import add_identity
from causeway.transactions.recovery import ACCEPTED, LEFT, LOST, REFUSED, recovering

# What each outcome is called where nothing is done.
WOULD_BE = "would be "
# The status of a run that found transactions that are lost.
SOME_LOST = 2


class Recover(Verb):
    help = "Ends what a crash left prepared: commits what was decided, rolls back what never can be. Tells what is lost."

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--dry-run", action="store_true", help="Tell what would be done, and do nothing.")
        parser.add_argument("--watch", action="store_true", help="Go on until interrupted.")
        parser.add_argument(
            "--interval",
            type=float,
            default=10,
            metavar="SECONDS",
            help="Between two rounds of --watch (10).",
        )
        parser.add_argument(
            "--accept",
            action="append",
            default=[],
            metavar="GID",
            help="Forget a transaction that is lost, once what it left is put right. It may be given several times.",
        )
        parser.add_argument(
            "--moved",
            action="store_true",
            help="This database has taken the place of the one that its key was made for, which is gone.",
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="JSON: an object a line."
        )

    def handle(self, *, dry_run, watch, interval, accept, verbosity=1, **options):
        self.dry_run, self.as_json = dry_run, options["format"] == "json"
        self.verbosity = verbosity
        self.accepted = set(accept)
        # What was told to be lost, or left alone: with --watch, once.
        self.lost, self.left = set(), set()
        if not 0 <= interval < float("inf"):
            raise CommandError(f"--interval must be a number of seconds of at least 0, not {interval:g}.")
        if options["moved"] and not dry_run:
            add_identity()
        if not watch:
            self.round()
            return
        # A service is stopped so; whoever stops it, what is under way is undone or left as it is.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self.watch(interval)
        except KeyboardInterrupt:
            self.stderr.write("Stopped. What is still prepared is ended when it runs again.")

    def watch(self, interval):
        while True:
            try:
                self.round()
            except CommandError as error:
                # A server that is away comes back.
                self.stderr.write(str(error))
            self.stdout.flush()
            connections.close_all()
            time.sleep(interval)

    def round(self):
        """Look once. Raises CommandError where a database cannot be asked, or refuses what has to be done, or has lost something."""
        found, lost_before = [], len(self.lost)
        try:
            for each in recovering(self.dry_run, self.accepted):
                found.append(each)
                self.tell(each)
        except NotPrimary as error:
            raise CommandError(str(error)) from error
        except Error as error:
            raise CommandError(
                f"Cannot recover: {in_one_line(error)} Nothing was rolled back that may have been decided. Run it "
                f"again once the databases can be asked."
            ) from error
        self.refuse_unknown({each.gid for each in found if each.outcome == ACCEPTED})
        self.complain(found, lost_before)
        if not found and self.verbosity > 1 and not self.as_json:
            self.stdout.write("Nothing is prepared.")

    def refuse_unknown(self, accepted):
        unknown, self.accepted = sorted(self.accepted - accepted), set()
        if unknown:
            raise CommandError(f"Cannot accept {unknown[0]!r} as lost: no transaction of that name is lost.")

    def complain(self, found, lost_before):
        if len(self.lost) > lost_before:
            raise CommandError(
                f"{number_of(len(self.lost), 'transaction')} lost, though the project was told that both sides were "
                f"committed: one side has it, the other has not. Put right what refers to it, then say so by --accept "
                f"and its name.",
                returncode=SOME_LOST,
            )
        refused = [each for each in found if each.outcome == REFUSED]
        if refused:
            raise CommandError(
                f"Cannot end {len(refused)} of the prepared transactions: {refused[0].home!r} refused it. What was decided "
                f"stands. Let the user of that connection be the one that prepared them, or one that may end them."
            )

    def tell(self, found):
        told = self.lost if found.outcome == LOST else self.left
        if (key := (found.home, found.gid, found.outcome)) in told:
            return
        if found.outcome == LOST or found.outcome in LEFT:
            told.add(key)
        behind = list(rows_behind(found.created or {})) if found.outcome == LOST else []
        if self.as_json:
            referring = [each._asdict() for each in behind]
            told = {**found._asdict(), "dry_run": self.dry_run, "referring": referring}
            self.stdout.write(json.dumps(told, default=str))
            return
        said = f"{found.home} {found.gid} ({found.age:.0f} s old): {self.how(found)}"
        self.stdout.write("\n".join([said, *(f"  {line}" for line in lines_of(found.created, behind))]))

    def how(self, found):
        if found.outcome in LEFT:
            return f"left alone: {found.said}"
        if found.outcome == LOST:
            return f"lost: {found.home!r} has not what was committed with it"
        return f"{WOULD_BE if self.dry_run else ''}{found.said}"


def lines_of(created, behind):
    """What was new on the side that has lost it, and which rows refer to that."""
    for label, columns in (created or {}).items():
        for column, values in columns.items():
            yield f"{label} with {column} {in_short(values)}"
    for each in behind:
        yield f"{each.relation} refers to {each.model} by {in_short(each.rows, each.number)}"


def in_short(values, count=None):
    more = (count or len(values)) - MOST
    return ", ".join(map(str, values[:MOST])) + (f" and {more} more" if more > 0 else "")


def number_of(number, word):
    return f"{number} {word} is" if number == 1 else f"{number} {word}s are"
