"""A child project with two core databases."""

import pytest

RECORDS = """
    from django.db import models

    from articles.models import Article


    class Record(models.Model):
        name = models.CharField(max_length=100, unique=True)

        class Meta:
            db_table = "articles_article"


    class Loan(models.Model):
        record = models.ForeignKey(Record, models.CASCADE, related_name="loans")
        article = models.ForeignKey(Article, models.CASCADE, related_name="loans")
        days = models.IntegerField()
"""

SEED = """
article = Article.objects.create(title="Dams", slug="dams", author=Author.objects.create(name="Ada"))
record = Record.objects.create(name="Plans")
Loan.objects.create(record=record, article=article, days=3)
"""


@pytest.fixture
def child(core_project, child_project):
    """``Record`` lives in the second core, under a table name that the first core has too."""
    databases = child_project.databases
    databases.create("archive")
    child_project.write_app("records", RECORDS)
    child_project.add_settings(f"""
        INSTALLED_APPS += ["records"]
        DATABASES["archive"] = sibling(DATABASES["default"], NAME={databases.name("archive")!r})
        CAUSEWAY["archive"] = {{**{databases.core_entry("archive")!r}, "MODELS": ["records.Record"], "OWNER": True}}
        SILENCED_SYSTEM_CHECKS = ["causeway.E010", "models.W035"]
    """)
    core_project.migrate()
    child_project.manage("makemigrations", "records", "comments")
    child_project.manage("migrate", "--database=archive")
    child_project.manage("migrate")
    yield child_project
    # Its foreign keys hold the archive.
    child_project.drop_database()
    databases.drop("archive")


@pytest.mark.linked("one transaction of the child covers both cores")
def test_a_query_spans_three_databases(core_project, child):
    found = child.shell(
        SEED
        + """
import causeway
from django.db import transaction
from django.db.models import Sum

print(*Loan.objects.filter(record__name="Plans", article__author__name="Ada").values_list("days", flat=True))
loan = Loan.objects.select_related("record", "article").get()
print(loan.record.name, loan.article.title)
print(*Record.objects.annotate(days=Sum("loans__days")).values_list("name", "loans__article__title", "days"))
try:
    with transaction.atomic():
        Record.objects.create(name="Lost")
        Article.objects.update(title="Lost")
        Loan.objects.update(days=0)
        raise KeyError
except KeyError:
    print(Record.objects.count(), Article.objects.get().title, Loan.objects.get().days)
print(causeway.table(Record) == causeway.table(Article), causeway.table(Record, using="archive"))
print(Record.objects.filter(loans__article__title="Dams").delete()[0], Loan.objects.count())
"""
    )
    quoted = "`articles_article`" if child.databases.engine == "mysql" else '"articles_article"'
    assert found.splitlines() == [
        "3",
        "Plans Dams",
        "('Plans', 'Dams', 3)",
        "1 Dams 3",
        f"False {quoted}",
        "2 0",
    ]
    assert core_project.rows("SELECT title FROM articles_article") == [("Dams",)]
    assert child.databases.rows("archive", "SELECT name FROM articles_article") == []
