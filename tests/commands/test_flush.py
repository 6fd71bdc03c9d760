"""``flush`` and ``sqlflush`` in a child."""

import re
from textwrap import dedent

import pytest

from tests.commands.conftest import CORE_ROWS, LOCAL_ROWS, counts


def tables_named(sql):
    """The tables that the statements of ``sqlflush`` empty."""
    statements = [line for line in sql.splitlines() if line.startswith(("DELETE", "TRUNCATE"))]
    return {name for line in statements for name in re.findall(r'[`"](\w+)[`"]', line)}


def test_flush_empties_the_childs_tables_and_leaves_core_as_it_is(projects):
    core, child = projects
    before = core.dump()
    child.manage("flush", "--noinput")
    assert set(counts(child, LOCAL_ROWS).values()) == {0}
    assert core.dump() == before


def test_flush_of_core_empties_the_core_tables_alone(projects):
    """What else the core project keeps in its database is none of the child's."""
    core, child = projects
    core.shell("User.objects.create_user('eve')")
    users, types = (core.rows(f"SELECT * FROM {table}") for table in ("auth_user", "django_content_type"))
    if child.databases.engine == "postgresql":
        child.manage("flush", "--noinput")
    before = counts(child, LOCAL_ROWS)
    child.manage("flush", "--noinput", "--database", "core", "--for-every-project")
    assert set(counts(core, CORE_ROWS).values()) == {0}
    assert core.rows("SELECT * FROM auth_user") == users
    assert core.rows("SELECT * FROM django_content_type") == types
    assert counts(child, LOCAL_ROWS) == before


@pytest.mark.parametrize("arguments", [["--noinput"], []])
def test_flush_of_core_is_refused_unless_it_is_owned_or_meant(projects, arguments):
    core, child = projects
    if child.databases.engine == "postgresql":
        child.manage("flush", "--noinput")
    before = core.dump()
    done = child.manage("flush", "--database", "core", *arguments, status=1)
    assert done.stderr == (
        "CommandError: Cannot flush the core database 'core': every project that shares its rows would lose them, and "
        "this one does not own it. Flush it in the core project, or say --for-every-project.\n"
    )
    assert core.dump() == before
    code = "from django.core.management import call_command; call_command('flush', database='core', interactive=False)"
    assert "--for-every-project" in child.manage("shell", "--command", code, status=1).stderr
    assert core.dump() == before
    with child.changed_settings("CAUSEWAY['core']['OWNER'] = True"):
        child.manage("flush", "--noinput", "--database", "core")
    assert set(counts(core, CORE_ROWS).values()) == {0}


@pytest.mark.postgresql
def test_flush_of_core_is_refused_where_a_constraint_would_be_violated(projects):
    core, child = projects
    before = core.dump(), child.dump()
    done = child.manage("flush", "--noinput", "--database", "core", "--for-every-project", status=1)
    assert "rows of another database still refer to its rows" in done.stderr
    assert (core.dump(), child.dump()) == before


@pytest.mark.postgresql
def test_no_truncation_reaches_another_schema(projects):
    """``TRUNCATE … CASCADE`` empties what refers to a table, wherever it is."""
    core, child = projects
    before = core.dump()
    tables = "list(connection.introspection.table_names())"
    code = f"""
        from django.core.management.color import no_style
        from django.db import connections
        connection = connections[{{alias!r}}]
        sql = connection.ops.sql_flush(no_style(), {tables}, reset_sequences=True, allow_cascade=True)
        print(*sql, sep="\\n")
        connection.ops.execute_sql_flush(sql)
    """
    core.rows("CREATE TABLE notes (id int PRIMARY KEY, comment_id bigint)")
    try:
        said = child.shell(code.format(alias="default"))
        assert "TRUNCATE" in said
        child.rows("INSERT INTO comments_comment (id, article_id, text) VALUES (1, 1, 'Good')")
        core.rows(
            f"ALTER TABLE notes ADD FOREIGN KEY (comment_id) REFERENCES {child.database}.comments_comment"
        )
        core.rows("INSERT INTO notes VALUES (1, 1)")
        said = child.manage("shell", "--command", dedent(code.format(alias="default")), status=1).stderr
        assert "violates foreign key constraint" in said
        assert core.rows("SELECT * FROM notes") == [(1, 1)]
    finally:
        core.rows("DROP TABLE notes")
    assert core.dump() == before


def test_sqlflush_names_the_childs_tables_alone(projects):
    _, child = projects
    named = tables_named(child.manage("sqlflush").stdout)
    assert {"comments_comment", "content", "shelves_story", "auth_user"} <= named
    assert not {"articles_article", "articles_author"} & named


def test_sqlflush_of_core_names_the_core_tables_alone(projects):
    _, child = projects
    assert tables_named(child.manage("sqlflush", "--database", "core").stdout) == set(CORE_ROWS)


def test_flush_of_a_read_only_core_is_refused(projects):
    core, child = projects
    before = core.dump()
    with child.changed_settings("CAUSEWAY['core']['READ_ONLY'] = True"):
        done = child.manage("flush", "--noinput", "--database", "core", "--for-every-project", status=1)
        child.manage("flush", "--noinput")
    assert core.dump() == before
    assert "READ_ONLY" in done.stderr
