"""A database of the project that is neither the child's own nor a core: Django's rules hold there."""

import pytest

ARCHIVE = """
    from pathlib import Path

    file = str(Path(__file__).with_name("archive.sqlite3"))
    DATABASES["archive"] = {"ENGINE": "causeway.backends.sqlite3", "NAME": file}
"""


@pytest.fixture(scope="module")
def projects(module_projects):
    """A child that has migrated its archive as well, with an article in core and another in the archive."""
    core, child = module_projects
    core.migrate()
    child.migrate()
    child.add_settings(ARCHIVE)
    before = core.dump()
    child.manage("migrate", "--database", "archive")
    assert core.dump() == before
    child.shell("""
        for alias in ("default", "archive"):
            article = Article.objects.using(alias).create(title=alias, slug="same")
            Comment.objects.using(alias).create(article=article, text=f"in {alias}")
    """)
    return core, child


def test_core_models_have_tables_of_their_own_there(projects):
    core, child = projects
    assert core.rows("SELECT title FROM articles_article") == [("default",)]
    titles = "print([Article.objects.using(alias).get().title for alias in ('default', 'core', 'archive')])"
    assert child.shell(titles) == "['default', 'default', 'archive']"


@pytest.mark.linked("staged, a core row knows core as its database")
def test_a_query_with_both_kinds_of_models_stays_there(projects):
    _, child = projects
    found = child.shell("""
        for alias in ("default", "archive"):
            comment = Comment.objects.using(alias).select_related("article").get(article__slug="same")
            print(comment.text, comment.article.title, comment.article._state.db)
    """)
    assert found.splitlines() == ["in default default default", "in archive archive archive"]


def test_a_constraint_there_refers_to_the_table_there(projects):
    _, child = projects
    refused = child.shell("""
        from django.db import IntegrityError, transaction
        try:
            with transaction.atomic("archive"):
                Comment.objects.using("archive").create(article_id=99, text="of nothing")
        except IntegrityError as error:
            print(error)
    """)
    assert "FOREIGN KEY constraint failed" in refused


def test_a_read_only_core_lets_them_be_written(projects):
    core, child = projects
    before = core.dump()
    with child.changed_settings("CAUSEWAY['core']['READ_ONLY'] = True"):
        written = child.shell("""
            article = Article.objects.using("archive").create(title="late", slug="late")
            article.title = "later"
            article.save()
            print(Article.objects.using("archive").filter(title="later").delete()[0])
        """)
    assert written == "1"
    assert core.dump() == before


def test_flushing_it_leaves_core_alone(projects):
    core, child = projects
    before = core.dump()
    child.manage("flush", "--database", "archive", "--no-input")
    assert child.shell("print(Article.objects.using('archive').count(), Article.objects.count())") == "0 1"
    assert core.dump() == before


def test_a_second_connection_to_the_childs_own_database_reaches_core(projects):
    _, child = projects
    with child.changed_settings("DATABASES['again'] = {**DATABASES['default']}"):
        found = child.shell("""
            comments = Comment.objects.using("again").select_related("article")
            print(comments.get(article__title="default").text, "/", *[row.text for row in comments.select_related("article__author")[:1]])
        """)
    assert found == "in default / in default"
