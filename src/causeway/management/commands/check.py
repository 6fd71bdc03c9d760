from django.core.management.commands.check import Command as DjangoCommand

from causeway import underway


class Command(DjangoCommand):
    """Checks a core model on the alias of its home, and not as a table of the child's own database."""

    def handle(self, *args, **options):
        with underway.over_link():
            return super().handle(*args, **options)
