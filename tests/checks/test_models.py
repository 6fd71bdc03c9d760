"""What the checks say of a project's models."""

import django
import pytest

from tests import databases
from tests.checks.messages import said_by

DECLARED = """
    from django.db import models


    class CoreThing(models.Model):
        causeway_home = "{home}"

        class Meta:
            abstract = True


    class Thing(CoreThing):
        pass
"""


def check(child, models, status=1):
    """What ``check`` says of the child with an app ``things`` of these models."""
    child.write_app("things", models)
    return said_by(child, "INSTALLED_APPS += ['things']", status=status)


@pytest.fixture
def child(module_projects):
    return module_projects[1]


def test_an_abstract_base_names_a_home_that_is_not_there(child):
    said = check(child, DECLARED.format(home="wire"))
    assert (
        "things.Thing: (causeway.E011) things.Thing names the home 'wire', which CAUSEWAY does not have."
        in said
    )
    assert "HINT: causeway_home is one of 'core'." in said


def test_an_abstract_base_names_a_core_database(child):
    assert "no issues" in check(child, DECLARED.format(home="core"), status=0)


def test_an_abstract_base_and_the_setting_claim_one_model(child):
    with child.changed_settings("""
        DATABASES["wire"] = sibling(DATABASES["default"], NAME="wire")
        CAUSEWAY["wire"] = {"MODELS": ["things"]}
        SILENCED_SYSTEM_CHECKS = ["causeway.E010"]
    """):
        said = check(child, DECLARED.format(home="core"))
    assert "(causeway.E004) things.Thing is claimed by 2 core databases: 'wire', 'core'." in said


def test_a_manager_names_a_database_that_is_not_there(child):
    said = check(
        child,
        """
        from django.db import models

        from causeway.models import CoreManager


        class Page(models.Model):
            objects = models.Manager()
            contents = CoreManager(using="wire")
        """,
    )
    assert "things.Page: (causeway.E010) The CoreManager 'contents' of things.Page names 'wire'." in said
    assert "HINT: It must name one of CAUSEWAY: write CoreManager(using='core')." in said


def test_a_core_model_refers_to_a_local_model(child):
    with child.changed_settings("CAUSEWAY['core']['MODELS'] += ['things.Note']"):
        said = check(
            child,
            """
            from comments.models import Comment
            from django.db import models


            class Note(models.Model):
                comment = models.ForeignKey(Comment, models.CASCADE)
                others = models.ManyToManyField(Comment, related_name="+")
            """,
            status=0,
        )
    assert "things.Note.comment: (causeway.W001) The core model things.Note refers by 'comment'" in said
    assert "things.Note.others: (causeway.W001) The core model things.Note refers by 'others'" in said
    assert said.count("HINT: Turn the relation round, or make the target a core model too.") == 2


ON_DELETE = """
    from articles.models import Author
    from django.db import models


    class Mark(models.Model):
        author = models.ForeignKey(Author, models.DB_CASCADE)


    class Folder(models.Model):
        pass


    class LocalMark(models.Model):
        folder = models.ForeignKey(Folder, models.DB_CASCADE)
"""

since_61 = pytest.mark.skipif(django.VERSION < (6, 1), reason="DB_CASCADE comes with Django 6.1")


@since_61
def test_a_deletion_that_no_constraint_carries_out(child):
    said = check(child, ON_DELETE, status=0)
    if child.databases.engine == "sqlite3" or databases.placement() != "linked":
        assert said.count("causeway.W008") == 1
        assert (
            "things.Mark.author leaves deletions to a constraint by DB_CASCADE, and none reaches from 'default' to "
            "'core'" in said
        )
    else:
        assert "no issues" in said


GENERIC_KEY = """
    from articles.models import CoreContent
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.contrib.contenttypes.models import ContentType
    from django.db import models


    class Content(CoreContent):
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveBigIntegerField()
        target = GenericForeignKey("content_type", "object_id")


    class Label(models.Model):
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveBigIntegerField()
        target = GenericForeignKey("content_type", "object_id")
"""


def test_a_generic_key_of_rows_in_both_databases(child):
    said = check(child, GENERIC_KEY, status=0)
    assert said.count("causeway.W009") == 1
    assert "things.Content has rows in core as well, whose generic key 'target' holds an id of core's" in said
    with child.changed_settings("CAUSEWAY['core']['MODELS'] += ['contenttypes']"):
        assert "causeway.W009" not in check(child, GENERIC_KEY, status=0)


def test_every_problem_is_reported_at_once(child):
    with child.changed_settings("""
        CAUSEWAY["core"].update(MODELS=["articles", "nothing"], OWNER="yes", PLACEMENT="joined")
        CAUSEWAY["wire"] = {"MODELS": ["articles.Author"]}
        DATABASES["core"]["ENGINE"] = "django.db.backends.sqlite3"
        DATABASE_ROUTERS = []
    """):
        said = check(child, DECLARED.format(home="nowhere"))
    for number in (1, 2, 3, 4, 5, 6, 8, 10, 11):
        assert f"causeway.E{number:03}" in said
    assert said.count("HINT: ") == said.count("(causeway.")


def test_the_order_of_the_apps_decides_about_stale_content_types(child):
    for label in ("auth", "contenttypes"):
        with child.changed_settings(f"CAUSEWAY['core']['MODELS'] += [{label!r}]"):
            said = child.manage("check", "--tag", "causeway").stderr
            assert (
                "(causeway.W005) INSTALLED_APPS has 'django.contrib.contenttypes' before 'causeway'" in said
            )
            with child.changed_settings(
                "INSTALLED_APPS.insert(0, INSTALLED_APPS.pop(INSTALLED_APPS.index('causeway')))"
            ):
                assert "W005" not in child.manage("check", "--tag", "causeway").stderr
    assert "W005" not in child.manage("check", "--tag", "causeway").stderr
