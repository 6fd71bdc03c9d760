"""``dumpdata`` and ``loaddata`` in a child."""

import json

import pytest

from tests.commands.conftest import CORE_ROWS, LOCAL_ROWS, counts

# A fixture that holds rows of both databases, in an order that is no help.
MIXED = [
    {"model": "comments.comment", "pk": 50, "fields": {"article": 50, "text": "Bad"}},
    {"model": "shelves.shelf", "pk": 50, "fields": {"name": "Later", "articles": [50]}},
    {"model": "shelves.story", "pk": 50, "fields": {"teaser": "High"}},
    {"model": "articles.article", "pk": 50, "fields": {"title": "Locks", "slug": "locks", "author": 50}},
    {"model": "articles.author", "pk": 50, "fields": {"name": "Bea"}},
]


def dumped(child, *arguments):
    """The models of what ``dumpdata`` prints, with the number of their rows."""
    found = {}
    for row in json.loads(child.manage("dumpdata", *arguments).stdout):
        found[row["model"]] = found.get(row["model"], 0) + 1
    return found


@pytest.fixture
def mixed(projects):
    _, child = projects
    child.write("mixed.json", json.dumps(MIXED))
    return projects


def without_system_rows(models):
    return {
        name: number for name, number in models.items() if not name.startswith(("auth.", "contenttypes."))
    }


def test_dumpdata_has_the_childs_rows_alone(projects):
    _, child = projects
    assert without_system_rows(dumped(child)) == {
        "comments.comment": 1,
        "comments.content": 1,
        "shelves.shelf": 1,
        "shelves.story": 1,
    }


def test_dumpdata_of_core_has_the_core_rows_alone(projects):
    _, child = projects
    assert dumped(child, "--database", "core") == {
        "articles.author": 1,
        "articles.article": 2,
        "comments.content": 1,
    }


def test_dumpdata_takes_each_of_two_managers_rows_from_its_own_database(projects):
    _, child = projects
    for database, title in (("default", "Ours"), ("core", "Shared")):
        (row,) = json.loads(child.manage("dumpdata", "comments.Content", "--database", database).stdout)
        assert row["fields"]["title"] == title


def contents(project, tables):
    """The rows of the tables, without the keys of a many-to-many field's table."""
    rows = {table: project.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables}
    return {
        table: [row[1:] for row in found] if table.endswith("_articles") else found
        for table, found in rows.items()
    }


def test_what_was_dumped_is_loaded_again(projects):
    core, child = projects
    before = contents(core, CORE_ROWS), contents(child, LOCAL_ROWS)
    child.manage("dumpdata", "--database", "core", "--output", "core.json")
    child.manage("dumpdata", "comments", "shelves", "--output", "local.json")
    for table in reversed(LOCAL_ROWS):
        child.rows(f"DELETE FROM {table}")
    child.manage("flush", "--noinput", "--database", "core", "--for-every-project")
    child.manage("loaddata", "--database", "core", "core.json")
    assert set(counts(child, LOCAL_ROWS).values()) == {0}
    child.manage("loaddata", "local.json")
    assert (contents(core, CORE_ROWS), contents(child, LOCAL_ROWS)) == before


def test_loaddata_loads_the_childs_rows_and_leaves_core_as_it_is(mixed):
    core, child = mixed
    core.rows("INSERT INTO articles_article (id, title, slug) VALUES (50, 'Piers', 'piers')")
    before = core.dump()
    child.manage("loaddata", "mixed.json")
    assert core.dump() == before
    assert child.rows("SELECT text FROM comments_comment WHERE id = 50") == [("Bad",)]
    assert child.rows("SELECT article_id FROM shelves_shelf_articles WHERE shelf_id = 50") == [(50,)]
    assert child.rows("SELECT teaser FROM shelves_story WHERE article_ptr_id = 50") == [("High",)]


