from django.apps import apps
from django.core.management.commands.dumpdata import Command as DjangoCommand

from causeway import homes, underway
from causeway.conf import cores
from causeway.placements import is_placed


class Command(DjangoCommand):
    """Dumps core rows with the child's only where their app or model is named.

    What this library keeps of the child's database means nothing elsewhere, and is left out likewise.
    """

    def handle(self, *app_labels, **options):
        if options["database"] in cores():
            return super().handle(*app_labels, **options)
        if not any(label.partition(".")[0] == "causeway" for label in app_labels):
            options["exclude"] = [*options["exclude"], "causeway"]
        named = {home for label in app_labels for home in _homes_of(label)}
        with underway.over_link(*(home for home in named if is_placed(home))):
            return super().handle(*app_labels, **options)


def _homes_of(label):
    """The homes of what a label names. What is no label is for Django to refuse."""
    app_label, _, model_name = label.partition(".")
    try:
        config = apps.get_app_config(app_label)
        models = [config.get_model(model_name)] if model_name else config.get_models()
    except LookupError:
        return set()
    return {homes.home_of(model) for model in models} - {None}
