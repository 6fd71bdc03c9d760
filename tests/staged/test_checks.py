"""What the checks say of a core database that is staged."""

import os
from pathlib import Path

import pytest

from tests.checks.messages import hint_of, said_by
from tests.staged.projects import AWAY, staged_settings


@pytest.fixture(scope="module")
def staged(migrated_projects):
    core, child = migrated_projects
    child.add_settings(staged_settings(core))
    # Those that it has from when core was linked.
    child.manage("causeway", "constraints", "--fix")
    return child


def test_a_staged_core_database_is_passed(staged):
    assert "no issues" in said_by(staged, status=0)
    # This core project does without 'causeway', SQLite prepares nothing, and servers of tests are not durable.
    silenced = "SILENCED_SYSTEM_CHECKS = ['causeway.W006', 'causeway.W020', 'causeway.W022']"
    assert "no issues" in said_by(staged, silenced, "--database", "default", status=0)


def test_databases_of_two_engines_can_be_staged(staged):
    """And no server is asked: nothing listens there."""
    other = "mysql" if staged.databases.engine == "postgresql" else "postgresql"
    settings = f"""
        DATABASES['core'] = {{
            'ENGINE': 'causeway.backends.{other}', 'NAME': 'wire', 'HOST': '127.0.0.1', 'PORT': 1, 'USER': 'x'
        }}
    """
    assert "no issues" in said_by(staged, settings, status=0)


def test_a_schema_is_told_to_be_left_out(staged):
    said = said_by(staged, "CAUSEWAY['core']['SCHEMA'] = 'wire'")
    assert (
        "CAUSEWAY['core']['SCHEMA'] is 'wire', but core tables that are staged stand in a database of" in said
    )
    assert hint_of(said, "causeway.E014").startswith("Leave it out.")


@pytest.mark.parametrize("alias", ["default", "core"])
def test_a_backend_that_is_not_ours(staged, alias):
    engine = staged.databases.engine
    said = said_by(staged, f"DATABASES[{alias!r}]['ENGINE'] = 'django.db.backends.{engine}'")
    assert hint_of(said, "causeway.E006") == f"Use 'causeway.backends.{engine}'."
    assert "causeway.E007" not in said


def test_a_core_database_that_is_away(staged):
    away = AWAY[staged.databases.engine]
    assert "no issues" in said_by(staged, away, status=0)
    said = said_by(staged, away, "--database", "default")
    assert "The core database 'core' (" in said
    assert ") cannot be reached from 'default': " in said
    assert hint_of(said, "causeway.E020")
    assert not Path("/nowhere").exists()


def test_before_the_first_migration_each_message_is_a_line(core_project, make_child_project):
    """What a server says of tables that are missing has several."""
    core_project.migrate()
    child = make_child_project("fresh")
    child.manage("makemigrations", "comments")
    said = said_by(child, staged_settings(core_project), "--database", "default", status=0)
    lines = [
        line for line in said.splitlines() if line and not line.startswith(("System check", "WARNINGS:"))
    ]
    assert all(line.startswith(("?:", "CAUSEWAY[", "\tHINT: ")) for line in lines), said
    assert hint_of(said, "causeway.W006") == "Run migrate."


def test_a_missing_file_is_not_made(staged):
    file = staged.folder / "none.sqlite3"
    settings = f"DATABASES['core'] = {{'ENGINE': 'causeway.backends.sqlite3', 'NAME': {str(file)!r}}}"
    said = said_by(staged, settings, "--database", "default")
    assert (
        f"The core database 'core' ({str(file)!r}) cannot be reached from 'default': there is no such file"
        in said
    )
    assert not file.exists()


def test_a_core_database_without_its_tables(staged):
    staged.databases.create("empty")
    settings = f"DATABASES['core'] = {staged.databases.settings('empty')!r}"
    try:
        said = said_by(staged, settings, "--database", "default", status=0)
    finally:
        staged.databases.drop("empty")
    assert (
        "The core database 'core' lacks 2 of the core tables: 'articles_article', 'articles_author'." in said
    )
    assert hint_of(said, "causeway.W003") == "Run migrate in the core project first."


