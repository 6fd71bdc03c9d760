"""How much memory it takes to look through a table that is large to its core."""

import pytest

# 0 … 99,999, without what only one engine has.
DIGIT = " UNION ALL ".join(f"SELECT {digit} AS n" for digit in range(10))
NUMBERS = f"""
    SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS number
    FROM ({DIGIT}) a, ({DIGIT}) b, ({DIGIT}) c, ({DIGIT}) d, ({DIGIT}) e
"""
ARTICLES = f"""
    INSERT INTO articles_article (id, title, slug)
    SELECT number, 'title', CONCAT('slug-', number) FROM ({NUMBERS}) numbers WHERE number > 0 AND number < 90000
"""
COMMENTS = f"""
    INSERT INTO comments_comment (article_id, text)
    SELECT number, 'text' FROM ({NUMBERS}) numbers WHERE number > 0 AND number <= 90000
"""
MOST = 100 * 1024  # KiB

RUN = """
    from resource import RUSAGE_SELF, getrusage
    from django.core.management import call_command

    before = getrusage(RUSAGE_SELF).ru_maxrss
    try:
        call_command("causeway", "orphans", {arguments})
    except Exception as error:
        print(error)
    print(getrusage(RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.staged("linked, one statement does it on the server")
def test_no_table_is_held_in_memory(migrated_projects):
    core, child = migrated_projects
    core.rows(
        ARTICLES.replace("CONCAT('slug-', number)", "'slug-' || number") if is_sqlite(core) else ARTICLES
    )
    for _ in range(2):
        child.rows(COMMENTS)
    *lines, grown = child.shell(RUN.format(arguments="")).splitlines()
    assert lines[0].startswith("comments.Comment.article (CASCADE): 2 orphans of articles.Article")
    assert int(grown) < MOST
    core.rows("DELETE FROM articles_article WHERE id <= 20000")
    *lines, grown = child.shell(RUN.format(arguments="'--fix'")).splitlines()
    assert "repaired 40002 of 40002 orphans." in "".join(lines)
    assert int(grown) < MOST
    assert child.rows("SELECT count(*) FROM comments_comment") == [(139998,)]


def is_sqlite(project):
    return project.databases.engine == "sqlite3"
