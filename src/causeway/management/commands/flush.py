from django.core.management.base import CommandError
from django.core.management.commands.flush import Command as DjangoCommand
from django.db import IntegrityError

from causeway import homes
from causeway.conf import LOCAL_ALIAS, cores
from causeway.management.content_types import homes_to_fill
from causeway.transactions.connections import is_test_database
from causeway.transactions.installation import kept_key


class Command(DjangoCommand):
    def handle(self, **options):
        core = cores().get(options["database"])
        if core and core.read_only and not is_test_database(core.alias):
            raise CommandError(
                f"Cannot flush the core database {core.alias!r}: CAUSEWAY[{core.alias!r}] declares it READ_ONLY. "
                f"Flush it in the core project."
            )
        try:
            # What is made again afterwards may be rows of core.
            is_filled = options["database"] == LOCAL_ALIAS and not options.get("inhibit_post_migrate")
            aliases = homes_to_fill() if is_filled else ()
            with kept_key(options["database"]), homes.over_link(*aliases):
                super().handle(**options)
        except CommandError as error:
            if isinstance(error.__cause__, IntegrityError):
                raise CommandError(
                    f"Cannot flush {options['database']!r}: rows of another database still refer to its rows. Flush "
                    f"or delete those first. The server says: {error.__cause__}"
                ) from error
            raise