def test_core_tables_that_differ_from_the_models(migrated_projects, staged):
    core, _ = migrated_projects
    core.rows("ALTER TABLE articles_article RENAME COLUMN title TO headline")
    try:
        said = said_by(staged, "", "--database", "default", status=0)
        assert "The core table 'articles_article' has no column 'title'." in said
        assert "causeway.W004" in said
        assert "has no column 'title'" in staged.manage("causeway", "check", status=1).stdout
    finally:
        core.rows("ALTER TABLE articles_article RENAME COLUMN headline TO title")
    assert "is as the models say" in staged.manage("causeway", "check").stdout


def test_raw_sql_is_given_no_name_of_a_staged_table(staged):
    code = """
        import causeway
        from django.db import DatabaseError

        try:
            causeway.table(Article)
        except DatabaseError as error:
            print(type(error).__name__, error)
        print(causeway.table(Article, using="core"), causeway.table(Comment))
    """
    refusal, names = staged.shell(code).splitlines()
    assert refusal.startswith(
        "PlacementError Cannot name the table 'articles_article' in raw SQL on 'default': "
    )
    assert "Use a queryset, run the SQL on connections['core'], or link the core" in refusal
    quote = "`{}`" if staged.databases.engine == "mysql" else '"{}"'
    assert names == f"{quote.format('articles_article')} {quote.format('comments_comment')}"


@pytest.fixture
def role(migrated_projects):
    """A role of PostgreSQL that may do all in the child's schema, and nothing in core."""
    core, child = migrated_projects
    name = f"causeway_staged_{os.getpid()}"
    core.rows(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    ((schema,),) = child.rows("SELECT quote_ident(current_schema())")
    child.rows(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
    child.rows(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {name}")
    yield name
    for project in migrated_projects:
        project.rows(f"DROP OWNED BY {name}")
    core.rows(f"DROP ROLE {name}")


def user_of(role, *aliases):
    return "\n".join(f"DATABASES[{alias!r}].update(USER={role!r}, PASSWORD='secret')" for alias in aliases)


@pytest.mark.postgresql
@pytest.mark.parametrize("read_only", [True, False])
def test_a_role_without_rights_on_core_is_told_what_to_grant(staged, migrated_projects, role, read_only):
    core, _ = migrated_projects
    ((schema,),) = core.rows("SELECT quote_ident(current_schema())")
    core.rows(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    settings = f"{user_of(role, 'core')}\nCAUSEWAY['core']['READ_ONLY'] = {read_only}"
    said = said_by(staged, settings, "--database", "default")
    assert "(causeway.E021) 'core' has not the rights it needs on the core database 'core': SELECT of" in said
    for statement in hint_of(said, "causeway.E021").split(";")[:-1]:
        core.rows(statement)
    assert "E021" not in said_by(staged, settings, "--database", "default", status=0)


@pytest.mark.postgresql
def test_a_role_that_may_not_make_temporary_tables_is_told_so(staged, migrated_projects, role):
    _, child = migrated_projects
    ((name,),) = child.rows("SELECT quote_ident(current_database())")
    child.rows(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    try:
        said = said_by(staged, user_of(role, "default"), "--database", "default", status=0)
        assert "(causeway.W016) The user of 'default' may not make temporary tables" in said
        child.rows(hint_of(said, "causeway.W016"))
        assert "W016" not in said_by(staged, user_of(role, "default"), "--database", "default", status=0)
    finally:
        child.rows(f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC")
        child.rows(f"REVOKE ALL ON DATABASE {name} FROM {role}")


@pytest.mark.parametrize("declares", ["causeway_home = 'core'"])
def test_a_model_of_the_childs_own_app_that_names_its_home(staged, declares):
    models = f"""
        from django.db import models


        class Headline(models.Model):
            {declares}
            text = models.CharField(max_length=9)
    """
    staged.write_app("headlines", models)
    said = said_by(staged, "INSTALLED_APPS += ['headlines']", "--database", "default", status=0)
    assert "lacks 1 of the core tables: 'headlines_headline'" in said
    hint = hint_of(said, "causeway.W003")
    assert "install 'headlines', too, whose models name the home 'core'" in hint
