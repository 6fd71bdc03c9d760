"""What a child's own tables have of a core model follows it, when the core project renames or alters that."""

import shutil
from contextlib import contextmanager

import pytest

from tests.databases import product
from tests.migrations.introspection import columns, core_constraints

PAPERS = """
    from django.db import models


    class Paper(models.Model):
        code = models.CharField(max_length=20, unique=True)


    class Box(models.Model):
        papers = models.ManyToManyField(Paper, related_name="boxes")
"""

SHELVES = """
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.contrib.contenttypes.models import ContentType
    from django.db import models

    from papers.models import Paper


    class Shelf(models.Model):
        papers = models.ManyToManyField(Paper, related_name="albums")
        hidden = models.ManyToManyField(Paper, related_name="+", through="Place")


    class Place(models.Model):
        paper = models.ForeignKey(Paper, models.CASCADE)
        shelf = models.ForeignKey(Shelf, models.CASCADE)


    class Case(models.Model):
        quiet = models.ManyToManyField(Paper, related_name="+")


    class Mark(models.Model):
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.BigIntegerField()
        target = GenericForeignKey()
"""

MIGRATION = """
    from django.db import migrations, models


    class Migration(migrations.Migration):
        dependencies = [("papers", "{before}")]
        operations = [{operations}]
"""

RENAMED = {
    "renamed": 'migrations.RenameModel("Paper", "Sheet")',
    "nested": """migrations.SeparateDatabaseAndState(
        [migrations.RenameModel("Paper", "Sheet")], [migrations.RenameModel("Paper", "Sheet")]
    )""",
}

LEAFLETS = """
    from django.db import models

    from papers.models import Paper


    class Leaflet(Paper):
        pages = models.IntegerField(null=True)


    class Fold(models.Model):
        leaflet = models.ForeignKey(Leaflet, models.CASCADE)
        by_code = models.ForeignKey(Paper, models.CASCADE, to_field="code", related_name="folds", null=True)
"""

SETTINGS = """
    INSTALLED_APPS += ["papers", "albums"]
    CAUSEWAY["core"]["MODELS"] += ["papers.Paper", "papers.Sheet", "papers.Other"]
    # Under names that it has at other times, too. And what only a staged core of SQLite is warned of.
    SILENCED_SYSTEM_CHECKS = ["causeway.E003", "causeway.W006"]
"""

SEED = """
paper = Paper.objects.create(code="a")
shelf = Shelf.objects.create()
shelf.papers.add(paper)
Place.objects.create(shelf=shelf, paper=paper)
Case.objects.create().quiet.add(paper)
Mark.objects.create(target=paper)
Box.objects.create().papers.add(paper)
"""

FOUND = """
print(
    Shelf.objects.filter(papers__code="a").count(),
    Shelf.objects.filter(hidden__code="a").count(),
    Case.objects.filter(quiet__code="a").count(),
    Box.objects.filter(papers__code="a").count(),
    type(Mark.objects.get().target).__name__,
)
"""


def with_papers(core, child):
    """The core app ``papers``, whose model ``Box`` is local, and the local app ``albums``."""
    core.write_app("papers", PAPERS, core.shared)
    core.add_settings("INSTALLED_APPS += ['papers']")
    child.add_settings(SETTINGS)
    child.write_app("albums", SHELVES)
    core.migrate()
    child.migrate()
    child.shell(SEED)
    return core, child


def has_constraints(core, child):
    """Whether the engine holds a constraint from the child's database to core."""
    return core.databases.engine != "sqlite3" and child.databases is core.databases


@pytest.fixture
def projects(core_project, child_project):
    return with_papers(core_project, child_project)


def write_migration(project, name, operations, before="0001_initial"):
    text = MIGRATION.format(operations=operations, before=before)
    project.write(f"../shared/papers/migrations/{name}.py", text)


@contextmanager
def models_say(project, old, new):
    """Meanwhile, the models of both apps have other words."""
    with (
        project.changed(project.shared / "papers/models.py", PAPERS.replace(old, new)),
        project.changed(project.folder / "albums/models.py", SHELVES.replace(old, new)),
    ):
        yield


@pytest.mark.parametrize("operations", RENAMED.values(), ids=list(RENAMED))
def test_columns_that_have_the_name_of_a_model_are_renamed_with_it(projects, operations):
    core, child = projects
    write_migration(core, "0002_sheet", operations)
    with models_say(child, "Paper", "Sheet"):
        core.manage("migrate")
        child.manage("migrate", "--noinput")
        if "Separate" in operations:
            # Django renames no content type there.
            child.shell("ContentType.objects.get(model='sheet').delete()")
            child.shell("ContentType.objects.filter(model='paper').update(model='sheet')")
        assert child.shell(FOUND) == "1 1 1 1 Sheet"
        for table in ("albums_shelf_papers", "albums_case_quiet", "papers_box_papers"):
            assert "sheet_id" in columns(child, table)
            assert "paper_id" not in columns(child, table)
            if has_constraints(core, child):
                assert core_constraints(core, child, table, "papers_") == {"sheet_id": "papers_sheet"}
        child.shell("Shelf.objects.get().papers.add(Sheet.objects.create(code='new'))")


