"""Data migrations that name no alias, as most do: they find the tables as they stand at their place in history."""

import pytest

from tests.staged.projects import staged_settings

FIRST = """
    from django.db import migrations, transaction


    def make(apps, schema_editor):
        Author = apps.get_model("articles", "Author")
        Article = apps.get_model("articles", "Article")
        ada = Author.objects.create(name="Ada")
        with transaction.atomic():
            Article.objects.create(title="Dams", slug="dams", author=ada)
        Article.objects.bulk_create([Article(title="Locks", slug="locks", author=ada)])
        Article.objects.get_or_create(slug="piers", defaults={"title": "Piers"})
        Article.objects.filter(author__name="Ada", title="Locks").update(title="Sluices")
        ada.article_set.add(Article.objects.get(slug="piers"))
        assert Article.objects.select_related("author").get(slug="dams").author.name == "Ada"
        assert [author.article_set.count() for author in Author.objects.prefetch_related("article_set")] == [3]
        ada.refresh_from_db()
        # As functions of Django's and of packages do whose alias is this one unless they are told another.
        here = Author.objects.using("default")
        here.bulk_create([Author(name="Bea"), Author(name="Cy")])
        Author(name="Dan").save(using="default")
        assert here.filter(name__in=["Bea", "Cy", "Dan"]).count() == 3
        here.filter(name__in=here.exclude(name="Ada").values("name")).delete()
        assert here.get().name == "Ada"


    def unmake(apps, schema_editor):
        Author = apps.get_model("articles", "Author")
        assert Author.objects.get().article_set.count() == 3
        apps.get_model("articles", "Article").objects.all().delete()
        Author.objects.all().delete()


    class Migration(migrations.Migration):
        dependencies = [("articles", "0001_initial")]
        operations = [migrations.RunPython(make, unmake)]
"""

# On PostgreSQL the table is locked by what stands before the data in the same migration.
SECOND = """
    from django.db import migrations, models


    def fill(apps, schema_editor):
        Article = apps.get_model("articles", "Article")
        for article in Article.objects.filter(subtitle=""):
            article.subtitle = article.title.lower()
            article.save()


    class Migration(migrations.Migration):
        dependencies = [("articles", "0002_first")]
        operations = [
            migrations.AddField("article", "subtitle", models.CharField(max_length=255, default="")),
            migrations.RunPython(fill, migrations.RunPython.noop),
        ]
"""

# What an app makes after each migrate, whatever is migrated.
RECEIVER = """
    from django.apps import AppConfig
    from django.db.models.signals import post_migrate


    def make(**kwargs):
        from articles.models import Author

        Author.objects.get_or_create(name="Anonymous")


    class ArticlesConfig(AppConfig):
        name = "articles"

        def ready(self):
            post_migrate.connect(make, sender=self)
"""

MODEL = "title = models.CharField(max_length=255)\n"

TESTS = """
    from articles.models import Article, Author
    from django.db import connections
    from django.test import TestCase


    class Tests(TestCase):
        databases = {"default", "core"}

        def test_the_rows_that_migrations_made(self):
            self.assertEqual(list(Author.objects.order_by("name").values_list("name", flat=True)), ["Ada", "Anonymous"])
            self.assertEqual(Article.objects.filter(author__name="Ada").count(), 3)
            self.assertEqual(Article.objects.get(slug="locks").subtitle, "sluices")
"""


@pytest.fixture
def projects(core_project, child_project):
    """Projects in which nothing is migrated yet; the core app has data migrations."""
    child_project.add_settings("INSTALLED_APPS.remove('django.contrib.auth')")
    articles = child_project.shared / "articles"
    core_project.manage("makemigrations", "articles")
    child_project.manage("makemigrations", "comments")
    core_project.write(str(articles / "migrations/0002_first.py"), FIRST)
    core_project.write(str(articles / "migrations/0003_second.py"), SECOND)
    core_project.write(str(articles / "apps.py"), RECEIVER)
    models = (articles / "models.py").read_text()
    article = models.replace(
        "class Article(models.Model):",
        "class Article(models.Model):\n    subtitle = models.CharField(max_length=255, default='')",
    )
    core_project.write(str(articles / "models.py"), article)
    return core_project, child_project


@pytest.mark.parametrize("is_staged", [False, True], ids=["linked", "staged"])
def test_the_owner_migrates_core_to_and_fro(projects, is_staged):
    core, owner = projects
    owner.add_settings("CAUSEWAY['core']['OWNER'] = True")
    if is_staged:
        owner.add_settings(staged_settings(core))
    owner.manage("migrate", "--database", "core")
    found = core.rows("SELECT slug, subtitle FROM articles_article ORDER BY slug")
    assert found == [("dams", "dams"), ("locks", "sluices"), ("piers", "piers")]
    assert core.rows("SELECT count(*) FROM articles_author WHERE name = 'Anonymous'") == [(1,)]
    core.rows("DELETE FROM articles_author WHERE name = 'Anonymous'")
    owner.manage("migrate", "articles", "0001", "--database", "core")
    assert core.rows("SELECT count(*) FROM articles_article") == [(0,)]


def test_the_owner_migrates_its_own_database_afterwards(projects):
    core, owner = projects
    owner.add_settings("CAUSEWAY['core']['OWNER'] = True")
    owner.manage("migrate", "--database", "core")
    before = core.dump()
    owner.manage("migrate")
    assert core.dump() == before


@pytest.mark.parametrize("is_staged", [False, True], ids=["linked", "staged"])
def test_tests_of_a_child_find_what_the_core_apps_migrations_made(projects, is_staged):
    core, child = projects
    child.write("comments/tests.py", TESTS)
    if is_staged:
        child.add_settings(staged_settings(core))
    if is_staged and core.databases.engine == "postgresql":
        # The projects are schemas of one database. The test databases are two; that of production need not be there.
        child.add_settings("DATABASES['core'].update(NAME=DATABASES['core']['NAME'] + '_core', OPTIONS={})")
    child.manage("test", "--noinput")
