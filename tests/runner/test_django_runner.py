"""A child's tests under Django's own test runner."""

import pytest

from tests.runner.conftest import TESTS

# ``manage.py`` with a start method for the workers.
STARTING = """
    import multiprocessing
    import os
    import sys

    from django.core.management import execute_from_command_line

    if __name__ == "__main__":
        multiprocessing.set_start_method(sys.argv.pop(1))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
        execute_from_command_line(sys.argv)
"""

TWICE = "from comments.tests import TestCoreTests as Tests\n\n\nclass MoreTests(Tests):\n    pass\n"


def check(done, number=TESTS):
    """Every test was run, and passed; returns what was said."""
    assert f"Ran {number} test" in done.stderr
    assert "\nOK\n" in done.stderr
    return done.stdout + done.stderr


def test_the_suite_passes(child):
    check(child.manage("test", "--noinput"))


@pytest.mark.sqlite3
@pytest.mark.parametrize("arguments", [[], ["--parallel", "2"]], ids=["alone", "in two processes"])
def test_the_suite_passes_on_disk(child, test_databases_on_disk, arguments):
    """Not in memory, as is usual on this engine. (Django spawns no workers on them.)"""
    check(child.manage("test", "--noinput", *arguments))


def test_the_suite_passes_in_reverse_order(child):
    check(child.manage("test", "--noinput", "--reverse"))


def test_tests_that_name_only_the_default_database_use_a_test_core(child):
    said = check(child.manage("test", "--noinput", "comments.tests.TestCoreTests"), 4)
    assert "Creating test database for alias 'core'" in said
    assert "Destroying test database for alias 'core'" in said


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_the_suite_passes_in_two_processes(child, start_method):
    child.write("starting.py", STARTING)
    said = check(child.python("starting.py", start_method, "test", "--noinput", "--parallel", "2"))
    assert said.count("Cloning test database for alias 'core'") == 2


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_tests_that_name_only_the_default_database_pass_in_two_processes(child, add_tests, start_method):
    """No test names ``core``, so the runner neither tells its workers of it nor destroys it."""
    child.write("starting.py", STARTING)
    add_tests("test_twice", TWICE)
    arguments = [
        "--noinput",
        "--parallel",
        "2",
        "comments.tests.TestCoreTests",
        "comments.test_twice.MoreTests",
    ]
    said = check(child.python("starting.py", start_method, "test", *arguments), 8)
    assert said.count("Destroying test database for alias 'core'") == 3


def test_kept_databases_are_used_again(child, test_databases_on_disk):
    check(child.manage("test", "--noinput", "comments.tests.TestCoreTests"), 4)
    first, second = (check(child.manage("test", "--keepdb", "--verbosity", "2")) for _ in range(2))
    assert first.count("Applying articles.0001_initial... OK") == 2
    assert "Applying" not in second
    assert "Preserving test database for alias 'core'" in second


def test_kept_databases_of_two_processes_are_used_again(child, test_databases_on_disk):
    for _ in range(2):
        check(child.manage("test", "--keepdb", "--parallel", "2"))


def test_kept_databases_follow_the_migrations_of_the_core_app(child, test_databases_on_disk, add_tests):
    check(child.manage("test", "--keepdb", "comments.tests.TestCoreTests"), 4)
    add_tests(
        "test_later",
        """
        from articles.models import Author
        from django.test import TestCase


        class LaterTests(TestCase):
            def test_the_third_migration_was_applied(self):
                self.assertTrue(Author.objects.filter(name="later").exists())
        """,
    )
    migration = child.write(
        "../shared/articles/migrations/0003_later.py",
        """
        from django.db import migrations


        class Migration(migrations.Migration):
            dependencies = [("articles", "0002_more")]
            operations = [migrations.RunSQL("INSERT INTO articles_author (name) VALUES ('later')")]
        """,
    )
    try:
        check(child.manage("test", "--keepdb", "comments.test_later"), 1)
    finally:
        migration.unlink()
    child.manage("test", "--noinput", "comments.tests.TestCoreTests")


