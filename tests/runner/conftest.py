"""A core project in production and its child, whose own tests are run in many ways."""

import json
from pathlib import Path

import pytest

SUITE = Path(__file__).with_name("suite.py").read_text()

# Every run of the suite has these numbers.
TESTS = 22

MIGRATION = """
    from django.db import migrations


    def add_author(apps, schema_editor):
        manager = apps.get_model("articles", "Author").objects.using(schema_editor.connection.alias)
        manager.create(name="from a migration")


    class Migration(migrations.Migration):
        dependencies = [("articles", "0001_initial")]
        operations = [
            migrations.RunPython(add_author, migrations.RunPython.noop),
            migrations.RunSQL("CREATE TABLE made_by_migration (id integer)", "DROP TABLE made_by_migration"),
        ]
"""

# SQL that is compiled before a test database stands, as an app may do: were the core's name kept,
# the tests would go to production.
APP = """
    from django.apps import AppConfig

    from causeway import table


    class CommentsConfig(AppConfig):
        name = "comments"

        def ready(self):
            from articles.models import Article

            from comments.models import Comment

            assert "articles_article" in table(Article)
            for manager in (Article.objects, Comment.objects.filter(article__title="")):
                str(manager.all().query)
"""

URLS = """
    from articles.models import Article
    from comments.models import Content
    from django.http import HttpResponse
    from django.urls import path


    def titles(request):
        found = [*Article.objects.all(), *Content.contents.all()]
        return HttpResponse(", ".join(row.title for row in found))


    urlpatterns = [path("titles/", titles)]
"""

MIXED = [
    {"model": "comments.comment", "pk": 50, "fields": {"article": 50, "text": "Bad"}},
    {"model": "articles.article", "pk": 50, "fields": {"title": "F", "slug": "from-a-fixture", "author": 50}},
    {"model": "articles.author", "pk": 50, "fields": {"name": "Bea"}},
]
CONTENTS = [{"model": "comments.content", "pk": 50, "fields": {"title": "F", "slug": "from-a-fixture"}}]


@pytest.fixture(scope="module")
def production(module_projects):
    core, child = module_projects
    for project in (core, child):
        # Its many migrations would be applied in every run.
        project.add_settings("INSTALLED_APPS.remove('django.contrib.auth')")
    core.manage("makemigrations", "articles", "pages")
    child.manage("makemigrations", "comments")
    child.write("../shared/articles/migrations/0002_more.py", MIGRATION)
    core.manage("migrate")
    child.manage("migrate")
    core.rows("INSERT INTO articles_article (id, title, slug) VALUES (1, 'Sentinel', 'production')")
    core.rows("INSERT INTO content (title, slug) VALUES ('Sentinel', 'production')")
    child.rows("INSERT INTO comments_comment (article_id, text) VALUES (1, 'production')")
    child.write("comments/apps.py", APP)
    child.write("comments/fixtures/mixed.json", json.dumps(MIXED))
    child.write("comments/fixtures/contents.json", json.dumps(CONTENTS))
    child.write("urls.py", URLS)
    child.write("comments/tests.py", SUITE)
    child.add_settings("ROOT_URLCONF = 'urls'\nSTATIC_URL = 'static/'\nALLOWED_HOSTS = ['*']")
    return core, child


@pytest.fixture
def child(production):
    """The child; when the test is over, both production databases must be what they were."""
    core, child = production
    before = core.dump(), child.dump()
    yield child
    assert (core.dump(), child.dump()) == before


@pytest.fixture
def add_tests(child):
    """Writes a module of tests beside the suite, for this test alone."""
    written = []
    yield lambda name, text: written.append(child.write(f"comments/{name}.py", text))
    for file in written:
        file.unlink()


@pytest.fixture
def test_databases_on_disk(child):
    """On SQLite they are in memory else; a server's always outlive the process."""
    if child.databases.engine != "sqlite3":
        yield
        return
    # The names begin with those of the databases, so that they are dropped with them.
    with child.changed_settings("""
        for entry in DATABASES.values():
            entry["TEST"] = {"NAME": entry["NAME"].replace(".sqlite3", "_test.sqlite3")}
    """):
        yield
