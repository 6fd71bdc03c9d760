"""A model whose abstract base names its home, concrete in each project."""

import pytest

THINGS = """
    from django.db import models


    class CoreThing(models.Model):
        causeway_home = "core"
        name = models.CharField(max_length=100)

        class Meta:
            abstract = True
            db_table = "thing"
"""

STUFF = """
    from things.models import CoreThing


    class Thing(CoreThing):
        pass
"""

LABELS = """
    from django.db import models
    from things.models import CoreThing


    class Thing(CoreThing):
        pass


    class Label(models.Model):
        thing = models.ForeignKey(Thing, models.CASCADE)
"""


@pytest.fixture(scope="module")
def projects(module_projects):
    core, child = module_projects
    core.write_app("things", THINGS, core.shared)
    core.write_app("stuff", STUFF)
    core.add_settings("INSTALLED_APPS += ['things', 'stuff']")
    child.write_app("labels", LABELS)
    child.add_settings("INSTALLED_APPS += ['things', 'labels']")
    core.migrate()
    child.manage("makemigrations", "labels", "comments")
    return core, child


def test_a_drift_of_a_declared_core_model_writes_nothing(projects):
    _, child = projects
    before = sorted(child.folder.rglob("*.py"))
    changed = THINGS.replace("models.CharField(max_length=100)", "models.TextField()")
    with child.changed(child.shared / "things/models.py", changed):
        child.manage("makemigrations", "labels")
    assert sorted(child.folder.rglob("*.py")) == before


def test_a_local_foreign_key_to_a_declared_core_model_is_migrated(projects):
    core, child = projects
    before = core.dump()
    child.manage("migrate")
    assert core.dump() == before
    assert "labels_label" in child.schema()
    assert not {"thing", "labels_thing"} & set(child.schema())
    child.shell("Label.objects.create(thing=Thing.objects.create(name='a'))")
    assert core.rows("SELECT name FROM thing") == [("a",)]
    assert child.shell("print(Label.objects.get(thing__name='a').pk)") == "1"


def test_tests_of_the_child_find_the_table_of_a_declared_core_model(projects):
    _, child = projects
    child.write(
        "labels/tests.py",
        """
        from django.test import TestCase
        from labels.models import Label, Thing


        class LabelTests(TestCase):
            def test_label(self):
                Label.objects.create(thing=Thing.objects.create(name="a"))
                self.assertEqual(Label.objects.get().thing.name, "a")
        """,
    )
    assert "Ran 1 test" in child.manage("test", "labels").stderr
