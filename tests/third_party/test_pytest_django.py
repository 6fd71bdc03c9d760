"""pytest-django: its fixtures and marks over the two databases."""

import json
from urllib.request import Request, urlopen

import pytest
from django.db import connections, transaction
from django.test.testcases import DatabaseOperationForbidden

from tests.library.models import Article, Author, Tag
from tests.shop.models import Comment, Content

BOTH = {"databases": ["default", "core"]}


def make_article():
    """Rows in both databases, which no other test must have left."""
    assert not Article.objects.exists()
    assert not Comment.objects.exists()
    article = Article.objects.create(title="Dams", slug="dams", author=Author.objects.create(name="Ada"))
    Comment.objects.create(article=article, text="Deep")
    return article


def call(server, path, **data):
    """What a running server answers to a GET, or to a POST of the data."""
    request = Request(f"{server.url}/{path}/", headers={"Content-Type": "application/json"})
    request.data = json.dumps(data).encode() if data else None
    with urlopen(request) as answer:
        return json.load(answer)


@pytest.fixture
def article(db):
    return make_article()


@pytest.mark.parametrize("number", [1, 2])
def test_the_db_fixture_rolls_back_both_databases(article, number):
    assert article.comments.get().text == "Deep"


@pytest.mark.django_db(transaction=True, **BOTH)
@pytest.mark.parametrize("number", [1, 2])
def test_a_transactional_test_flushes_both_databases(number):
    make_article()
    Content.contents.create(title="Shared", slug="shared")
    assert Article.objects.using("core").get().title == "Dams"


@pytest.mark.django_db(transaction=True, **BOTH)
def test_a_transactional_test_sees_both_databases_rolled_back():
    with pytest.raises(Author.DoesNotExist), transaction.atomic():
        make_article()
        Author.objects.get(name="nobody")
    assert not Article.objects.using("core").exists()
    assert not Comment.objects.exists()


def test_core_models_need_no_alias_of_their_own(db):
    Tag.objects.create(name="water")
    with pytest.raises(
        DatabaseOperationForbidden, match="Database queries to 'core' are not allowed in this test"
    ):
        Content.contents.count()


@pytest.mark.django_db(**BOTH)
def test_an_alias_that_is_named_is_open():
    Content.contents.create(title="Shared", slug="shared")
    assert (Content.contents.count(), Content.objects.count()) == (1, 0)


def test_queries_are_counted(article, django_assert_num_queries, django_assert_max_num_queries):
    with django_assert_num_queries(1):
        comment = Comment.objects.select_related("article__author").get(article__slug="dams")
        assert comment.article.author.name == "Ada"
    with django_assert_num_queries(2) as queries:
        assert [len(row.comments.all()) for row in Article.objects.prefetch_related("comments")] == [1]
    assert "library_article" in queries.captured_queries[0]["sql"]
    with django_assert_max_num_queries(1):
        article.comments.count()


@pytest.mark.django_db(**BOTH)
def test_queries_are_counted_on_each_connection(django_assert_num_queries):
    core = connections["core"]
    with django_assert_num_queries(0), django_assert_num_queries(1, connection=core):
        list(Content.contents.all())
    with django_assert_num_queries(1), django_assert_num_queries(0, connection=core):
        list(Article.objects.filter(comments__text="Deep"))


def test_what_waits_for_the_commit_is_run(db, django_capture_on_commit_callbacks):
    committed = []
    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            Tag.objects.create(name="water")
            transaction.on_commit(lambda: committed.append(Tag.objects.get().name))
        assert committed == []
    assert committed == ["water"]


@pytest.mark.django_db(**BOTH)
def test_a_server_works_on_the_same_databases(live_server):
    article = make_article()
    (found,) = call(live_server, "api/articles")
    assert (found["id"], found["title"], found["comments"]) == (article.pk, "Dams", ["Deep"])
    call(live_server, "api/comments", article=article.pk, text="Wide")
    call(live_server, "api/tags", name="water")
    assert set(article.comments.values_list("text", flat=True)) == {"Deep", "Wide"}
    assert Tag.objects.using("core").get().name == "water"
