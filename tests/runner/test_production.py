"""What an app does when a connection is made, or a database migrated, never reaches production under a test runner."""

import pytest

# As django.contrib.postgres does, which asks the alias of a new connection for the numbers of types. What Django opens
# without a database has an alias that is none.
LISTENER = """
    from django.apps import AppConfig
    from django.db import connections
    from django.db.backends.base.base import NO_DB_ALIAS
    from django.db.backends.signals import connection_created
    from django.db.models.signals import post_migrate, pre_migrate


    def note(connection):
        with open("connected.log", "a") as file:
            file.write(f"{connection.alias} {connection.settings_dict['NAME']}\\n")


    def ask(connection, **kwargs):
        if connection.alias != NO_DB_ALIAS:
            note(connection)
            with connections[connection.alias].cursor() as cursor:
                cursor.execute("SELECT 1")
            note(connections[connection.alias])


    def look(using, **kwargs):
        from articles.models import Article

        connections[using].introspection.table_names()
        if "articles_article" in connections["core"].introspection.table_names():
            Article.objects.exists()


    class CommentsConfig(AppConfig):
        name = "comments"

        def ready(self):
            connection_created.connect(ask)
            pre_migrate.connect(look)
            post_migrate.connect(look)
"""

PYTEST = ["-m", "pytest", "--ds=settings", "-p", "no:cacheprovider", "comments/tests.py"]

TESTS = """
    from articles.models import Article
    from comments.models import Comment
    from django.test import TestCase, TransactionTestCase


    class MakingRows:
        databases = {"default", "core"}

        def test_rows(self):
            article = Article.objects.create(title="Dams", slug="dams")
            Comment.objects.create(article=article, text="Good")
            self.assertEqual(Comment.objects.get().article, article)


    class CommittingTests(MakingRows, TransactionTestCase):
        pass


    class RollingBackTests(MakingRows, TestCase):
        databases = {"default"}
"""


@pytest.fixture
def projects(core_project, child_project):
    for project in (core_project, child_project):
        project.add_settings("INSTALLED_APPS.remove('django.contrib.auth')")
    core_project.manage("makemigrations", "articles")
    child_project.manage("makemigrations", "comments")
    child_project.write("comments/apps.py", LISTENER)
    child_project.write("comments/tests.py", TESTS)
    return core_project, child_project


def assert_test_databases_alone(core, child):
    """No process of the child connected to what its settings name."""
    lines = (child.folder / "connected.log").read_text().splitlines()
    connected = {line.split(" ", 1)[1] for line in lines}
    assert connected
    assert not connected & {project.databases.name(project.database) for project in (core, child)}


@pytest.mark.parametrize("command", [["manage.py", "test", "--noinput"], PYTEST], ids=["django", "pytest"])
def test_whatever_listens_to_connections_is_never_let_into_production(projects, command):
    core, child = projects
    child.python(*command)
    assert_test_databases_alone(core, child)


def test_nor_in_a_further_process(projects):
    core, child = projects
    child.manage("test", "--noinput", "--parallel", "2")
    assert_test_databases_alone(core, child)


@pytest.mark.postgresql
def test_an_app_that_registers_types_of_postgresql(projects):
    core, child = projects
    child.add_settings("INSTALLED_APPS.append('django.contrib.postgres')")
    child.manage("test", "--noinput")
    assert_test_databases_alone(core, child)
