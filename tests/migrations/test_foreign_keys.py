"""A local foreign key to a core model: a column with an index; a constraint where the engine has it.

The steps of one local app's migrations, one after the other, over one core project.
"""

import pytest

from tests.migrations.introspection import columns, core_constraints, foreign_keys, indexed_columns, names

FIRST = """
    import django.db.models.deletion
    from django.db import migrations, models


    class Migration(migrations.Migration):
        dependencies = [("articles", "0001_initial")]
        operations = [
            migrations.CreateModel("Folder", [("id", models.BigAutoField(primary_key=True))]),
            migrations.CreateModel("Link", [
                ("id", models.BigAutoField(primary_key=True)),
                ("article", models.ForeignKey("articles.Article", models.CASCADE, related_name="+")),
                ("folder", models.ForeignKey("links.Folder", models.CASCADE, null=True)),
                ("free", models.ForeignKey(
                    "articles.Article", models.CASCADE, null=True, db_constraint=False, related_name="+"
                )),
                ("bare", models.ForeignKey(
                    "articles.Article", models.CASCADE, null=True, db_index=False, related_name="+"
                )),
                ("by_slug", models.ForeignKey(
                    "articles.Article", models.CASCADE, null=True, to_field="slug", related_name="+"
                )),
            ]),
            migrations.CreateModel("Badge", [
                ("id", models.BigAutoField(primary_key=True)),
                ("article", models.OneToOneField("articles.Article", models.CASCADE, related_name="+")),
            ]),
            migrations.CreateModel("Shelf", [
                ("id", models.BigAutoField(primary_key=True)),
                ("articles", models.ManyToManyField("articles.Article", related_name="+")),
            ]),
            migrations.CreateModel(
                "Story",
                [
                    ("article_ptr", models.OneToOneField(
                        "articles.Article", models.CASCADE, parent_link=True, primary_key=True
                    )),
                    ("teaser", models.TextField()),
                ],
                bases=("articles.article",),
            ),
        ]
"""

STEP = """
    from django.db import migrations, models


    class Migration(migrations.Migration):
        dependencies = [("links", "{before}")]
        operations = [{operation}]
"""

ADDED = 'migrations.{operation}("Link", "added", models.ForeignKey("articles.{target}", models.{rest}, related_name="+"))'

# Each step: its name, its operation, the column that it leaves in links_link, the core table to which
# that column's constraint then refers.
STEPS = [
    (
        "add",
        ADDED.format(operation="AddField", target="Article", rest="CASCADE, null=True"),
        "added_id",
        "articles_article",
    ),
    (
        "not_null",
        ADDED.format(operation="AlterField", target="Article", rest="CASCADE"),
        "added_id",
        "articles_article",
    ),
    (
        "null_again",
        ADDED.format(operation="AlterField", target="Article", rest="SET_NULL, null=True"),
        "added_id",
        "articles_article",
    ),
    (
        "other_target",
        ADDED.format(operation="AlterField", target="Author", rest="SET_NULL, null=True"),
        "added_id",
        "articles_author",
    ),
    (
        "without_constraint",
        ADDED.format(
            operation="AlterField", target="Author", rest="SET_NULL, null=True, db_constraint=False"
        ),
        "added_id",
        None,
    ),
    (
        "with_constraint",
        ADDED.format(operation="AlterField", target="Author", rest="SET_NULL, null=True"),
        "added_id",
        "articles_author",
    ),
    (
        "one_to_one",
        'migrations.AlterField("Link", "added", '
        'models.OneToOneField("articles.Author", models.SET_NULL, null=True, related_name="+"))',
        "added_id",
        "articles_author",
    ),
    ("renamed", 'migrations.RenameField("Link", "added", "kept")', "kept_id", "articles_author"),
    (
        "a_number",
        'migrations.AlterField("Link", "kept", models.BigIntegerField(null=True, db_index=True))',
        "kept",
        None,
    ),
    (
        "a_key_again",
        'migrations.AlterField("Link", "kept", '
        'models.ForeignKey("articles.Article", models.CASCADE, null=True, related_name="+"))',
        "kept_id",
        "articles_article",
    ),
    ("removed", 'migrations.RemoveField("Link", "kept")', None, None),
]


@pytest.fixture(scope="module")
def projects(module_projects):
    core, child = module_projects
    core.migrate()
    child.write_app("links", "")
    child.write("links/migrations/__init__.py", "")
    child.write("links/migrations/first.py", FIRST)
    before = "first"
    for name, operation, _, _ in STEPS:
        child.write(f"links/migrations/{name}.py", STEP.format(before=before, operation=operation))
        before = name
    child.add_settings("INSTALLED_APPS += ['links']")
    child.manage("migrate", "links", "first")
    return core, child


@pytest.fixture
def has_constraints(projects):
    """Whether the engine holds a foreign key from one database to another."""
    return projects[0].databases.engine != "sqlite3"


def test_each_kind_of_relation_has_its_column_and_an_index(projects):
    _, child = projects
    assert columns(child, "links_link") == {
        "id",
        "article_id",
        "folder_id",
        "free_id",
        "bare_id",
        "by_slug_id",
    }
    assert {"article_id", "free_id", "by_slug_id"} <= indexed_columns(child, "links_link")
    assert "article_id" in indexed_columns(child, "links_badge")
    assert "article_id" in indexed_columns(child, "links_shelf_articles")
    assert "article_ptr_id" in indexed_columns(child, "links_story")


