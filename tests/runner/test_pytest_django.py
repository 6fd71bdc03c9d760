"""A child's tests under pytest-django."""

import pytest

from tests.runner.conftest import TESTS

PYTEST = [
    "-m",
    "pytest",
    "--ds=settings",
    "--quiet",
    "-p",
    "no:cacheprovider",
    "-W",
    "error",
    "comments/tests.py",
]

MARKED = """
    import pytest
    from articles.models import Article
    from comments.models import Comment, Content


    def spoil():
        assert not Article.objects.filter(slug="production").exists()
        assert not Comment.objects.exists()
        article = Article.objects.create(title="Dams", slug="dams")
        Comment.objects.create(article=article, text="Good")


    @pytest.mark.django_db
    @pytest.mark.parametrize("number", [1, 2])
    def test_rolled_back(number):
        spoil()


    @pytest.mark.django_db(transaction=True, databases=["default", "core"])
    @pytest.mark.parametrize("number", [1, 2])
    def test_flushed(number):
        spoil()
        Content.contents.create(title="Shared", slug="shared")


    @pytest.mark.django_db(databases=["core"])
    def test_core_alone():
        Content.contents.create(title="Shared", slug="shared")
        assert Content.contents.count() == 1


    def test_no_database():
        with pytest.raises(RuntimeError, match="not allowed"):
            Article.objects.count()
"""


# It forbids the database in words of its own, which one test of the suite does not expect.
LEFT_OUT = ["--deselect", "comments/tests.py::NoDatabaseTests"]


def check(done, number=TESTS - 1):
    assert f"{number} passed" in done.stdout


def test_the_suite_passes(child):
    check(child.python(*PYTEST, *LEFT_OUT))


def test_the_suite_passes_on_kept_databases(child, test_databases_on_disk):
    for option in ("--create-db", "--reuse-db"):
        check(child.python(*PYTEST, "--reuse-db", option, *LEFT_OUT))


def test_the_suite_passes_in_two_processes(child):
    check(child.python(*PYTEST, "-n", "2", *LEFT_OUT))


@pytest.mark.sqlite3
def test_the_suite_passes_in_two_processes_on_disk(child, test_databases_on_disk):
    check(child.python(*PYTEST, "-n", "2", *LEFT_OUT))


def test_marked_functions_pass(child, add_tests):
    add_tests("test_marked", MARKED)
    check(child.python(*PYTEST[:-1], "comments/test_marked.py"), 6)
