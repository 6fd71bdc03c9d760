from argparse import SUPPRESS

from django.core.management.base import BaseCommand

from causeway.management.verbs import VERBS


class Command(BaseCommand):
    help = "What concerns the core databases of this project."
    # Those of Django may ask a server, which may be away.
    requires_system_checks = ["causeway"]

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        for name, verb in VERBS.items():
            verb.add_arguments(
                verbs.add_parser(
                    name,
                    help=verb.help,
                    description=verb.help,
                    parents=[self.options_after_verb()],
                    formatter_class=parser.formatter_class,
                )
            )

    def options_after_verb(self):
        """Django's own options, which leave what was given before the verb as it is."""
        parser = BaseCommand().create_parser("manage.py", "causeway", add_help=False)
        for action in parser._actions:
            action.default = SUPPRESS
        return parser

    def handle(self, *, verb, **options):
        VERBS[verb](self).handle(**options)
