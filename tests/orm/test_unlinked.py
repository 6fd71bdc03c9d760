"""A core database that cannot be linked: core models by themselves, and a sentence for what spans both."""

import json

import pytest

from tests.databases import SQLiteDatabases, engine

PREPARE = """
import causeway
from django.core.management import call_command

call_command("migrate", database="core", verbosity=0)
article = Article.objects.create(title="Dams", slug="dams", author=Author.objects.create(name="Ada"))
Comment.objects.create(article=article, text="Deep")
"""

# A spanning query, and the table that is out of its reach.
SPANNING = {
    "list(Comment.objects.filter(article__title='Dams'))": "articles_article",
    "list(Comment.objects.select_related('article'))": "articles_article",
    "Comment.objects.order_by('article__title').first()": "articles_article",
    "Comment.objects.exclude(article__author__name='Ada').count()": "articles_a",
    "Comment.objects.filter(article__title='Dams').update(text='x')": "articles_article",
    "Comment.objects.filter(article__title='Dams').delete()": "articles_article",
    "list(Comment.objects.filter(article__in=Article.objects.using('default').all()))": "articles_article",
    "list(Article.objects.filter(comments__text='Deep'))": "comments_comment",
    "Article.objects.filter(comments__text='Deep').update(title='x')": "comments_comment",
    "causeway.table(Article)": "articles_article",
}

TRY_EACH = """
import json

sentences = {{}}
for code in {codes!r}:
    try:
        eval(code)
    except Exception as error:
        sentences[code] = f"{{type(error).__name__}}: {{error}}"
    else:
        sentences[code] = "done"
print(json.dumps(sentences))
print(Article.objects.get().title, Comment.objects.get().text)
"""


@pytest.fixture
def unlinked_project(core_project, child_project):
    """The core is in memory (SQLite), or in a file where the child is on a server (MariaDB)."""
    in_file = SQLiteDatabases(child_project.folder).name("elsewhere")
    name = ":memory:" if engine() == "sqlite3" else in_file
    child_project.add_settings(f"""
        DATABASES["core"] = {{"ENGINE": "causeway.backends.sqlite3", "NAME": {name!r}}}
        CAUSEWAY["core"]["OWNER"] = True
        SILENCED_SYSTEM_CHECKS = ["causeway.E007"]
    """)
    child_project.manage("makemigrations", "articles", "comments")
    child_project.manage("migrate")
    return child_project


def test_each_database_by_itself(unlinked_project):
    found = unlinked_project.shell(
        PREPARE
        + """
print(Article.objects.filter(author__name="Ada").get()._state.db, Article.objects.update(title="Dykes"))
print(Comment.objects.get().article.title, article.comments.get().text)
print(Comment.objects.prefetch_related("article__author").get().article.author.name)
print(Content.contents.create(title="A", slug="a")._state.db, Content.objects.count())
"""
    )
    assert found.splitlines() == ["core 1", "Dykes Deep", "Ada", "core 0"]


@pytest.mark.linked("staged, it is not refused")
def test_a_spanning_query_is_refused_with_a_sentence(unlinked_project):
    found = unlinked_project.shell(PREPARE + TRY_EACH.format(codes=list(SPANNING)))
    sentences, rows = found.splitlines()
    for code, sentence in json.loads(sentences).items():
        assert sentence.startswith("PlacementError: Cannot use the table"), code
        assert SPANNING[code] in sentence
        assert "'core'" in sentence, code
        assert "'default'" in sentence, code
        assert "on one server" in sentence or "core knows no child" in sentence, code
    assert rows == "Dams Deep"
