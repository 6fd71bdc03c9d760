"""The one project that migrates the core tables: the core project, or a child declared ``OWNER``."""

import pytest

DATA = """
    from django.db import migrations


    def add_author(apps, schema_editor):
        apps.get_model("articles", "Author").objects.using(schema_editor.connection.alias).create(name="made")


    class Migration(migrations.Migration):
        dependencies = [("articles", "0001_initial")]
        operations = [
            migrations.RunPython(add_author),
            migrations.RunSQL("CREATE TABLE made_by_sql (id integer)"),
        ]
"""

REFUSED = """
    from django.db import connections
    from causeway.exceptions import CoreNotOwned
    try:
        with connections["core"].schema_editor() as editor:
            editor.{call}
    except CoreNotOwned as error:
        print(error)
"""


@pytest.fixture
def owner(core_project, child_project):
    """A child that owns the core models of an empty core database."""
    child_project.add_settings("CAUSEWAY['core']['OWNER'] = True")
    child_project.manage("makemigrations", "articles", "comments")
    child_project.write("../shared/articles/migrations/0002_data.py", DATA)
    return child_project


def test_the_owner_migrates_core_when_it_is_named(core_project, owner):
    said = owner.manage("migrate", "articles").stdout
    assert "its tables live in the core database 'core'; migrate them with --database core" in said
    assert core_project.schema() == {}
    owner.manage("migrate", "--database", "core")
    # ``content`` has a model with rows in both, and is the owner's to make in both.
    core_tables = {"articles_article", "articles_author", "content", "django_migrations", "made_by_sql"}
    assert set(core_project.schema()) == core_tables
    assert core_project.rows("SELECT name FROM articles_author") == [("made",)]
    owner.manage("migrate")
    assert not {"articles_article", "articles_author", "made_by_sql"} & set(owner.schema())
    assert {"comments_comment", "content", "auth_user"} <= set(owner.schema())
    owner.shell("Comment.objects.create(article=Article.objects.create(title='a', slug='a'), text='b')")
    assert core_project.rows("SELECT title FROM articles_article") == [("a",)]


def test_the_owner_takes_core_tables_back_when_core_is_named(core_project, owner):
    core_project.manage("migrate", "articles", "0001")
    owner.manage("migrate", "articles", "zero", "--database", "core")
    assert not {"articles_article", "articles_author"} & set(core_project.schema())


OWN_TABLES = {"causeway_decision", "causeway_installation"}


@pytest.mark.parametrize("engine", ["django", "causeway"])
def test_a_core_project_migrates_alike_with_causeway_installed(core_project, engine):
    """Installed it may be, on our backend or on Django's; without ``CAUSEWAY`` it adds tables of its own."""
    core_project.migrate()
    files = {file.name for file in (core_project.shared / "articles/migrations").glob("*.py")}
    schema = core_project.schema()
    core_project.drop_database()
    core_project.create_database()
    core_project.add_settings("INSTALLED_APPS += ['causeway']")
    if engine == "causeway":
        backend = core_project.databases.engine
        core_project.add_settings(f"""
            DATABASES["default"]["ENGINE"] = "causeway.backends.{backend}"
            DATABASE_ROUTERS = ["causeway.routers.CoreRouter"]
        """)
    core_project.manage("makemigrations", "--check")
    assert "Skipping" not in core_project.manage("migrate").stdout
    found = core_project.schema()
    own = {name for name in found if name.startswith("causeway_")}
    assert own >= OWN_TABLES
    assert {name: sql for name, sql in found.items() if name not in own} == schema
    assert {file.name for file in (core_project.shared / "articles/migrations").glob("*.py")} == files
    core_project.shell("Content.contents.create(title='Dams', slug='dams')")
    assert core_project.shell("print(Content.objects.get().title)") == "Dams"


def test_a_schema_editor_on_core_is_refused_to_a_project_that_does_not_own_it(module_projects):
    core, child = module_projects
    core.migrate()
    before = core.dump()
    for call in (
        "create_model(Comment)",
        "delete_model(Article)",
        "execute('CREATE TABLE made (id integer)')",
    ):
        said = child.shell(REFUSED.format(call=call))
        assert said.startswith("Cannot change tables of the core database 'core' from here")
        assert "OWNER" in said
    assert core.dump() == before


@pytest.mark.parametrize(
    "call",
    [
        "delete_model(Article)",
        "create_model(Article)",
        "add_field(Article, field)",
        "remove_field(Article, Article._meta.get_field('slug'))",
        "alter_field(Article, Article._meta.get_field('title'), field)",
        "add_index(Article, models.Index(fields=['title'], name='by_title'))",
        "alter_db_table(Article, 'articles_article', 'other')",
    ],
)
def test_a_schema_editor_of_the_child_does_not_change_core_tables(module_projects, call):
    core, child = module_projects
    if not core.schema():
        core.migrate()
    before = core.dump()
    said = child.shell(f"""
        from django.db import connection, models
        from causeway.exceptions import CoreNotOwned
        field = models.CharField(max_length=9, null=True)
        field.set_attributes_from_name("title" if "alter_field" in {call!r} else "extra")
        field.model = Article
        try:
            with connection.schema_editor() as editor:
                editor.{call}
        except CoreNotOwned as error:
            print(error)
    """)
    assert core.dump() == before
    assert "core" in said
