"""A suite of a package's own, run as those of packages.toml are."""

from dataclasses import replace

import pytest

from tests.databases import SQLiteDatabases
from tests.packages.catalog import Package
from tests.packages.suites import PackageSuite, SuiteError
from tests.projects import write

# Its databases are files, whatever the session's engine.
pytestmark = pytest.mark.sqlite3

SETTINGS = """
    SECRET_KEY = "x"
    INSTALLED_APPS = ["notes"]
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
"""

MODELS = """
    from django.db import models


    class Note(models.Model):
        text = models.TextField()
"""

TESTS = """
    import unittest

    import pytest
    from django.conf import settings
    from django.test import TestCase

    from notes.models import Note


    class NoteTests(TestCase):
        databases = {"default"}

        def test_of_the_orm(self):
            Note.objects.create(text="one")
            self.assertEqual(Note.objects.count(), 1)

        def test_in_one_database(self):
            self.assertFalse(hasattr(settings, "CAUSEWAY"), "split")

        @unittest.skip("not here")
        def test_skipped(self): ...

        @unittest.expectedFailure
        def test_that_fails_as_expected(self):
            self.fail()


    class CleanUpTests(TestCase):
        def test_that_fails_afterwards(self):
            self.addCleanup(self.fail, "left behind")


    @pytest.mark.django_db
    def test_function():
        Note.objects.create(text="two")
"""

CONFIGURED = """
    from django.conf import settings


    def pytest_configure(config):
        settings.configure(SECRET_KEY="x", INSTALLED_APPS=("notes",), DATABASES={"default": {"ENGINE": "unknown"}})
"""


class Written(Package):
    """A package whose source is in a folder."""

    def source(self):
        return self.environment["source"]


@pytest.fixture
def suite(tmp_path):
    source = tmp_path / "source"
    write(source / "notes/__init__.py", "")
    write(source / "notes/models.py", MODELS)
    write(source / "tests/__init__.py", "")
    write(source / "tests/settings.py", SETTINGS)
    write(source / "tests/test_notes.py", TESTS)
    databases = SQLiteDatabases(tmp_path)
    package = Written(
        "notes", "1", ("notes",), ("tests",), settings="tests.settings", environment={"source": source}
    )
    return PackageSuite(package, databases, databases, tmp_path, timeout=100)


def outcomes(suite, *arguments):
    return {test.rpartition("::")[2]: outcome for test, outcome in suite.run("tests", *arguments).items()}


def test_what_became_of_each_test(suite):
    found = outcomes(suite, "whole")
    assert found.pop("test_that_fails_afterwards") == "call: AssertionError: left behind"
    assert found.pop("test_skipped").startswith("skipped: ")
    assert found.pop("test_that_fails_as_expected").startswith("skipped: ")
    assert found == dict.fromkeys(["test_of_the_orm", "test_in_one_database", "test_function"], "passed")


@pytest.mark.parametrize("placement", ["linked", "staged"])
def test_a_suite_runs_split_and_may_use_core(suite, placement):
    found = outcomes(suite, "own", {"MODELS": ["notes"], "OWNER": True, "PLACEMENT": placement})
    assert "split" in found["test_in_one_database"]
    assert found["test_of_the_orm"] == found["test_function"] == "passed"


def test_settings_that_a_suite_gives_in_python(suite):
    write(suite.package.source() / "tests/conftest.py", CONFIGURED)
    object.__setattr__(suite.package, "settings", None)
    found = outcomes(suite, "own", {"MODELS": ["notes"], "OWNER": True, "PLACEMENT": "linked"})
    assert "split" in found["test_in_one_database"]
    assert found["test_of_the_orm"] == "passed"


def test_the_search_path_of_core_goes_on_to_where_an_extension_stands(suite):
    suite = replace(suite, package=replace(suite.package, extensions=True))
    layout = suite.layout("own", {"MODELS": ["notes"], "SCHEMA": "core"})
    assert layout.databases["core"]["OPTIONS"] == {"options": "-c search_path=core,public"}


def test_the_facts_of_the_models(suite):
    assert suite.run("models", "facts") == {
        "models": [{"label": "notes.Note", "table": "notes_note", "own_tables": [], "targets": []}],
        "migrated": [],
    }


def test_a_suite_that_cannot_be_collected_says_why(suite):
    write(suite.package.source() / "tests/settings.py", "raise ValueError('no settings')")
    with pytest.raises(SuiteError, match=r"notes: the process ended with status \d+(.|\n)*no settings"):
        suite.run("tests", "whole")
