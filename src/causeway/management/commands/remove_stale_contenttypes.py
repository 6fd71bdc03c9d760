from django.contrib.contenttypes.management.commands.remove_stale_contenttypes import (
    Command as DjangoCommand,
)
from django.core.management.base import CommandError

from causeway import homes, underway
from causeway.conf import LOCAL_ALIAS
from causeway.management.content_types import PERMISSION
from causeway.natural_keys import CONTENT_TYPE
from causeway.placements import is_placed


class Command(DjangoCommand):
    """Leaves what all projects share to the project that is in charge of core.

    A content type is stale here when this project lacks its model. Another may have it, with
    permissions that its groups and users hold.
    """

    def handle(self, **options):
        home = homes.home_of_label(*CONTENT_TYPE)
        shared = home or homes.home_of_label(*PERMISSION)
        if shared is None or options["database"] not in {LOCAL_ALIAS, shared}:
            return super().handle(**options)
        if not underway.may_migrate(shared):
            what = "content types" if home else "permissions of content types"
            raise CommandError(
                f"Cannot tell here which content types are stale: the {what} are kept in the core database "
                f"{shared!r} for all projects, and another may use what this one does not know. Run the command "
                f"in the core project, or set OWNER to True in CAUSEWAY[{shared!r}] in the project that is in charge."
            )
        over_link = options["database"] == LOCAL_ALIAS and home and is_placed(home)
        with underway.over_link(*([home] if over_link else [])):
            return super().handle(**options)
