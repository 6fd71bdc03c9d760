"""A core project and a child with rows of every kind, for commands that read or write rows."""

import pytest

SHELVES = """
    from articles.models import Article
    from django.db import models


    class Shelf(models.Model):
        name = models.CharField(max_length=100)
        articles = models.ManyToManyField(Article)


    class Story(Article):
        teaser = models.TextField()
"""

# The rows at the start of each test, by table. Article 2 is the core half of the story.
CORE_ROWS = {
    "articles_author": "(id, name) VALUES (1, 'Ada')",
    "articles_article": "(id, title, slug, author_id) VALUES (1, 'Dams', 'dams', 1), (2, 'Weirs', 'weirs', 1)",
    "content": "(id, title, slug) VALUES (1, 'Shared', 'shared')",
}
LOCAL_ROWS = {
    "comments_comment": "(id, article_id, text) VALUES (1, 1, 'Good')",
    "content": "(id, title, slug) VALUES (1, 'Ours', 'ours')",
    "shelves_shelf": "(id, name) VALUES (1, 'Reading')",
    "shelves_shelf_articles": "(shelf_id, article_id) VALUES (1, 1)",
    "shelves_story": "(article_ptr_id, teaser) VALUES (2, 'Low')",
}


@pytest.fixture(scope="module")
def migrated(module_projects):
    core, child = module_projects
    child.write_app("shelves", SHELVES)
    child.add_settings("INSTALLED_APPS += ['shelves']")
    core.migrate()
    child.migrate()
    return core, child


@pytest.fixture
def projects(migrated):
    """Both, with the same rows at the start of each test."""
    core, child = migrated
    for project, rows in ((child, LOCAL_ROWS), (core, CORE_ROWS)):
        for table in reversed(rows):
            project.rows(f"DELETE FROM {table}")
    for project, rows in ((core, CORE_ROWS), (child, LOCAL_ROWS)):
        for table, values in rows.items():
            project.rows(f"INSERT INTO {table} {values}")
    return core, child


def counts(project, tables):
    """The number of rows in each of the tables."""
    return {table: project.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}
