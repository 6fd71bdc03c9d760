"""A child whose connections are shared by a pooler, which sends each transaction over any of them."""

from contextlib import ExitStack

import pytest

from tests.servers import pooler
from tests.staged.projects import staged_settings

WORKER = """
    import threading

    import django

    django.setup()
    from django.db import connection

    from comments.models import Comment

    wrong = []


    def work():
        try:
            # So that few rows are many.
            connection.ops.inline_limit = 5
            for _ in range(10):
                every = Comment.objects.order_by("article__title", "pk")
                wrong.append(len({comment.article.title for comment in every.select_related("article")}) != 40)
                wrong.append(every.filter(pk__lte=30, article__title__contains="title").count() != 30)
                wrong.append(len(list(every.iterator(chunk_size=3))) != 40)
        except BaseException as error:
            wrong.append(repr(error))


    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(wrong), sum(map(bool, wrong)), [found for found in wrong if found])
"""


@pytest.fixture(scope="module")
def pooled(migrated_projects):
    """The child, staged, over a pooler."""
    core, child = migrated_projects
    core.rows("INSERT INTO articles_author (id, name) VALUES (1, 'Ada')")
    core.rows(
        "INSERT INTO articles_article (id, title, slug, author_id) "
        "SELECT n, 'title ' || n, 'slug' || n, 1 FROM generate_series(1, 40) n"
    )
    child.rows(
        "INSERT INTO comments_comment (id, article_id, text) SELECT n, n, 'text' FROM generate_series(1, 40) n"
    )
    child.add_settings(staged_settings(core))
    with pooler(child.databases.server, 3, f"SET search_path = {child.database}, public") as address:
        child.add_settings(
            f"DATABASES['default'].update(HOST={address.host!r}, PORT={address.port}, DISABLE_SERVER_SIDE_CURSORS=True)"
        )
        yield child


@pytest.mark.postgresql
def test_large_sets_in_autocommit(pooled):
    """The statements of one query are sent over one connection of the server's, and no two processes meet there."""
    pooled.write("worker.py", WORKER)
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                pooled.running(
                    "-c", "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'; import worker"
                )
            )
            for _ in range(2)
        ]
        for process in processes:
            output, errors = process.communicate(timeout=120)
            assert output.strip() == "120 0 []", output + errors
