"""Rows of a database of the project that has no part in core are related to one another alone."""

ARCHIVE = """
    from pathlib import Path

    file = str(Path(__file__).with_name("archive.sqlite3"))
    DATABASES["archive"] = {"ENGINE": "causeway.backends.sqlite3", "NAME": file}
"""

RELATE = """
for alias in ("default", "archive"):
    article = Article.objects.using(alias).create(title=alias, slug="same")
    Comment.objects.using(alias).create(article=article, text=f"in {alias}")
for one in ("default", "core", "archive"):
    for other in ("default", "archive"):
        comment = Comment.objects.using(other).get()
        try:
            comment.article = Article.objects.using(one).get()
        except ValueError:
            continue
        print(f"{one} to {other}")
comment = Comment.objects.using("archive").get()
print(comment.article.title, comment.article._state.db, comment.article.comments.get().text)
"""


def test_rows_of_a_core_model_there_are_other_rows(core_project, child_project):
    core_project.migrate()
    child_project.migrate()
    child_project.add_settings(ARCHIVE)
    child_project.manage("migrate", "--database", "archive")
    found = child_project.shell(RELATE).splitlines()
    assert found == [
        "default to default",
        "core to default",
        "archive to archive",
        "archive archive in archive",
    ]
