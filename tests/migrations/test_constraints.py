"""Constraints of a child's tables that refer to another table than core's, or are missing."""

import pytest

from tests.migrations.introspection import core_constraints, foreign_keys

DESKS = """
    from django.db import models

    from articles.models import Article


    class Note(models.Model):
        article = models.ForeignKey(Article, models.CASCADE)
        author = models.ForeignKey("articles.Author", models.CASCADE, null=True, db_constraint={constraint})


    class Desk(models.Model):
        articles = models.ManyToManyField(Article)


    class Feature(Article):
        section = models.CharField(max_length=9)
"""
TABLES = {
    "desks_note": {"article_id": "articles_article", "author_id": "articles_author"},
    "desks_desk_articles": {"article_id": "articles_article"},
    "desks_feature": {"article_ptr_id": "articles_article"},
}
LABELS = ("desks.Desk.articles", "desks.Feature.article_ptr", "desks.Note.article")

# The child before it shared anything: all in its own database.
ALONE = """
    CAUSEWAY = {}
    DATABASE_ROUTERS = []
    del DATABASES["core"]
    INSTALLED_APPS.remove("causeway")
    DATABASES["default"]["ENGINE"] = DATABASES["default"]["ENGINE"].replace("causeway", "django.db")
"""


@pytest.fixture
def projects(core_project, child_project):
    """A child that has shared its articles since a moment ago, and their old tables still."""
    core_project.migrate()
    child_project.write_app("desks", DESKS.format(constraint=True))
    child_project.add_settings("INSTALLED_APPS += ['desks']")
    with child_project.changed_settings(ALONE):
        child_project.manage("makemigrations", "comments", "desks")
        child_project.manage("migrate")
    child_project.manage("migrate")
    return core_project, child_project


def is_linked(core, child):
    return core.databases.engine != "sqlite3" and child.databases is core.databases


ADD = """
article = Article.objects.create(title="new", slug="new")
desk = Desk.objects.create()
desk.articles.add(article)
Note.objects.create(article=article)
Feature.objects.create(title="feature", slug="feature", section="news")
print(desk.articles.count())
"""


def test_constraints_to_the_old_tables_are_told_and_put_right(projects):
    core, child = projects
    checked = child.manage("check", "--database", "default").stderr
    listed = child.manage("causeway", "constraints", status=1).stdout
    for label in LABELS:
        assert f"{label}: the column" in checked
        assert f"{label}: the column" in listed
    assert "refers by a constraint to 'articles_article', which is not the table of the core" in listed
    assert "(causeway.W015)" in checked
    said = child.manage("causeway", "constraints", "--fix")
    assert said.stdout.endswith("The constraints to core are as the models say.\n")
    assert child.shell(ADD) == "1"
    for table, expected in TABLES.items():
        constraints = core_constraints(core, child, table) if is_linked(core, child) else {}
        assert constraints == (expected if is_linked(core, child) else {})
        # And no other.
        assert len([key for key in foreign_keys(child, table) if "articles_" in key.table]) == len(
            constraints
        )
    assert "W015" not in child.manage("check", "--database", "default").stderr
    child.manage("causeway", "constraints")


def test_a_constraint_waits_for_rows_that_core_lacks(projects):
    core, child = projects
    child.rows("INSERT INTO articles_article (title, slug) VALUES ('old', 'old')")
    ((key,),) = child.rows("SELECT id FROM articles_article")
    child.rows(f"INSERT INTO desks_note (article_id) VALUES ({key})")
    if not is_linked(core, child):
        child.manage("causeway", "constraints", "--fix")
        return
    said = child.manage("causeway", "constraints", "--fix", status=1)
    assert "desks.Note.article is left without: Cannot have the column 'article_id'" in said.stderr
    assert (
        f"rows have values such as {key}, which no core row has. Run manage.py causeway orphans."
        in said.stderr
    )
    assert said.stderr.endswith("not as the models say: 1 foreign key.\n")
    core.rows(f"INSERT INTO articles_article (id, title, slug) VALUES ({key}, 'old', 'old')")
    child.manage("causeway", "constraints", "--fix")
    assert core_constraints(core, child, "desks_note")["article_id"] == "articles_article"


