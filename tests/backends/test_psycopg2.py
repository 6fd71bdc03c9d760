"""A staged core and its child over psycopg 2, which Django uses where psycopg is not installed."""

import pytest

from tests import databases

pytest.importorskip("psycopg2")
pytestmark = [
    pytest.mark.staged("linked, nothing is prepared"),
    pytest.mark.postgresql,
    pytest.mark.skipif(databases.core_engine() != "postgresql", reason="Core is on another engine."),
]

WITHOUT_PSYCOPG = "import sys; sys.modules['psycopg'] = None"


@pytest.fixture(scope="module")
def child(migrated_projects):
    core, child = migrated_projects
    core.rows("INSERT INTO articles_author (id, name) VALUES (1, 'Ada')")
    settings = child.folder / "settings.py"
    settings.write_text(f"{WITHOUT_PSYCOPG}\n{settings.read_text()}")
    return child


def test_both_databases_are_committed_together(child):
    said = child.shell("""
        import causeway
        from django.db import connection, transaction
        from django.db.backends.postgresql.psycopg_any import is_psycopg3

        ran = []
        for slug in ("first", "second"):
            with causeway.atomic():
                article = Article.objects.create(title=slug, slug=slug, author_id=1)
                Comment.objects.create(article=article, text=slug)
                transaction.on_commit(lambda: ran.append(slug))
        print(is_psycopg3, ran, Comment.objects.filter(article__slug="second").count(), connection.get_autocommit())
    """)
    assert said.strip() == "False ['first', 'second'] 1 True"


def test_what_is_rolled_back_is_so_on_both_sides(child):
    said = child.shell("""
        import causeway

        try:
            with causeway.atomic():
                article = Article.objects.create(title="third", slug="third", author_id=1)
                Comment.objects.create(article=article, text="third")
                raise InterruptedError
        except InterruptedError:
            print(Article.objects.filter(slug="third").count(), Comment.objects.filter(text="third").count())
    """)
    assert said.strip() == "0 0"


def test_a_prepared_transaction_is_recovered(child):
    said = child.shell("""
        import causeway
        from causeway.transactions.commit import Commit
        from causeway.transactions.recovery import recover
        from unittest.mock import patch

        with patch.object(Commit, "finish", lambda self, branch, gid: False), causeway.atomic():
            article = Article.objects.create(title="fourth", slug="fourth", author_id=1)
            Comment.objects.create(article=article, text="fourth")
        before = Article.objects.filter(slug="fourth").count()
        print(before, [found.outcome for found in recover()], Article.objects.filter(slug="fourth").count(), recover())
    """)
    assert said.strip() == "0 ['committed'] 1 []"


def test_a_large_set_is_carried(child):
    said = child.shell("""
        rows = [Article(title=f"t{number}", slug=f"s{number}", author_id=1) for number in range(3000)]
        Article.objects.bulk_create(rows)
        Comment.objects.bulk_create([Comment(article=row, text=row.title) for row in rows])
        print(Comment.objects.filter(article__title__startswith="t").count())
    """)
    assert said.strip() == "3000"