@pytest.mark.parametrize("arguments", [[], ["--parallel", "2"]], ids=["alone", "in two processes"])
def test_an_interrupted_run_does_not_block_the_next(child, test_databases_on_disk, add_tests, arguments):
    """It leaves its test databases behind, on MariaDB with constraints from one to the other."""
    add_tests(
        "test_killed",
        """
        import os
        import signal
        from django.test import TestCase

        MAIN = os.getpid()


        class KilledTests(TestCase):
            def test_killed(self):
                os.kill(MAIN, signal.SIGKILL)
        """,
    )
    child.manage("test", "--noinput", "comments.test_killed", status=-9)
    check(child.manage("test", "--noinput", *arguments, "comments.tests"))


@pytest.mark.parametrize("arguments", [[], ["--parallel", "2"]], ids=["alone", "in two processes"])
def test_what_migrations_put_into_core_comes_back_where_a_test_asks_for_it(child, add_tests, arguments):
    """By themselves: Django cannot restore content types after a test that flushes them."""
    add_tests(
        "test_serialized",
        """
        from articles.models import Author
        from django.test import TransactionTestCase


        class SerializedTests(TransactionTestCase):
            databases = {"default", "core"}
            serialized_rollback = True

            def test_first(self):
                self.assertEqual(Author.objects.get().name, "from a migration")
                Author.objects.all().delete()

            def test_second(self):
                self.test_first()


        class MoreSerializedTests(SerializedTests):
            pass
        """,
    )
    check(child.manage("test", "--noinput", *arguments, "comments.test_serialized"), 4)


@pytest.mark.parametrize(
    ("databases", "left"), [({"default"}, 1), ({"default", "core"}, 0)], ids=["default", "default and core"]
)
def test_committed_core_rows_are_flushed_where_core_is_named(child, add_tests, databases, left):
    """Django flushes the databases that a ``TransactionTestCase`` names, and no others."""
    add_tests(
        "test_committed",
        f"""
        from articles.models import Article
        from django.test import TransactionTestCase


        class CommittedTests(TransactionTestCase):
            databases = {databases!r}

            def test_first(self):
                Article.objects.create(title="Dams", slug="dams")

            def test_second(self):
                self.assertEqual(Article.objects.count(), {left})
        """,
    )
    check(child.manage("test", "--noinput", "comments.test_committed"), 2)


def test_a_project_with_a_cache_table_can_be_tested(child):
    with child.changed_settings("""
        CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
    """):
        check(child.manage("test", "--noinput", "comments.tests.TestCoreTests"), 4)


def test_a_failing_test_fails_the_run(child, add_tests):
    """The suite can fail: a row that only production has is not found."""
    add_tests(
        "test_wrong",
        """
        from articles.models import Article
        from django.test import TestCase


        class WrongTests(TestCase):
            def test_wrong(self):
                Article.objects.get(slug="production")
        """,
    )
    assert "DoesNotExist" in child.manage("test", "--noinput", "comments.test_wrong", status=1).stderr


def test_core_tables_are_made_from_the_models_where_there_are_no_migrations(core_project, child_project):
    child_project.manage("makemigrations", "comments")
    child_project.write(
        "comments/tests.py",
        """
        from articles.models import Article
        from comments.models import Comment, Content
        from django.test import TestCase


        class ModelTests(TestCase):
            def test_core_tables_are_there(self):
                Comment.objects.create(article=Article.objects.create(title="Dams", slug="dams"), text="Good")
                self.assertEqual(Comment.objects.get().article.title, "Dams")


        class ContentTests(TestCase):
            databases = {"default", "core"}

            def test_tables_of_both_managers_are_there(self):
                Content.contents.create(title="Shared", slug="shared")
                self.assertFalse(Content.objects.exists())
        """,
    )
    assert not (core_project.shared / "articles/migrations").exists()
    check(child_project.manage("test"), 2)
    assert core_project.schema() == child_project.schema() == {}
