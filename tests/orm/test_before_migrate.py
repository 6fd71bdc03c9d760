"""A child that is not migrated yet finds no rows of its own; above all, it does not take core's for them."""

TRY = """
from django.db import DatabaseError

for attempt in (Content.objects.count, lambda: Content.objects.create(title="lost", slug="lost")):
    try:
        print(attempt())
    except DatabaseError as error:
        print("no table" if "content" in str(error) else error)
print(Content.contents.get().title, Article.objects.count())
"""


def test_local_rows_are_not_looked_for_in_core(core_project, child_project):
    core_project.migrate()
    core_project.shell("Content.objects.create(title='in core', slug='core')")
    assert child_project.shell(TRY).splitlines() == ["no table", "no table", "in core 0"]
    assert core_project.rows("SELECT title FROM content") == [("in core",)]
