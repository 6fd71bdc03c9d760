"""Aliases that ``TEST`` says to be another one under test."""

import pytest

from tests.runner.test_django_runner import check

REPLICA = "DATABASES['replica'] = {**DATABASES['default'], 'TEST': {'MIRROR': 'default'}}"
CORE = "DATABASES['core']['TEST'] = {**DATABASES['core'].get('TEST', {}), 'MIRROR': 'default'}"
CORE_REPLICA = "DATABASES['core_replica'] = {**DATABASES['core'], 'TEST': {'MIRROR': 'core'}}"

TESTS = """
    from articles.models import Article
    from comments.models import Comment, Content
    from django.test import TestCase, TransactionTestCase


    class InTransactionTests(TestCase):
        databases = "__all__"

        def test_rows(self):
            self.assertEqual(Article.objects.count(), 0)
            article = Article.objects.create(title="Dams", slug="dams")
            Comment.objects.create(article=article, text="Deep")
            self.assertEqual(Comment.objects.get(article__title="Dams").text, "Deep")


    class CommittedTests(TransactionTestCase):
        databases = "__all__"

        def test_first(self):
            self.assertEqual(Article.objects.count(), 0)
            article = Article.objects.create(title="Dams", slug="dams")
            Comment.objects.create(article=article, text="Deep")
            Content.contents.create(title="Locks", slug="locks")
            for alias in {aliases}:
                self.assertEqual(Article.objects.using(alias).get().title, "Dams")
            for alias in {local_aliases}:
                comment = Comment.objects.using(alias).select_related("article").get(article__title="Dams")
                self.assertEqual((comment.text, comment.article.slug), ("Deep", "dams"))

        def test_second(self):
            self.test_first()
"""


@pytest.fixture
def add_mirrors(child, add_tests):
    def add(aliases, local_aliases=()):
        add_tests("test_mirrors", TESTS.format(aliases=list(aliases), local_aliases=list(local_aliases)))

    return add


@pytest.mark.parametrize(
    ("settings", "aliases", "local_aliases"),
    [
        (REPLICA, ["default", "replica"], ["replica"]),
        (CORE, ["default", "core"], []),
        (CORE_REPLICA, ["core_replica"], []),
    ],
    ids=["the child's replica", "a core", "a core's replica"],
)
@pytest.mark.parametrize("arguments", [[], ["--parallel", "2"]], ids=["alone", "in two processes"])
def test_mirrors(child, add_mirrors, settings, aliases, local_aliases, arguments):
    add_mirrors(aliases, local_aliases)
    before = child.dump()
    with child.changed_settings(settings):
        check(child.manage("test", "--noinput", *arguments, "comments.test_mirrors"), 3)
    assert child.dump() == before
