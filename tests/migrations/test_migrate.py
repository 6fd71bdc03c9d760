"""A child's ``migrate`` leaves the core tables as they are, in both databases, whatever it is told."""

import pytest

# A second migration of the core app that the core project has not applied: it would be seen.
SECOND = """
    from django.db import migrations, models


    def add_author(apps, schema_editor):
        apps.get_model("articles", "Author").objects.using(schema_editor.connection.alias).create(name="made")


    def remove_author(apps, schema_editor):
        apps.get_model("articles", "Author").objects.using(schema_editor.connection.alias).all().delete()


    class Migration(migrations.Migration):
        atomic = False  # PostgreSQL does not alter a table after its rows in one transaction
        dependencies = [("articles", "0001_initial")]
        operations = [
            migrations.AddField("Author", "born", models.IntegerField(null=True)),
            migrations.AlterField("Article", "title", models.CharField(max_length=99)),
            migrations.RenameField("Article", "slug", "path"),
            migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True))]),
            migrations.AddIndex("Article", models.Index(fields=["title"], name="articles_by_title")),
            migrations.AlterModelTable("Author", "writer"),
            migrations.RunPython(add_author, remove_author),
            migrations.RunSQL("CREATE TABLE made_by_sql (id integer)", "DROP TABLE made_by_sql"),
        ]
"""

COMMANDS = [
    "migrate",
    "migrate articles",
    "migrate articles 0001",
    "migrate articles zero --plan",
    "migrate articles zero",
    "migrate articles",
    "migrate comments zero",
    "migrate comments",
    "migrate --fake articles zero",
    "migrate --fake articles",
    "migrate comments zero",
    "migrate --fake-initial",
    "migrate --run-syncdb",
    "migrate articles --prune",
    "migrate --plan",
    "migrate --check",
    "migrate --database core",
    "migrate --database core --fake",
    "migrate --database core --fake-initial",
    "migrate --database core --run-syncdb",
    "migrate --database core --plan",
    "migrate articles --database core",
    "migrate articles 0002 --database core",
    "migrate articles zero --database core",
    "migrate articles zero --fake --database core",
    "migrate articles --prune --database core",
    "migrate auth zero --database core",
    "migrate comments --database core",
    "sqlmigrate articles 0002",
    "sqlmigrate articles 0002 --backwards --database core",
    "createcachetable --database core",
]


@pytest.fixture(scope="module")
def projects(module_projects):
    """The core project is migrated to ``articles.0001`` and has rows; its child not at all."""
    core, child = module_projects
    core.migrate()
    core.shell("Article.objects.create(title='Dams', slug='dams', author=Author.objects.create(name='Ada'))")
    child.manage("makemigrations", "comments")
    child.write("../shared/articles/migrations/0002_second.py", SECOND)
    child.add_settings("""
        CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
    """)
    return core, child


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_of_the_child_changes_core(projects, command):
    core, child = projects
    before = core.dump()
    child.manage(*command.split())
    if "--fake" in command:
        # The records tell the truth again, whichever test comes next.
        child.manage("migrate", "--fake-initial")
    assert core.dump() == before
    assert not {table for table in child.schema() if table.startswith(("articles_", "made_by", "writer"))}


def test_the_core_project_applies_what_its_child_left(projects):
    """The second migration does all it says, where it belongs."""
    core, _ = projects
    core.manage("migrate")
    assert {"made_by_sql", "writer", "articles_place"} <= set(core.schema())
    assert ("made",) in core.rows("SELECT name FROM writer")
    core.manage("migrate", "articles", "0001")
    assert "made_by_sql" not in core.schema()


def test_sqlmigrate_of_a_core_app_has_no_statement(projects):
    _, child = projects
    for database in ("default", "core"):
        text = child.manage("sqlmigrate", "articles", "0002", "--database", database).stdout
        statements = [line for line in text.splitlines() if line and not line.startswith("--")]
        assert statements in ([], ["BEGIN;", "COMMIT;"])


@pytest.mark.parametrize("label", ["", "articles"])
def test_migrate_says_in_one_line_that_it_skips_a_core_app(projects, label):
    _, child = projects
    lines = child.manage("migrate", *label.split()).stdout.splitlines()
    assert [line.strip() for line in lines if "Skipping" in line] == [
        "Skipping articles: its tables live in the core database 'core', which the core project migrates."
    ]


def test_migrate_of_a_local_app_speaks_of_no_core_app(projects):
    _, child = projects
    assert "Skipping" not in child.manage("migrate", "comments").stdout


def test_migrate_says_nothing_when_told_to_be_silent(projects):
    _, child = projects
    assert child.manage("migrate", "--verbosity", "0").stdout == ""


def test_migrate_refuses_a_label_of_no_app_on_core_as_elsewhere(projects):
    _, child = projects
    for database in ("default", "core"):
        done = child.manage("migrate", "nowhere", "--database", database, status=1)
        assert "No installed app with label 'nowhere'." in done.stderr


def test_migrate_of_a_local_app_on_core_says_that_it_does_nothing(projects):
    _, child = projects
    done = child.manage("migrate", "comments", "--database", "core")
    assert "core" in done.stdout + done.stderr


def test_a_core_without_tables_stays_without(core_project, child_project):
    """Not even the table of applied migrations is made."""
    core_project.manage("makemigrations", "articles")
    child_project.add_settings("INSTALLED_APPS.remove('comments')")
    for command in (
        "migrate",
        "migrate --run-syncdb",
        "migrate --database core",
        "migrate --fake --database core",
    ):
        child_project.manage(*command.split())
    assert core_project.schema() == {}


@pytest.mark.sqlite3
def test_a_table_that_only_core_has_is_not_taken_for_the_childs(core_project, child_project):
    """SQLite looks a bare name up in attached files too; ``content`` was never made in the child."""
    core_project.migrate()
    core_project.rows("INSERT INTO content (title, slug) VALUES ('Dams', 'dams')")
    before = core_project.dump()
    child_project.manage("makemigrations", "comments")
    child_project.manage("migrate", "comments", "--fake")
    child_project.rows("CREATE TABLE comments_comment (id integer primary key, article_id bigint, text text)")
    done = child_project.python("manage.py", "migrate", "comments", "zero", status=1)
    assert "Cannot run 'DROP TABLE" in done.stderr
    assert core_project.dump() == before


@pytest.mark.mysql
def test_a_core_without_its_tables_is_told_of_before_a_constraint_needs_them(core_project, child_project):
    """Else the migration stops half way, and MariaDB cannot take back what it made."""
    core_project.manage("makemigrations", "articles")
    child_project.manage("makemigrations", "comments")
    done = child_project.python("manage.py", "migrate", status=1)
    assert "Traceback" not in done.stderr
    assert "comments_comment" not in child_project.schema()
    core_project.migrate()
    child_project.manage("migrate")
    assert "comments_comment" in child_project.schema()