def test_loaddata_of_core_loads_the_core_rows_and_leaves_the_child_as_it_is(mixed):
    core, child = mixed
    before = child.dump()
    said = child.manage("loaddata", "--database", "core", "mixed.json").stdout
    assert "Installed 2 object(s)" in said
    assert child.dump() == before
    assert core.rows("SELECT title, author_id FROM articles_article WHERE id = 50") == [("Locks", 50)]


def test_loaddata_of_core_asks_nothing_for_rows_that_are_the_childs(projects):
    """They stand in the file, and refer to others of the child's by natural keys, which core knows nothing of."""
    _, child = projects
    permission = ["add_comment", "comments", "comment"]
    group = {
        "model": "auth.group",
        "fields": {"name": "Editors", "permissions": [permission, ["no", "such", "one"]]},
    }
    account = {"model": "auth.user", "fields": {"username": "Ada", "password": "!", "groups": [["Editors"]]}}
    child.write("accounts.json", json.dumps([group, account, *MIXED]))
    before = child.dump()
    said = child.manage("loaddata", "--database", "core", "accounts.json").stdout
    assert "Installed 2 object(s)" in said
    assert child.dump() == before


def test_loaddata_loads_core_first_and_then_the_child(mixed):
    _, child = mixed
    child.manage("loaddata", "--database", "core", "mixed.json")
    child.manage("loaddata", "mixed.json")
    assert child.shell(
        "print(Story.objects.get(pk=50).title, Comment.objects.get(pk=50).article.author.name)"
    ) == ("Locks Bea")


def test_loaddata_refuses_local_rows_whose_core_row_is_not_there(mixed):
    core, child = mixed
    before = core.dump(), child.dump()
    done = child.manage("loaddata", "mixed.json", status=1)
    assert "50" in done.stderr.splitlines()[-1]
    assert "articles.Article" in done.stderr.splitlines()[-1]
    assert (core.dump(), child.dump()) == before


def test_loaddata_of_core_takes_rows_with_two_managers_too(projects):
    core, child = projects
    rows = [*MIXED, {"model": "comments.content", "pk": 60, "fields": {"title": "New", "slug": "new"}}]
    child.write("more.json", json.dumps(rows))
    before = child.dump()
    child.manage("loaddata", "--database", "core", "more.json")
    assert child.dump() == before
    assert core.rows("SELECT title FROM content WHERE id = 60") == [("New",)]
    assert core.rows("SELECT title FROM articles_article WHERE id = 50") == [("Locks",)]


def test_loaddata_of_core_reads_its_input(projects):
    core, child = projects
    rows = [*MIXED, {"model": "comments.content", "pk": 60, "fields": {"title": "New", "slug": "new"}}]
    child.manage("loaddata", "--database", "core", "--format", "json", "-", input=json.dumps(rows))
    assert core.rows("SELECT title FROM content WHERE id = 60") == [("New",)]
    assert core.rows("SELECT title FROM articles_article WHERE id = 50") == [("Locks",)]


def test_loaddata_of_core_refuses_a_broken_fixture_whole(projects):
    """No half of it stays in core: rows of a core model, then one that the database refuses."""
    core, child = projects
    rows = [*MIXED[3:], {"model": "articles.article", "pk": 51, "fields": {"title": "Twin", "slug": "locks"}}]
    child.write("broken.json", json.dumps(rows))
    before = core.dump()
    child.manage("loaddata", "--database", "core", "broken.json", status=1)
    assert core.dump() == before


def test_loaddata_of_a_read_only_core_is_refused(mixed):
    core, child = mixed
    before = core.dump()
    with child.changed_settings("CAUSEWAY['core']['READ_ONLY'] = True"):
        done = child.manage("loaddata", "--database", "core", "mixed.json", status=1)
    assert core.dump() == before
    assert "READ_ONLY" in done.stderr


def test_core_tables_are_read_only_by_dumpdata(projects):
    core, child = projects
    before = core.dump()
    child.manage("dumpdata", "articles")
    child.manage("dumpdata", "--database", "core")
    assert core.dump() == before
    assert counts(core, CORE_ROWS) == {"articles_article": 2, "articles_author": 1, "content": 1}