@pytest.mark.mysql
@pytest.mark.mariadb
@pytest.mark.postgresql
@pytest.mark.linked("there is no constraint to a staged core")
class TestMissing:
    def drop(self, child, table, column):
        (name,) = (key.name for key in foreign_keys(child, table) if key.column == column)
        kind = "CONSTRAINT" if child.databases.engine == "postgresql" else "FOREIGN KEY"
        child.rows(f"ALTER TABLE {table} DROP {kind} {name}")

    def test_what_is_missing_is_made(self, projects):
        core, child = projects
        child.manage("causeway", "constraints", "--fix")
        self.drop(child, "desks_note", "author_id")
        said = child.manage("causeway", "constraints", status=1)
        assert said.stdout == (
            "desks.Note.author: the column 'author_id' of 'desks_note' has no constraint to the core database 'core', "
            "which the model asks for.\n"
        )
        child.manage("causeway", "constraints", "--fix", "--database", "core")
        assert core_constraints(core, child, "desks_note")["author_id"] == "articles_author"

    def test_what_the_model_does_not_ask_for_is_not_missed(self, projects):
        _, child = projects
        child.manage("causeway", "constraints", "--fix")
        self.drop(child, "desks_note", "author_id")
        with child.changed(child.folder / "desks/models.py", DESKS.format(constraint=False)):
            child.manage("causeway", "constraints")

    def test_a_migration_whose_rows_lack_core_rows_changes_nothing(self, projects):
        _, child = projects
        child.manage("causeway", "constraints", "--fix")
        child.rows("INSERT INTO desks_desk VALUES (7)")
        models = DESKS.format(constraint=True).replace(
            "articles = models.M",
            "number = models.ForeignKey(Article, models.CASCADE, default=99, related_name='+')\n        articles = models.M",
        )
        with child.changed(child.folder / "desks/models.py", models):
            child.manage("makemigrations", "desks")
            said = child.manage("migrate", status=1)
        assert (
            "Cannot have the column 'number_id' of 'desks_desk' refer to 'articles_article' in core"
            in said.stderr
        )
        assert "[ ] 0002" in child.manage("showmigrations", "desks").stdout


@pytest.mark.postgresql
@pytest.mark.linked("there is no constraint to a staged core")
def test_a_constraint_that_rows_were_not_checked_for(projects):
    _, child = projects
    child.manage("causeway", "constraints", "--fix")
    # Since PostgreSQL 18 that a column is not null is a constraint, too.
    child.rows(
        "UPDATE pg_constraint SET convalidated = false WHERE conname LIKE 'desks_note_article_id%' AND contype = 'f'"
    )
    said = child.manage("causeway", "constraints", status=1)
    assert (
        "desks.Note.article: the column 'article_id' of 'desks_note' has a constraint that the rows"
        in said.stdout
    )
    child.manage("causeway", "constraints", "--fix")
    assert child.rows("SELECT count(*) FROM pg_constraint WHERE NOT convalidated") == [(0,)]


IN_PLACE = {
    "mysql": [", ALGORITHM=INPLACE, LOCK=NONE"],
    "mariadb": [", ALGORITHM=INPLACE, LOCK=NONE"],
    "postgresql": [" NOT VALID", "VALIDATE CONSTRAINT"],
    "sqlite3": [],
}


@pytest.mark.linked("there is no constraint to a staged core")
def test_constraints_are_made_while_others_write_core(projects):
    """In a transaction of their own, and so that the core table is not locked while rows are looked through."""
    _, child = projects
    code = """
        from django.core.management import call_command
        from django.db import connection

        def note(execute, sql, *arguments):
            if "article" in sql and "CONSTRAINT" in sql and "DROP" not in sql:
                print(connection.in_atomic_block and len(connection.atomic_blocks), sql)
            return execute(sql, *arguments)

        with connection.execute_wrapper(note):
            call_command("causeway", "constraints", "--fix", "--verbosity", "0")
    """
    lines = [line for line in child.shell(code).splitlines() if "the column" not in line]
    words = IN_PLACE[child.databases.engine]
    # Those of the app comments, too.
    assert len(lines) == len(words) * 5
    for number, line in enumerate(lines):
        assert line.endswith(words[0]) if number % len(words) == 0 else words[1] in line
