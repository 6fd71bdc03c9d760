from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Count, Max
from wire.models import Article
from wire.terminal import Stage

from daily.models import Comment, Rating


def most_discussed_in_the_north():
    return (
        Comment.objects.filter(article__place__latitude__gt=50)
        .values("article__title", "article__place__name")
        .annotate(comments=Count("pk"), last=Max("created_at"))
        .order_by("-comments", "article__title")[:5]
    )


def edit(slug, title):
    with transaction.atomic():
        article = Article.objects.get(slug=slug)
        article.title = title
        article.save()
        article.comments.create(name="The editor", text="We have changed the title.")


class Command(BaseCommand):
    help = "The daily's part in the demo."

    def add_arguments(self, parser):
        parser.add_argument("scene", choices=["sees", "edits", "fails", "asks", "deletes"])
        parser.add_argument("slug", nargs="?")

    def handle(self, *, scene, slug, **options):
        getattr(self, scene)(Stage("daily", self.stdout), slug)

    def sees(self, stage, slug):
        rows = [
            ("articles", "core", Article.objects.count()),
            ("comments", "its own", Comment.objects.count()),
            ("ratings", "its own", Rating.objects.count()),
            (
                "articles with a comment",
                "both",
                Article.objects.filter(comments__isnull=False).distinct().count(),
            ),
            (
                "comments on articles about tides",
                "both",
                Comment.objects.filter(article__tags__name="tides").count(),
            ),
        ]
        stage.rows("core articles, and what its readers say", ["Rows", "Database", "How many"], rows)

    def edits(self, stage, slug):
        stage.code(edit)
        article = Article.objects.get(slug=slug)
        title = f"{article.title}, and back"
        edit(slug, title)
        stage.say(f"“{article.title}” is now “{title}”, and has a comment that says so.")

    def fails(self, stage, slug):
        article = Article.objects.get(slug=slug)
        comments = article.comments.count()
        try:
            with transaction.atomic():
                edit(slug, "A title that nobody will see")
                raise InterruptedError
        except InterruptedError:
            stage.say("an edit broke off after both databases were written. Afterwards:")
        article.refresh_from_db()
        stage.say(
            f"the title in core is “{article.title}”; comments here: {article.comments.count()} (before: {comments})"
        )

    def asks(self, stage, slug):
        stage.code(most_discussed_in_the_north)
        with stage.sql_of():
            rows = list(most_discussed_in_the_north())
        shown = [(*list(row.values())[:3], f"{row['last']:%d %b %Y}") for row in rows]
        stage.rows("most discussed north of 50°", ["Article", "Place", "Comments", "The last"], shown)

    def deletes(self, stage, slug):
        article = Article.objects.annotate(last=Max("comments__created_at")).get(slug=slug)
        stage.say(f"deletes “{article.title}”, last commented on {article.last:%d %B %Y}")
        with transaction.atomic():
            _, taken = article.delete()
        rows = [
            (label, "core" if label.startswith("wire.") else "its own", count)
            for label, count in taken.items()
        ]
        stage.rows("what the deletion took along", ["Rows of", "Database", "How many"], sorted(rows))
