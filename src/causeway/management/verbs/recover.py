import json
import signal
import time

from django.core.management.base import CommandError
from django.db import Error, connections

from causeway.management.verbs.base import Verb
from causeway.management.verbs.explain import in_one_line
from causeway.transactions.recovery import HELD, IN_PROGRESS, REFUSED, recovering

# What each outcome is called where nothing is done.
WOULD_BE = "would be "


class Recover(Verb):
    help = "Ends what a crash left prepared on the cores: commits what was decided, rolls back what never can be."

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
            "--format", choices=["text", "json"], default="text", help="JSON: an object a line."
        )

    def handle(self, *, dry_run, watch, interval, verbosity=1, **options):
        self.dry_run, self.as_json = dry_run, options["format"] == "json"
        self.verbosity = verbosity
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
        """Look once. Raises CommandError where a database cannot be asked, or refuses what has to be done."""
        found, refused = 0, []
        try:
            for each in recovering(self.dry_run):
                found += 1
                self.tell(each)
                if each.outcome == REFUSED:
                    refused.append(each.home)
        except Error as error:
            raise CommandError(
                f"Cannot recover: {in_one_line(error)} Nothing was rolled back that may have been decided. Run it "
                f"again once the databases can be asked."
            ) from error
        if refused:
            raise CommandError(
                f"Cannot end {len(refused)} of the prepared transactions: {refused[0]!r} refused it. What was decided "
                f"stands. Let the user of that connection be the one that prepared them, or one that may end them."
            )
        if not found and self.verbosity > 1 and not self.as_json:
            self.stdout.write("Nothing is prepared.")

    def tell(self, found):
        if self.as_json:
            self.stdout.write(json.dumps({**found._asdict(), "dry_run": self.dry_run}))
            return
        is_left = found.outcome in {IN_PROGRESS, HELD, REFUSED}
        how = f"left alone: {found.said}" if is_left else found.said
        would_be = WOULD_BE if self.dry_run and not is_left else ""
        self.stdout.write(f"{found.home} {found.gid} ({found.age:.0f} s old): {would_be}{how}")
