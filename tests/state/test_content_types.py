"""Generic keys where content types are core rows, and where core rows hold ids of core's own."""

import pytest

COMMENTS = """
    from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
    from django.contrib.contenttypes.models import ContentType
    from django.db import models

    from articles.models import Article, CoreContent


    class Label(models.Model):
        name = models.CharField(max_length=100)
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveBigIntegerField()
        target = GenericForeignKey("content_type", "object_id")


    class Labelled(Article):
        labels = GenericRelation(Label)

        class Meta:
            proxy = True


    class Comment(models.Model):
        article = models.ForeignKey(Article, models.CASCADE, related_name="comments")


    class Content(CoreContent):
        labels = GenericRelation(Label)
"""

# Core has content types that the child has not, and so other ids for those that it has.
OTHER_IDS = """
from django.contrib.contenttypes.models import ContentType
for number in range(50):
    ContentType.objects.create(app_label="wire", model=f"model{number}")
"""

SEED = """
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from comments.models import Label, Labelled
article = Article.objects.create(title="Dams", slug="dams")
label = Label.objects.create(name="old", target=article)
local = Content.objects.create(pk=article.pk, title="local", slug="same")
local.labels.create(name="local")
core = Content.contents.create(pk=article.pk, title="core", slug="same")
"""

ATTEMPT = """
def attempt(function):
    try:
        print(function())
    except Exception as error:
        print(type(error).__name__)
"""


# A model with rows in both databases that has a generic key itself.
WITH_KEY = """
        content_type = models.ForeignKey(ContentType, models.CASCADE, null=True)
        object_id = models.PositiveBigIntegerField(null=True)
        target = GenericForeignKey("content_type", "object_id")
"""


@pytest.fixture
def child(core_project, child_project):
    child_project.write_app("comments", COMMENTS)
    core_project.manage("migrate", "contenttypes")
    core_project.shell(OTHER_IDS)
    core_project.migrate()
    return child_project


def test_shared_content_types(child):
    """Rows of either connection, by one id; a row of a ``CoreManager`` is no target all the same."""
    child.add_settings("CAUSEWAY['core']['MODELS'] += ['auth', 'contenttypes']")
    child.migrate()
    found = child.shell(
        SEED
        + ATTEMPT
        + """
core_article = Labelled.objects.using("core").get()
print(*core_article.labels.values_list("name", flat=True))
Label.objects.create(name="new", target=core_article)
print(*[(row.name, row.target.title) for row in Label.objects.order_by("pk")])
permission = Permission.objects.using("core").get(codename="add_label")
print(permission.content_type.natural_key(), permission._state.db)
attempt(lambda: Label(name="lost", target=core))
attempt(lambda: core.labels.create(name="lost"))
print(list(core.labels.all()), core.delete())
print(*local.labels.values_list("name", flat=True))
"""
    )
    assert found.splitlines() == [
        "old",
        "('old', 'Dams') ('local', 'local') ('new', 'Dams')",
        "('comments', 'label') core",
        "ValueError",
        "ValueError",
        "[] (1, {'comments.Content': 1})",
        "local",
    ]


@pytest.mark.linked(
    "a staged core's rows hold ids of the child's own content types, whatever alias they are asked for on"
)
def test_core_rows_that_hold_ids_of_cores_own(child):
    """On its connection core's content types have core's ids: a local row is not related by them."""
    child.add_settings("CAUSEWAY['core']['MODELS'] += ['auth']")
    child.migrate()
    found = child.shell(
        SEED
        + ATTEMPT
        + """
for alias in ("default", "core"):
    permission = Permission.objects.using(alias).get(codename="add_label")
    print(permission.content_type.natural_key(), permission.content_type._state.db)
    print(permission.content_type_id == ContentType.objects.get_for_model(Label).pk)
core_article = Labelled.objects.using("core").get()
attempt(lambda: Label(name="lost", target=core_article))
attempt(lambda: list(core_article.labels.all()))
attempt(lambda: core_article.labels.create(name="lost"))
attempt(lambda: core_article.labels.clear())
attempt(lambda: core_article.delete())
attempt(lambda: list(Labelled.objects.using("core").prefetch_related("labels")))
print(*[(row.name, row.target.title) for row in Label.objects.order_by("pk")])
print(*Labelled.objects.get().labels.values_list("name", flat=True))
attempt(lambda: Label(name="lost", target=core))
print(list(core.labels.all()), core.delete())
print(*local.labels.values_list("name", flat=True))
"""
    )
    assert found.splitlines() == [
        "('comments', 'label') default",
        "True",
        "('comments', 'label') core",
        "False",
        "ValueError",
        "PlacementError",
        "ValueError",
        "PlacementError",
        "PlacementError",
        "PlacementError",
        "('old', 'Dams') ('local', 'local')",
        "old",
        "ValueError",
        "[] (1, {'comments.Content': 1})",
        "local",
    ]


@pytest.mark.linked(
    "a staged core's rows hold ids of the child's own content types, whatever alias they are asked for on"
)
def test_rows_of_a_core_manager_that_hold_ids_of_cores_own(core_project, child):
    """The id of a content type in such a row is not looked up among the child's."""
    child.write_app("comments", COMMENTS.rstrip() + "\n" + WITH_KEY)
    child.migrate()
    for column in ("content_type_id", "object_id"):
        core_project.rows(f"ALTER TABLE content ADD COLUMN {column} bigint")
    found = child.shell(
        SEED
        + ATTEMPT
        + """
core.content_type_id, core.object_id = ContentType.objects.get_for_model(Label).pk, label.pk
core.save()
core_article = Article.objects.using("core").get()
attempt(lambda: Label(name="lost", target=core_article))
attempt(lambda: core.target)
core.refresh_from_db()
attempt(lambda: core.content_type)
local.target = label
local.save()
print(Content.objects.get().target.name)
"""
    )
    assert found.splitlines() == ["PlacementError", "PlacementError", "PlacementError", "old"]
