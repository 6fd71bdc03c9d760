from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from wire.models import Article

from weekly.models import Feature, Section


class Command(BaseCommand):
    help = "Make features of articles of the wire. What is a feature already stays as it is."

    def add_arguments(self, parser):
        parser.add_argument("section", choices=Section.values)
        parser.add_argument("slugs", nargs="+", metavar="slug")

    @transaction.atomic
    def handle(self, *, section, slugs, **options):
        taken = 0
        for slug in slugs:
            article = Article.objects.filter(slug=slug).select_related("feature").first()
            if article is None:
                raise CommandError(f"The wire has no article {slug!r}. Nothing was taken up.")
            if not hasattr(article, "feature"):
                Feature.take_up(article, section=section, teaser=article.summary[:300])
                taken += 1
        self.stdout.write(f"{taken} taken up in the section {Section(section).label}.")
