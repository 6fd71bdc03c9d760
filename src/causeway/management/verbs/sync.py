import json
import signal
import time
from contextlib import suppress

from django.core.management.base import CommandError
from django.db import Error, connections

from causeway.conf import cores
from causeway.management.verbs.base import Verb
from causeway.management.verbs.explain import in_one_line
from causeway.management.verbs.progress import progress
from causeway.mirror.state import SUSPECT
from causeway.mirror.sync import CHUNK, Syncer, followed_homes, following

# After an error, before the next try of --watch.
PATIENCE = 1


class Sync(Verb):
    help = (
        "Makes and keeps the copies of mirrored core tables, and does to local rows what their relations ask for where "
        "core rows were deleted. Stop it at any instant, run as many as you like."
    )

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--watch", action="store_true", help="Go on until interrupted.")
        parser.add_argument(
            "--interval",
            type=float,
            default=0.1,
            metavar="SECONDS",
            help="Between two rounds of --watch (0.1). A round that finds nothing is one short statement on core.",
        )
        parser.add_argument("--database", metavar="ALIAS", help="The core database to follow alone.")
        parser.add_argument("--chunk", type=int, default=CHUNK, help=f"Rows copied at once ({CHUNK}).")
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="JSON: an object a line."
        )

    def handle(self, *, watch, interval, database, chunk, verbosity=1, **options):
        self.verbosity, self.chunk, self.as_json = verbosity, chunk, options["format"] == "json"
        homes = asked_homes(database)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            if watch:
                self.watch(homes, interval)
            else:
                for home in homes:
                    self.once(home)
        except KeyboardInterrupt:
            self.stderr.write("Stopped. Run it again to go on where it was.")
            if not watch:
                raise CommandError("The copies are not whole yet.", returncode=130) from None

    def once(self, home):
        """Rounds until all is whole. Raises CommandError where a database is away, or a table cannot be copied."""
        try:
            with following(home) as follower:
                self.copy(follower)
                suspects = [each for each in follower.state.tables().values() if each.state == SUSPECT]
                mirrored = [each.name for each in suspects if each.name in follower.stores]
        except Error as error:
            raise CommandError(f"Cannot follow {home!r}: {in_one_line(error)}") from error
        for table in suspects:
            self.stderr.write(f"{home} {table.name} is suspect: {table.reason}.")
        if mirrored:
            raise CommandError(f"{len(mirrored)} of the tables of {home!r} cannot be used from a copy.")
        if self.verbosity >= 1 and not self.as_json:
            self.stdout.write(f"{home}: in step ({len(follower.tables)} tables).")

    def copy(self, follower):
        """Rounds while there is something to copy, and one more."""
        syncer = Syncer(follower)
        while True:
            outcome = syncer.round(self.chunk)
            if outcome.copied and not self.as_json and self.verbosity >= 1:
                name = next(iter(outcome.copied))
                self.show_copying(syncer, name, outcome)
            self.tell(follower.home, outcome)
            if not syncer.is_copying:
                return

    def show_copying(self, syncer, name, outcome):
        """Copy the rest of a table under a bar."""
        follower = syncer.follower
        reader = follower.reader(name)
        (total,) = reader.core.one(f"SELECT count(*) {reader.from_sql}")
        with progress(self.stderr, name, total) as bar:
            while number := outcome.copied.get(name):
                bar.update(number)
                outcome = syncer.round(self.chunk)
        self.tell(follower.home, outcome)

    def watch(self, homes, interval):
        """Follow the cores, one after the other, each over connections that last."""
        running = {}
        while True:
            began = time.monotonic()
            is_busy = False
            for home in homes:
                try:
                    is_busy |= self.watch_once(running, home)
                except Error as error:
                    self.forget(running, home)
                    self.stderr.write(f"Cannot follow {home!r} now: {in_one_line(error)}")
                    time.sleep(PATIENCE)
            if not is_busy:
                time.sleep(max(0, interval - (time.monotonic() - began)))

    def watch_once(self, running, home):
        if home not in running:
            context = following(home)
            running[home] = context, Syncer(context.__enter__())
        syncer = running[home][1]
        outcome = syncer.round(self.chunk)
        self.tell(home, outcome)
        return syncer.is_copying and bool(outcome.copied)

    def forget(self, running, home):
        # Another try makes connections of its own.
        context = running.pop(home, (None,))[0]
        if context is not None:
            with suppress(Error):
                context.__exit__(None, None, None)
        connections.close_all()

    def tell(self, home, outcome):
        for name, reason in outcome.suspected.items():
            self.stderr.write(f"{home} {name} is suspect: {reason}.")
        if self.as_json and not outcome.is_look and (outcome.changes or outcome.copied or outcome.suspected):
            told = {"core": home, "changes": outcome.changes, "copied": outcome.copied}
            self.stdout.write(json.dumps({**told, "suspect": outcome.suspected}))
            self.stdout.flush()


def asked_homes(database):
    """The cores to follow. Raises CommandError for a name that is none, or where nothing is followed."""
    homes = followed_homes()
    if database is not None and database not in homes:
        known = ", ".join(map(repr, cores())) or "none"
        why = "which is no core database" if database not in cores() else "of which no table is followed here"
        raise CommandError(f"Cannot follow {database!r}, {why}. CAUSEWAY has {known}.")
    if not homes:
        raise CommandError(
            "There is nothing to follow: no core model is mirrored, and no local row refers to one. Set PLACEMENT to "
            "'mirrored' in CAUSEWAY."
        )
    return [database] if database else homes