def test_a_renaming_that_is_taken_back(projects):
    core, child = projects
    write_migration(core, "0002_sheet", RENAMED["renamed"])
    with models_say(child, "Paper", "Sheet"):
        core.manage("migrate")
        child.manage("migrate", "--noinput")
        core.manage("migrate", "papers", "0001")
        child.manage("migrate", "papers", "0001")
    assert "paper_id" in columns(child, "albums_shelf_papers")
    assert child.shell("print(ContentType.objects.filter(app_label='papers', model='paper').count())") == "1"
    assert child.shell(FOUND) == "1 1 1 1 Paper"


def test_renamings_one_after_the_other(projects):
    core, child = projects
    write_migration(core, "0002_other", 'migrations.RenameModel("Paper", "Other")')
    write_migration(core, "0003_sheet", 'migrations.RenameModel("Other", "Sheet")', "0002_other")
    with models_say(child, "Paper", "Sheet"):
        core.manage("migrate")
        child.manage("migrate", "--noinput")
        assert child.shell(FOUND) == "1 1 1 1 Sheet"


def test_a_new_child_of_a_core_that_was_renamed_long_ago(projects, make_child_project):
    core, child = projects
    write_migration(core, "0002_sheet", RENAMED["renamed"])
    with models_say(child, "Paper", "Sheet"):
        core.manage("migrate")
        new = make_child_project("new")
        shutil.copytree(child.folder / "albums", new.folder / "albums", dirs_exist_ok=True)
        new.add_settings(SETTINGS)
        new.migrate("--noinput")
        new.manage("causeway", "constraints")
        new.shell(SEED.replace("Paper", "Sheet").replace('code="a"', 'code="b"'))


KEYS = {
    "a primary key": (
        "code = models.CharField(max_length=20, unique=True)",
        "id = models.AutoField(primary_key=True)\n        code = models.CharField(max_length=20, unique=True)",
        'migrations.AlterField("Paper", "id", models.AutoField(primary_key=True))',
    ),
    "another key": (
        "max_length=20, unique=True",
        "max_length=30, unique=True",
        'migrations.AlterField("Paper", "code", models.CharField(max_length=30, unique=True))',
    ),
}


def is_held_by_constraints(core, child, operation):
    """Whether the core project cannot alter a key before its children do: PostgreSQL compares any two integers."""
    holds = {"mariadb": True, "mysql": "AutoField" in operation}
    return child.databases is core.databases and holds.get(product(), False)


@pytest.mark.parametrize(("old", "new", "operation"), KEYS.values(), ids=list(KEYS))
def test_columns_that_refer_to_a_key_have_its_type(projects, old, new, operation):
    core, child = projects
    # Django renames no model that others inherit from, so these are not among the others.
    child.write_app("leaflets", LEAFLETS)
    child.add_settings("INSTALLED_APPS += ['leaflets']")
    child.migrate()
    child.shell(
        "Fold.objects.create(leaflet=Leaflet.objects.create(code='leaflet'), by_code=Paper.objects.get(code='a'))"
    )
    write_migration(core, "0002_key", operation)
    with models_say(child, old, new):
        if is_held_by_constraints(core, child, operation):
            # The server lets nobody alter a column that others refer to.
            core.manage("migrate", status=1)
            said = child.manage("migrate", "--noinput").stdout
            assert "is left without its constraint to core" in said
            child.manage("causeway", "constraints", status=1)
            core.manage("migrate")
            child.manage("causeway", "constraints", "--fix")
        else:
            core.manage("migrate")
            child.manage("migrate", "--noinput")
        child.manage("causeway", "constraints")
        child.manage("causeway", "check")
        child.manage("check", "--database", "default", "--fail-level", "WARNING")
        assert child.shell(FOUND) == "1 1 1 1 Paper"
        assert (
            child.shell("print(Fold.objects.get().leaflet.code, Fold.objects.get().by_code.code)")
            == "leaflet a"
        )


def test_content_types_that_a_project_keeps_itself_are_renamed(projects):
    """Where all of the app lives in core, too."""
    core, child = projects
    write = 'migrations.RenameModel("Author", "Writer")'
    text = MIGRATION.format(operations=write, before="0001_initial").replace("papers", "articles")
    child.shell("Mark.objects.create(target=Author.objects.create(name='Ada'))")
    core.write("../shared/articles/migrations/0002_writer.py", text)
    models = child.shared / "articles/models.py"
    with child.changed(models, models.read_text().replace("Author", "Writer")):
        core.manage("migrate")
        child.manage("migrate", "--noinput")
        child.manage("remove_stale_contenttypes", "--noinput")
        assert (
            child.shell("print(type(Mark.objects.last().target).__name__, Mark.objects.count())")
            == "Writer 2"
        )
        kept = "print(*ContentType.objects.filter(app_label='articles').order_by('model').values_list('model', flat=True))"
        assert child.shell(kept) == "article writer"
