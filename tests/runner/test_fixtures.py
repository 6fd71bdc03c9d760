"""The rows that a test case is given: those that are referred to come first, in whatever way they are referred to."""

import json

import pytest

from tests.staged.projects import staged_settings

ARTICLES = """
    from django.db import models


    class CodeManager(models.Manager):
        def get_by_natural_key(self, code):
            return self.get(code=code)


    class Country(models.Model):
        code = models.CharField(max_length=2, unique=True)
        objects = CodeManager()

        def natural_key(self):
            return (self.code,)


    class Port(models.Model):
        name = models.CharField(max_length=20)
        country = models.ForeignKey(Country, models.CASCADE)


    def antwerp():
        return Port.objects.get(name="Antwerp").pk


    class Pier(models.Model):
        port = models.ForeignKey(Port, models.CASCADE, default=antwerp)
"""

COMMENTS = """
    from django.db import models

    from articles.models import Country
    from django.db.models.signals import post_save
    from django.dispatch import receiver


    def dutch():
        return Country.objects.get(code="nl").pk


    class City(models.Model):
        name = models.CharField(max_length=20)
        country = models.ForeignKey(Country, models.CASCADE)
        language = models.ForeignKey(Country, models.CASCADE, default=dutch, related_name="+")
        neighbours = models.ManyToManyField(Country, related_name="neighbours")


    def delft():
        return City.objects.get(name="Delft").pk


    class Mayor(models.Model):
        name = models.CharField(max_length=20)
        city = models.ForeignKey(City, models.CASCADE, default=delft)


    class Visit(models.Model):
        days = models.IntegerField(default=3)


    @receiver(post_save, sender=Country)
    def visit(instance, **kwargs):
        if instance.code == "fr":
            Visit.objects.create()
"""

MADE = """
    from django.db import migrations


    def make(apps, schema_editor):
        {code}


    class Migration(migrations.Migration):
        dependencies = {dependencies}
        operations = [migrations.RunPython(make)]
"""

# By natural key, by primary key, and by a default that asks for a core row, or for a row of its own database.
FIXTURE = [
    {"model": "articles.country", "pk": 70, "fields": {"code": "nl"}},
    {
        "model": "comments.city",
        "pk": 11,
        "fields": {"name": "Delft", "country": ["be"], "neighbours": [["be"], ["nl"]]},
    },
    {"model": "articles.country", "fields": {"code": "be"}},
    {"model": "articles.port", "fields": {"name": "Antwerp", "country": ["be"]}},
    {"model": "articles.pier", "fields": {}},
    {"model": "comments.mayor", "fields": {"name": "Ans"}},
    {"model": "comments.city", "pk": 12, "fields": {"name": "Lille", "country": 72, "language": 72}},
    {"model": "articles.country", "pk": 72, "fields": {"code": "fr"}},
]

TESTS = """
    from articles.models import Country, Pier, Port
    from comments.models import City, Mayor, Visit
    from django.test import TestCase, TransactionTestCase


    class Loaded:
        databases = {"default", "core"}
        fixtures = ["cities.json"]

        def check(self):
            found = City.objects.exclude(name="Made").order_by("name").values_list("name", "country__code", "language__code")
            self.assertEqual([*found], [("Delft", "be", "nl"), ("Lille", "fr", "fr")])
            self.assertEqual(City.objects.filter(neighbours__code="be").count(), 1)
            # Once: they have no key of their own in the file.
            self.assertEqual(Port.objects.get().country.code, "be")
            self.assertEqual(Pier.objects.get().port.name, "Antwerp")
            self.assertEqual(Mayor.objects.get().city.name, "Delft")
            # What a receiver makes meanwhile has its defaults.
            self.assertEqual({*Visit.objects.values_list("days", flat=True)}, {3})
            City.objects.create(name="Gent", country=Country.objects.get(code="be"))

        def test_first(self):
            self.check()

        def test_second(self):
            self.check()


    class RolledBackTests(Loaded, TestCase):
        pass


    class CommittedTests(Loaded, TransactionTestCase):
        pass


    class RestoredTests(TransactionTestCase):
        databases = {"default", "core"}
        serialized_rollback = True

        def check(self):
            found = City.objects.filter(name="Made").values_list("country__code", "language__code")
            self.assertEqual([*found], [("de", "de")])
            self.assertEqual(Country.objects.count(), 1)
            Country.objects.create(code="xx")
            City.objects.create(name="More", country_id=1, language_id=1)

        def test_first(self):
            self.check()

        def test_second(self):
            self.check()


    class RestoredAndLoadedTests(RestoredTests):
        fixtures = ["cities.json", "changed.json"]

        def check(self):
            self.assertEqual(City.objects.get(name="Made").country.code, "DE")
            self.assertEqual(Country.objects.count(), 4)


"""


@pytest.fixture(scope="module")
def child(module_projects):
    core, child = module_projects
    for project in (core, child):
        # Django itself cannot restore content types after a test that has flushed them.
        project.add_settings(
            "INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith('django.')]"
        )
    core.add_settings("INSTALLED_APPS.remove('pages')")
    core.write(str(core.shared / "articles/models.py"), ARTICLES)
    child.write("comments/models.py", COMMENTS)
    core.manage("makemigrations", "articles")
    child.manage("makemigrations", "comments")
    country = "apps.get_model('articles', 'Country').objects."
    made = MADE.format(code=f"{country}create(code='de')", dependencies=[("articles", "0001_initial")])
    core.write(str(core.shared / "articles/migrations/0002_made.py"), made)
    code = f"de = {country}get()\n        apps.get_model('comments', 'City').objects.create(name='Made', country=de, language=de)"
    made = MADE.format(code=code, dependencies=[("comments", "0001_initial"), ("articles", "0002_made")])
    child.write("comments/migrations/0002_made.py", made)
    child.write("comments/fixtures/cities.json", json.dumps(FIXTURE))
    changed = [{"model": "articles.country", "pk": 1, "fields": {"code": "DE"}}]
    child.write("comments/fixtures/changed.json", json.dumps(changed))
    child.write("comments/tests.py", TESTS)
    return child


@pytest.mark.parametrize("is_staged", [False, True], ids=["linked", "staged"])
def test_fixtures_and_what_migrations_made(child, module_projects, is_staged):
    core, _ = module_projects
    lines = staged_settings(core) if is_staged else ""
    if is_staged and core.databases.engine == "postgresql":
        # The projects are schemas of one database; the test databases are two.
        lines += "\n        DATABASES['core'].update(NAME=DATABASES['core']['NAME'] + '_core', OPTIONS={})"
    with child.changed_settings(lines):
        said = child.manage("test", "--noinput").stderr
    assert "Ran 8 tests" in said


def test_rows_of_one_database_are_loaded_where_the_others_are_not(child, module_projects):
    core, _ = module_projects
    core.manage("migrate")
    child.manage("migrate")
    child.manage("loaddata", "cities.json", "--database", "core")
    assert child.rows("SELECT name FROM comments_mayor") == []
    core.manage("shell", "-c", "from articles.models import *; Port.objects.update(name='Gent')")
    child.manage("loaddata", "cities.json")
    assert child.rows("SELECT name FROM comments_mayor") == [("Ans",)]
