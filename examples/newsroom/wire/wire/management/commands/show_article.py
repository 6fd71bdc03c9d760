from django.conf import settings
from django.core.management.base import BaseCommand

from wire.models import Article
from wire.terminal import Stage


class Command(BaseCommand):
    help = "Say how an article looks from this project."

    def add_arguments(self, parser):
        parser.add_argument("slug")

    def handle(self, *, slug, **options):
        stage = Stage(settings.ROOT_URLCONF.removesuffix("_project.urls"), self.stdout)
        if article := Article.objects.filter(slug=slug).first():
            stage.say(f"“{article.title}” by {article.author}")
        else:
            stage.say(f"no article {slug!r}")