def test_each_kind_of_relation_has_its_constraint_where_the_engine_has_one(projects, has_constraints):
    core, child = projects
    found = {
        table: core_constraints(core, child, table)
        for table in ("links_link", "links_badge", "links_shelf_articles", "links_story")
    }
    article = "articles_article"
    expected = {
        "links_link": {"article_id": article, "bare_id": article, "by_slug_id": article},
        "links_badge": {"article_id": article},
        "links_shelf_articles": {"article_id": article},
        "links_story": {"article_ptr_id": article},
    }
    assert found == (expected if has_constraints else {table: {} for table in expected})


def test_constraints_within_the_child_stay(projects):
    _, child = projects
    assert ("folder_id", "links_folder") in {key[1::2] for key in foreign_keys(child, "links_link")}
    assert ("shelf_id", "links_shelf") in {key[1::2] for key in foreign_keys(child, "links_shelf_articles")}


def test_names_of_constraints_contain_no_qualifier(projects):
    core, child = projects
    qualifiers = {core.databases.name(core.database), "core", "`", '"', "."}
    found = {
        name
        for table in ("links_link", "links_badge", "links_shelf_articles", "links_story")
        for name in names(child, table)
    }
    assert any("article_id" in name for name in found)
    assert not [name for name in found if any(qualifier in name for qualifier in qualifiers)]


def test_the_names_are_those_that_django_gives_in_one_database(projects):
    """So a project that moves its tables apart keeps the names it had."""
    core, child = projects
    core.write_app("links", "", core.shared)
    core.write("../shared/links/migrations/__init__.py", "")
    core.write("../shared/links/migrations/first.py", FIRST)
    with core.changed_settings("INSTALLED_APPS += ['links']"):
        core.manage("migrate", "links")
        in_one = {
            table: names(core, table) for table in ("links_link", "links_badge", "links_shelf_articles")
        }
        core.manage("migrate", "links", "zero")
    assert {table: names(child, table) for table in in_one} == in_one


@pytest.mark.mysql
def test_a_violated_constraint_raises_integrity_error(projects):
    core, child = projects
    article = core.rows("SELECT id FROM articles_article")
    assert not article
    code = """
        from django.db import IntegrityError, connection
        try:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO links_{table} VALUES ({values})")
        except IntegrityError:
            print("refused")
    """
    assert child.shell(code.format(table="badge", values="1, 999")) == "refused"
    assert child.shell(code.format(table="story", values="999, 'teaser'")) == "refused"


@pytest.mark.mysql
def test_a_core_row_that_a_local_row_refers_to_cannot_be_deleted_behind_its_back(projects):
    core, child = projects
    core.rows("INSERT INTO articles_article (id, title, slug) VALUES (7, 'Dams', 'dams')")
    child.rows("INSERT INTO links_badge VALUES (1, 7)")
    delete = "from django.db import IntegrityError\ntry:\n    Article.objects.get().delete()\nexcept IntegrityError:\n    print('refused')"
    assert core.shell(delete) == "refused"
    child.rows("DELETE FROM links_badge")
    assert core.shell(delete) == ""


@pytest.mark.sqlite3
def test_a_table_names_no_core_table_where_the_engine_cannot_refer_to_it(projects):
    _, child = projects
    tables = ("links_link", "links_badge", "links_shelf_articles", "links_story")
    assert not [table for table in tables if 'REFERENCES "articles' in child.schema()[table]]


def check_step(core, child, step, has_constraints):
    name, _, column, table = step
    added = columns(child, "links_link") - {
        "id",
        "article_id",
        "folder_id",
        "free_id",
        "bare_id",
        "by_slug_id",
    }
    assert added == ({column} if column else set()), name
    if column:
        assert column in indexed_columns(child, "links_link"), name
    expected = {
        "article_id": "articles_article",
        "bare_id": "articles_article",
        "by_slug_id": "articles_article",
    }
    if table:
        expected[column] = table
    assert core_constraints(core, child, "links_link") == (expected if has_constraints else {}), name
    # What else the table has outlives SQLite's remaking of it.
    assert "folder_id" in {key.column for key in foreign_keys(child, "links_link")}, name


def test_a_foreign_key_is_added_altered_and_removed(projects, has_constraints):
    core, child = projects
    before = core.dump()
    for step in STEPS:
        child.manage("migrate", "links", step[0])
        check_step(core, child, step, has_constraints)
    assert core.dump() == before


def test_every_step_goes_back(projects, has_constraints):
    core, child = projects
    child.manage("migrate", "links")
    before = core.dump()
    steps = [*reversed(STEPS[:-1])]
    for step in steps:
        child.manage("migrate", "links", step[0])
        check_step(core, child, step, has_constraints)
    child.manage("migrate", "links", "zero")
    assert not [table for table in child.schema() if table.startswith("links_")]
    assert core.dump() == before


def test_sqlmigrate_shows_the_constraint_that_migrate_makes(projects, has_constraints):
    core, child = projects
    sql = child.manage("sqlmigrate", "links", "add").stdout
    qualified = f"REFERENCES `{core.databases.name(core.database)}`.`articles_article`"
    if core.databases.engine == "postgresql":
        qualified = f'REFERENCES "{core.database}"."articles_article"'
    assert (qualified in sql) == has_constraints
    assert "added_id" in sql
