"""A child's ``makemigrations`` writes nothing for core models that it merely uses."""

import pytest

from tests.projects import ARTICLES, COMMENTS, Project

AUTHOR_NAME = "name = models.CharField(max_length=100)"

# Ways in which the installed core models may differ from their migrations: what is replaced by
# what. Where Django would ask a question, a run that asks it fails: there is no input.
DRIFTS = {
    "a new field": (AUTHOR_NAME, f"{AUTHOR_NAME}; born = models.IntegerField(null=True)"),
    "a new field without a default": (AUTHOR_NAME, f"{AUTHOR_NAME}; born = models.IntegerField()"),
    "a new field with the time of creation": (
        AUTHOR_NAME,
        f"{AUTHOR_NAME}; since = models.DateTimeField(auto_now_add=True)",
    ),
    "a new unique field with a callable default": (
        AUTHOR_NAME,
        f"{AUTHOR_NAME}; key = models.UUIDField(unique=True, default=__import__('uuid').uuid4)",
    ),
    "a new many-to-many field": (
        AUTHOR_NAME,
        f"{AUTHOR_NAME}; friends = models.ManyToManyField('self')",
    ),
    "a field that may no longer be null": ("models.CASCADE, null=True", "models.CASCADE"),
    "a renamed field": (AUTHOR_NAME, "full_name = models.CharField(max_length=100)"),
    "a removed field": ("author = models.ForeignKey(Author, models.CASCADE, null=True)", ""),
    "a renamed model": ("Author", "Writer"),
    "a new model": ("class Article(", "class Place(models.Model):\n        pass\n\n\n    class Article("),
    "another table name": (
        AUTHOR_NAME,
        f"{AUTHOR_NAME}\n\n        class Meta:\n            db_table = 'writer'",
    ),
    "an index": (
        AUTHOR_NAME,
        f"{AUTHOR_NAME}\n\n        class Meta:\n"
        "            indexes = [models.Index(fields=['name'], name='articles_by_name')]",
    ),
}


def files(*projects):
    """The Python files of the projects and of the apps they share, with their text."""
    folders = {folder for project in projects for folder in (project.folder, project.shared)}
    return {file: file.read_text() for folder in folders for file in folder.rglob("*.py")}


@pytest.fixture(scope="module")
def projects(module_projects):
    core, child = module_projects
    core.manage("makemigrations", "articles", "pages")
    child.manage("makemigrations", "comments")
    return core, child


def drifted(child: Project, name: str):
    old, new = DRIFTS[name]
    assert old in ARTICLES
    return child.changed(child.shared / "articles/models.py", ARTICLES.replace(old, new))


@pytest.mark.parametrize("name", DRIFTS)
def test_nothing_is_written_for_core_models_that_differ_from_their_migrations(projects, name):
    core, child = projects
    with drifted(child, name):
        before = files(core, child)
        done = child.manage("makemigrations")
        assert files(core, child) == before
        assert done.stdout.strip() == "No changes detected"


def test_the_drift_is_real(projects):
    """The core project, which owns the models, sees what its child keeps silent about."""
    core, child = projects
    for name in ("a new field", "a renamed model", "an index"):
        with drifted(child, name):
            core.manage("makemigrations", "--check", "--noinput", status=1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["articles"],
        ["articles", "--empty"],
        ["articles", "--empty", "--name", "by_hand"],
        ["articles", "--update"],
        ["articles", "--merge", "--noinput"],
        ["--noinput"],
        ["--check"],
        ["--dry-run"],
    ],
    ids=" ".join,
)
def test_no_argument_makes_a_child_write_for_a_core_app(projects, arguments):
    core, child = projects
    with drifted(child, "a new field without a default"):
        before = files(core, child)
        done = child.manage("makemigrations", *arguments)
        assert files(core, child) == before
    named = "articles" in arguments
    assert (done.stdout + done.stderr).count("Skipping articles") == named


def test_conflicting_core_migrations_are_not_merged_by_a_child(projects):
    core, child = projects
    folder = core.shared / "articles/migrations"
    for name in ("0002_one", "0002_other"):
        (folder / f"{name}.py").write_text(
            "from django.db import migrations\n\n\n"
            "class Migration(migrations.Migration):\n"
            "    dependencies = [('articles', '0001_initial')]\n"
        )
    before = files(core, child)
    try:
        child.python("manage.py", "makemigrations", "--merge", "--noinput")
        assert files(core, child) == before
    finally:
        for file in folder.glob("000[23]*.py"):
            file.unlink()


def test_local_changes_are_written_beside_a_drift_of_core(projects):
    core, child = projects
    models = child.folder / "comments/models.py"
    text = COMMENTS.replace("text = models.TextField()", "text = models.TextField(blank=True)")
    before = files(core, child)
    with child.changed(models, text), drifted(child, "a new field without a default"):
        child.manage("makemigrations")
        (new,) = set(files(core, child)) - set(before)
    migration = new.read_text()
    new.unlink()
    assert new.parent == child.folder / "comments/migrations"
    assert "AlterField" in migration
    assert "born" not in migration


def test_a_child_writes_the_fields_that_its_own_table_has_from_an_abstract_base(projects):
    """The table ``content`` stands in both: each project migrates its own."""
    core, child = projects
    before = files(core, child)
    with child.changed(
        child.shared / "articles/models.py",
        ARTICLES.replace(
            "objects = models.Manager()",
            "teaser = models.TextField(null=True)\n        objects = models.Manager()",
        ),
    ):
        child.manage("makemigrations")
        (new,) = set(files(core, child)) - set(before)
    migration = new.read_text()
    new.unlink()
    assert new.parent == child.folder / "comments/migrations"
    assert "teaser" in migration


def test_nothing_is_written_for_a_core_app_without_migrations(core_project, child_project):
    before = files(core_project, child_project)
    done = child_project.manage("makemigrations", "articles", "comments")
    assert "Skipping articles: its migrations are made in the core project." in done.stderr
    new = set(files(core_project, child_project)) - set(before)
    assert {file.parent for file in new} == {child_project.folder / "comments/migrations"}
    child_project.manage("makemigrations", "articles", "--empty")
    assert not (core_project.shared / "articles/migrations").exists()


def test_the_owner_writes_migrations_of_its_core_models(core_project, child_project):
    child_project.add_settings("CAUSEWAY['core']['OWNER'] = True")
    child_project.manage("makemigrations", "articles")
    (file,) = (core_project.shared / "articles/migrations").glob("0001*.py")
    assert "name='Article'" in file.read_text()
