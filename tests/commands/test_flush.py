"""``flush`` and ``sqlflush`` in a child."""

from tests.commands.conftest import CORE_ROWS, LOCAL_ROWS, counts


def tables_named(sql):
    """The tables that the statements of ``sqlflush`` empty."""
    words = [line.replace(";", "").split() for line in sql.splitlines()]
    return {line[-1].strip('`"') for line in words if line and line[0] in {"DELETE", "TRUNCATE"}}


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
    before = counts(child, LOCAL_ROWS)
    child.manage("flush", "--noinput", "--database", "core")
    assert set(counts(core, CORE_ROWS).values()) == {0}
    assert core.rows("SELECT * FROM auth_user") == users
    assert core.rows("SELECT * FROM django_content_type") == types
    assert counts(child, LOCAL_ROWS) == before


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
        done = child.manage("flush", "--noinput", "--database", "core", status=1)
        child.manage("flush", "--noinput")
    assert core.dump() == before
    assert "READ_ONLY" in done.stderr
