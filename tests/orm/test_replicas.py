"""An alias of a replica of the child's server: it has another address, and takes no writes."""

import pytest

from tests.forwarding import forwarded

pytestmark = [pytest.mark.mysql, pytest.mark.postgresql]

READ_ONLY = {
    "mysql": {"init_command": "SET SESSION TRANSACTION READ ONLY"},
    "postgresql": {"options": "{options} -c default_transaction_read_only=on"},
}


@pytest.fixture(scope="module")
def child(module_projects):
    core, child = module_projects
    core.migrate()
    child.migrate()
    child.shell("""
        for number, name in enumerate(("Ada", "Ben")):
            article = Article.objects.create(title=f"by {name}", slug=name, author=Author.objects.create(name=name))
            Comment.objects.create(article=article, text=f"of {name}")
    """)
    with forwarded(child.databases.server) as server:
        child.add_settings(f"""
            DATABASES["replica"] = {{**DATABASES["default"], "HOST": {server.host!r}, "PORT": {server.port}}}
            DATABASES["replica"]["OPTIONS"] = {{
                **DATABASES["replica"]["OPTIONS"], **{options(child)!r}, "connect_timeout": 20
            }}
        """)
        yield child


def options(child):
    own = child.databases.settings(child.database)["OPTIONS"]
    return {
        name: text.format(options=own.get("options", ""))
        for name, text in READ_ONLY[child.databases.engine].items()
    }


def test_it_takes_no_writes(child):
    refused = child.shell("""
        from django.db import DatabaseError

        try:
            Comment.objects.using("replica").update(text="")
        except DatabaseError as error:
            print(type(error).__name__)
    """)
    assert refused in {"InternalError", "OperationalError"}


def test_queries_span_there_as_on_the_child(child):
    found = child.shell("""
        from django.db.models import Count, OuterRef, Subquery

        comments, articles = Comment.objects.using("replica"), Article.objects.using("replica")
        print(*comments.order_by("article__author__name").values_list("text", "article__title"))
        print(*(comment.article.author.name for comment in comments.select_related("article__author").order_by("pk")))
        print(*articles.annotate(n=Count("comments")).filter(comments__text="of Ben").values_list("title", "n"))
        texts = Comment.objects.filter(article=OuterRef("pk")).values("text")
        print(*articles.annotate(text=Subquery(texts)).order_by("-title").values_list("text", flat=True))
        print(articles.filter(comments__text="of Ada").explain() != "")
    """)
    assert found.splitlines() == [
        "('of Ada', 'by Ada') ('of Ben', 'by Ben')",
        "Ada Ben",
        "('by Ben', 1)",
        "of Ben of Ada",
        "True",
    ]


def test_relations_of_its_rows_are_followed_there(child):
    found = child.shell("""
        comment = Comment.objects.using("replica").get(text="of Ada")
        print(comment.article.title, comment.article.author.name)
        article = Article.objects.using("replica").prefetch_related("comments").get(comments=comment)
        print(*(each.text for each in article.comments.all()), article.comments.count())
    """)
    assert found.splitlines() == ["by Ada Ada", "of Ada 1"]


@pytest.mark.linked("staged, a core row knows core as its database")
def test_whatever_belongs_to_its_rows_is_asked_of_it(child):
    found = child.shell("""
        comment = Comment.objects.using("replica").select_related("article").get(text="of Ada")
        print(comment._state.db, comment.article._state.db, comment.article.author._state.db)
        print(comment.article.comments.get()._state.db)
    """)
    assert found.splitlines() == ["replica replica replica", "replica"]
