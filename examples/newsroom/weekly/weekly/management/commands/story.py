from django.core.management.base import BaseCommand
from wire.models import Article
from wire.terminal import Stage

from weekly.models import Feature, Letter, Story


def write_one_in_each():
    Story.objects.create(title="On foot", slug="on-foot", body="Kept here.")
    Story.contents.create(title="On rails", slug="on-rails", body="Kept in core.")


def features_by_section():
    return (
        Feature.objects.filter(comments__isnull=False)
        .order_by("section", "title")
        .values_list("section", "title", "author__name")
        .distinct()
    )


class Command(BaseCommand):
    help = "The weekly's part in the demo."

    def add_arguments(self, parser):
        parser.add_argument("scene", choices=["sees", "extends", "writes"])

    def handle(self, *, scene, **options):
        getattr(self, scene)(Stage("weekly", self.stdout))

    def sees(self, stage):
        rows = [
            ("articles", "core", Article.objects.count()),
            ("features: articles with section and teaser", "both", Feature.objects.count()),
            ("articles that are no features", "both", Article.objects.filter(feature__isnull=True).count()),
            ("letters", "its own", Letter.objects.count()),
            ("stories of its own (Story.objects)", "its own", Story.objects.count()),
            ("stories of the wire's desk (Story.contents)", "core", Story.contents.count()),
        ]
        stage.rows("articles extended, and stories of both", ["Rows", "Database", "How many"], rows)

    def extends(self, stage):
        stage.code(features_by_section)
        with stage.sql_of():
            rows = list(features_by_section())
        stage.rows("features that had letters", ["Section", "Title", "Author"], rows)

    def writes(self, stage):
        Story.objects.filter(slug="on-foot").delete()
        Story.contents.filter(slug="on-rails").delete()
        stage.code(write_one_in_each)
        write_one_in_each()
        for name, rows in (("Story.objects", Story.objects.all()), ("Story.contents", Story.contents.all())):
            stage.rows(
                f"{name}, on the connection {rows.db!r}",
                ["Title", "Saved in"],
                [(s.title, s._state.db) for s in rows],
            )
