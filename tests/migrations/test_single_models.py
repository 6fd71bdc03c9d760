"""Single models of an app are core models, the others local: ``MODELS = ["auth.User", …]``."""

import pytest

PEOPLE = """
    from django.db import models


    class Person(models.Model):
        name = models.CharField(max_length=100)


    class Badge(models.Model):
        person = models.ForeignKey(Person, models.CASCADE)
"""

ACCOUNTS = {"auth_user", "auth_user_groups", "auth_user_user_permissions"}


@pytest.fixture(scope="module")
def projects(module_projects):
    """The shared app ``people`` has the core model ``Person`` and the local model ``Badge``."""
    core, child = module_projects
    core.write_app("people", PEOPLE, core.shared)
    core.add_settings("INSTALLED_APPS += ['people']")
    core.migrate()
    child.add_settings("""
        INSTALLED_APPS += ["people"]
        CAUSEWAY["core"]["MODELS"] += ["people.Person", "auth.User"]
        # A core model that refers to a local one is warned of, here groups and permissions.
        SILENCED_SYSTEM_CHECKS = ["causeway.W001"]
    """)
    child.manage("makemigrations", "comments")
    return core, child


def test_only_the_local_models_of_a_mixed_app_have_tables_in_the_child(projects):
    core, child = projects
    before = core.dump()
    said = child.manage("migrate").stdout
    assert core.dump() == before
    assert not {"people_person", *ACCOUNTS} & set(child.schema())
    assert {"people_badge", "auth_group", "auth_permission"} <= set(child.schema())
    lines = [line.strip() for line in said.splitlines() if "Skipping" in line]
    assert [line.partition(":")[0] for line in lines] == [
        "Skipping auth (User)",
        "Skipping articles",
        "Skipping people (Person)",
    ]


def test_accounts_are_those_of_core(projects):
    core, child = projects
    child.manage("migrate", "--verbosity", "0")
    before = child.dump()
    child.shell("User.objects.create_superuser('eve', password='secret')")
    assert core.rows("SELECT username FROM auth_user") == [("eve",)]
    assert child.dump() == before


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [
        ("name = models.CharField(max_length=100)", "name = models.TextField()", False),
        (
            "person = models.ForeignKey(Person, models.CASCADE)",
            "person = models.ForeignKey(Person, models.PROTECT)",
            True,
        ),
    ],
    ids=["core model", "local model"],
)
def test_makemigrations_writes_for_the_local_models_of_a_mixed_app_alone(projects, old, new, written):
    _, child = projects
    folder = child.shared / "people/migrations"
    before = set(folder.glob("*.py"))
    with child.changed(child.shared / "people/models.py", PEOPLE.replace(old, new)):
        child.manage("makemigrations")
    new_files = set(folder.glob("*.py")) - before
    for file in new_files:
        file.unlink()
    assert bool(new_files) == written


def test_makemigrations_writes_nothing_for_accounts(projects):
    _, child = projects
    assert "No changes detected" in child.manage("makemigrations", "auth", "--dry-run").stdout
