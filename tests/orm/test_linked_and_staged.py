"""A child with a linked core, and a staged one whose rows refer to rows of the linked."""

import json

import pytest

RECORDS = """
    from django.db import models

    from articles.models import Article


    class Record(models.Model):
        name = models.CharField(max_length=100, unique=True)
        article = models.ForeignKey(Article, models.CASCADE, related_name="records")
        before = models.ForeignKey("self", models.SET_NULL, null=True, related_name="after")


    class Loan(models.Model):
        record = models.ForeignKey(Record, models.CASCADE, related_name="loans")
        days = models.IntegerField()
"""

pytestmark = pytest.mark.linked("one of the cores is, whatever the session says")


@pytest.fixture(scope="module")
def child(module_projects):
    """``Record`` lives in the staged core; the others are those of any child."""
    core, child = module_projects
    databases = child.databases
    databases.create("archive")
    child.write_app("records", RECORDS)
    child.add_settings(f"""
        INSTALLED_APPS += ["records"]
        DATABASES["archive"] = {databases.settings("archive")!r}
        CAUSEWAY["archive"] = {{"MODELS": ["records.Record"], "PLACEMENT": "staged", "OWNER": True}}
        SILENCED_SYSTEM_CHECKS = ["causeway.E010", "causeway.W006", "models.W035"]
    """)
    core.migrate()
    child.manage("makemigrations", "records", "comments")
    child.manage("migrate", "--database=archive")
    child.manage("migrate")
    child.shell("""
        for number, name in enumerate(("Ada", "Ben", "Cy")):
            author = Author.objects.create(name=name)
            article = Article.objects.create(title=f"by {name}", slug=name, author=author)
            Comment.objects.create(article=article, text=f"of {name}")
            before = Record.objects.order_by("-pk").first()
            record = Record.objects.create(name=f"{9 - number}", article=article, before=before)
            Loan.objects.create(record=record, days=number)
    """)
    yield child
    child.drop_database()
    databases.drop("archive")


def test_rows_of_the_staged_core_with_what_they_refer_to(child):
    found = child.shell("""
        rows = Record.objects.select_related("article__author", "before__article").order_by("article__title")
        print(*((row.name, row.article.author.name, row.before and row.before.article.title) for row in rows))
        print(*(row.name for row in rows.order_by("-before__article__author__name", "name")[1:3]))
        print(*Record.objects.filter(article__author__name="Ben").values_list("name", "article__slug"))
        print(*Record.objects.exclude(before__article__author__name="Ben").order_by("name").values_list("name", flat=True))
        print(Record.objects.filter(article__comments__text="of Cy", before__article__title="by Ben").get().name)
        print(*Record.objects.using("archive").filter(article__title="by Ada").values_list("name", flat=True))
        article = Article.objects.get(slug="Ben")
        print(*(row.name for row in article.records.select_related("article")), Record.objects.get(article=article).name)
    """)
    assert found.splitlines() == [
        "('9', 'Ada', None) ('8', 'Ben', 'by Ada') ('7', 'Cy', 'by Ben')",
        "8 9" if child.databases.engine != "postgresql" else "7 8",
        "('8', 'Ben')",
        "8 9",
        "7",
        "9",
        "8 8",
    ]


def test_aggregates_and_subqueries(child):
    found = child.shell("""
        from django.db.models import Count, Exists, F, OuterRef, Subquery, Sum

        print(*Article.objects.annotate(n=Count("records__loans"), days=Sum("records__loans__days")).order_by("pk").values_list("n", "days"))
        print(*Record.objects.annotate(n=Count("article__comments")).order_by("name").values_list("article__title", "n"))
        print(*Record.objects.values("article__author__name").annotate(n=Count("pk")).order_by("article__author__name").values_list("n", flat=True))
        titles = Article.objects.filter(pk=OuterRef("article_id")).values("title")
        print(*Record.objects.annotate(title=Subquery(titles)).order_by("pk").values_list("title", flat=True))
        print(Article.objects.filter(Exists(Record.objects.filter(article=OuterRef("pk"), name="7"))).get().title)
        print(Record.objects.filter(article__in=Article.objects.filter(title="by Ada")).get().name)
        print(*Record.objects.annotate(title=F("article__title")).order_by("name").values_list("title", flat=True))
        print(*Loan.objects.filter(record__article__author__name__gt="A").order_by("-record__article__title").values_list("record__article__title", "days"))
        union = Record.objects.values_list("article__title").union(Article.objects.values_list("title"))
        print(len(union), Record.objects.count(), Record.objects.filter(article__isnull=False).count())
        print(len(Record.objects.raw("SELECT * FROM records_record", using="archive")))
    """)
    assert found.splitlines() == [
        "(1, 0) (1, 1) (1, 2)",
        "('by Cy', 1) ('by Ben', 1) ('by Ada', 1)",
        "1 1 1",
        "by Ada by Ben by Cy",
        "by Cy",
        "9",
        "by Cy by Ben by Ada",
        "('by Cy', 2) ('by Ben', 1) ('by Ada', 0)",
        "3 3 3",
        "3",
    ]


def test_writes_by_what_is_referred_to(child):
    found = child.shell("""
        from django.db.models import OuterRef, Subquery


        titles = Article.objects.filter(pk=OuterRef("article_id")).values("title")
        print(Record.objects.filter(article__author__name="Ada").update(name="first"), Record.objects.get(name="first").pk)
        print(Record.objects.filter(article__title="by Ada").update(name=Subquery(titles[:1])), Record.objects.get(article__slug="Ada").name)
        print(Article.objects.filter(records__name="7").update(title="last"), Article.objects.get(title="last").slug)
        print(Loan.objects.filter(record__article__title="last").update(days=30), Loan.objects.get(days=30).record.article.title)
        print(Record.objects.filter(article__author__name="Cy").delete()[0], Loan.objects.count(), Record.objects.count())
        print(Article.objects.get(slug="Ben").delete()[0], Record.objects.count(), Comment.objects.count(), Loan.objects.count())
    """)
    assert found.splitlines() == ["1 1", "1 by Ada", "1 Cy", "1 last", "2 2 2", "4 1 2 1"]


def test_a_file_for_the_linked_core_with_local_rows_that_have_natural_keys(child):
    group = {
        "model": "auth.group",
        "fields": {"name": "Editors", "permissions": [["add_comment", "comments", "comment"]]},
    }
    author = {"model": "articles.author", "pk": 90, "fields": {"name": "Dee"}}
    child.write("accounts.json", json.dumps([group, author]))
    assert "Installed 1 object(s)" in child.manage("loaddata", "--database", "core", "accounts.json").stdout
    assert child.shell("print(Author.objects.get(pk=90).delete()[0])") == "1"
