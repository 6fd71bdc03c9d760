from django.core.management.base import BaseCommand
from wire.models import Article, Author, Place, Tag
from wire.terminal import Stage

from desk.models import Story


class Command(BaseCommand):
    help = "The wire's part in the demo."

    def add_arguments(self, parser):
        parser.add_argument("scene", choices=["sees", "stories"])

    def handle(self, *, scene, **options):
        getattr(self, scene)(Stage("wire", self.stdout))

    def sees(self, stage):
        counts = [
            (model._meta.verbose_name_plural, model.objects.count())
            for model in (Article, Author, Place, Tag)
        ]
        stage.rows(
            "everything, in its own database",
            ["Rows", "How many"],
            [*counts, ("stories", Story.objects.count())],
        )

    def stories(self, stage):
        rows = Story.objects.values_list("title", "byline")
        stage.rows("the stories of its desk", ["Title", "Byline"], rows)
