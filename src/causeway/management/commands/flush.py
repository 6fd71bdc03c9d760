from django.core.management.base import CommandError
from django.core.management.commands.flush import Command as DjangoCommand
from django.db import IntegrityError

from causeway import underway
from causeway.conf import LOCAL_ALIAS, cores
from causeway.management.content_types import homes_to_fill
from causeway.transactions.connections import is_test_database
from causeway.transactions.installation import kept_key


class Command(DjangoCommand):
    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--for-every-project",
            action="store_true",
            help="Flush a core database, though that takes its rows from every project that shares them.",
        )

    def handle(self, **options):
        core = cores().get(options["database"])
        if core and not is_test_database(core.alias):
            self.refuse_core(core, options.get("for_every_project"))
        try:
            # What is made again afterwards may be rows of core.
            is_filled = options["database"] == LOCAL_ALIAS and not options.get("inhibit_post_migrate")
            aliases = homes_to_fill() if is_filled else ()
            with kept_key(options["database"]), underway.over_link(*aliases):
                super().handle(**options)
        except CommandError as error:
            if isinstance(error.__cause__, IntegrityError):
                raise CommandError(
                    f"Cannot flush {options['database']!r}: rows of another database still refer to its rows. Flush "
                    f"or delete those first. The server says: {error.__cause__}"
                ) from error
            raise

    def refuse_core(self, core, is_meant):
        """Raise CommandError where this project must not flush a core database, or does not say that it means to."""
        cannot = f"Cannot flush the core database {core.alias!r}"
        if core.read_only:
            raise CommandError(
                f"{cannot}: CAUSEWAY[{core.alias!r}] declares it READ_ONLY. Flush it in the core project."
            )
        if not (core.owner or is_meant):
            raise CommandError(
                f"{cannot}: every project that shares its rows would lose them, and this one does not own it. Flush it in "
                f"the core project, or say --for-every-project."
            )
