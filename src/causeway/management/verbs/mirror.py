import json
import time

from django.core.management.base import CommandError
from django.db import Error

from causeway.management.verbs.base import Verb
from causeway.management.verbs.explain import in_one_line
from causeway.management.verbs.progress import progress
from causeway.management.verbs.sync import asked_homes
from causeway.mirror.state import COPYING, SUSPECT, WHOLE
from causeway.mirror.status import status
from causeway.mirror.sync import CHUNK, Syncer, following

VERIFIED_AT_ONCE = 20_000


class Mirror(Verb):
    help = "Tells how far the copies of core tables are: lag, position, state, rows and size of each."

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--database", metavar="ALIAS", help="The core database to look at alone.")
        parser.add_argument(
            "--verify",
            action="store_true",
            help="Compare each copy with core, row by row, in one moment's state.",
        )
        parser.add_argument("--repair", action="store_true", help="Copy anew what is suspect.")
        parser.add_argument(
            "--table", dest="tables", metavar="TABLE", action="append", help="A core table; several times."
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="How the result is printed."
        )

    def handle(self, *, database, verify, repair, tables, verbosity=1, **options):
        self.verbosity, self.as_json = verbosity, options["format"] == "json"
        found = []
        for home in asked_homes(database):
            try:
                found.append(self.look(home, verify, repair, set(tables or ())))
            except Error as error:
                raise CommandError(f"Cannot look at the copies of {home!r}: {in_one_line(error)}") from error
        if self.as_json:
            self.stdout.write(json.dumps(found, indent=2))
        else:
            for each in found:
                self.show(each)
        suspects = [
            table["table"]
            for each in found
            for table in each["tables"]
            if table["state"] == SUSPECT and table["is_mirrored"]
        ]
        if suspects:
            raise CommandError(
                f"{len(suspects)} of the tables cannot be used from a copy: {', '.join(suspects)}. They are staged "
                f"meanwhile; manage.py causeway sync copies them anew where core logs their changes."
            )

    def look(self, home, verify, repair, wanted):
        with following(home) as follower:
            if unknown := wanted - set(follower.stores):
                names = ", ".join(sorted(follower.stores)) or "none"
                raise CommandError(f"{min(unknown)!r} is no mirrored table of {home!r}. There is {names}.")
            follower.round(force=True)
            if verify:
                for name in sorted(wanted or follower.stores):
                    self.verify(follower, name)
            if repair:
                syncer = Syncer(follower)
                while syncer.round(CHUNK).is_copying:
                    pass
            return status(follower)

    def verify(self, follower, name):
        """Compare a copy from its first row to its last."""
        reader = follower.reader(name)
        (total,) = reader.core.one(f"SELECT count(*) {reader.from_sql}")
        follower.state.start_verifying(name)
        with progress(self.stderr, f"{follower.home} {name}", total) as bar:
            while True:
                outcome = follower.round(verify=VERIFIED_AT_ONCE, table=name)
                if self.verbosity >= 1 and outcome.verified:
                    bar.update(outcome.verified[name])
                table = follower.state.tables()[name]
                if table.state != WHOLE or not table.verified:
                    return

    def show(self, found):
        lag = "never" if found["lag"] is None else f"{found['lag']:.1f} s ago"
        self.stdout.write(f"{found['core']}: last round {lag}, {found['log_rows']} rows in core's log.")
        for table in found["tables"]:
            rows = "" if table["rows"] is None else f", {table['rows']} rows, {table['bytes'] or 0:,} bytes"
            verified = ""
            if table["verified_at"]:
                verified = f", compared {time.time() - table['verified_at']:.0f} s ago"
            reason = f" ({table['reason']})" if table["reason"] else ""
            if table["state"] == COPYING:
                reason = f" ({table['rows']} of {table['core_rows']} rows)"
            self.stdout.write(f"  {table['table']}: {table['state']}{reason}{rows}{verified}")
