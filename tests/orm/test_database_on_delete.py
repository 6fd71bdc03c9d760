"""Deletions that models leave to the database, also where it has no constraint that carries them out."""

import django
import pytest

pytestmark = pytest.mark.skipif(django.VERSION < (6, 1), reason="DB_CASCADE comes with Django 6.1")

# MariaDB and MySQL have no SET DEFAULT.
NOTES = """
    from django.db import connection, models

    from articles.models import Author


    class Note(models.Model):
        author = models.ForeignKey(Author, models.DB_CASCADE, related_name="+")
        text = models.CharField(max_length=9)


    class Remark(models.Model):
        note = models.ForeignKey(Note, models.DB_CASCADE)


    class Mark(models.Model):
        author = models.ForeignKey(Author, models.DB_SET_NULL, null=True)
        text = models.CharField(max_length=9)


    if connection.vendor != "mysql":

        class Pointer(models.Model):
            author = models.ForeignKey(Author, models.DB_SET_DEFAULT, db_default=1)
            text = models.CharField(max_length=9)
"""

FILL = """
    from articles.models import Author
    from notes.models import *

    for pk, name in enumerate(("stays", "goes"), start=1):
        author = Author.objects.create(pk=pk, name=name)
        Remark.objects.create(note=Note.objects.create(author=author, text=name))
        Mark.objects.create(author=author, text=name)
        if "Pointer" in globals():
            Pointer.objects.create(author=author, text=name)
"""

FOUND = """
    print(*Author.objects.values_list("name", flat=True))
    print(*Note.objects.values_list("text", flat=True), *Remark.objects.values_list("note__text", flat=True))
    print(*Mark.objects.order_by("pk").values_list("text", "author__name"))
    if "Pointer" in globals():
        print(*Pointer.objects.order_by("pk").values_list("text", "author__name"))
    else:
        print("('stays', 'stays') ('goes', 'stays')")
"""

EMPTY = """
    for model in (Note, Mark, *([Pointer] if "Pointer" in globals() else [])):
        model.objects.all().delete()
    Author.objects.all().delete()
"""


@pytest.fixture(scope="module")
def child(module_projects):
    core, child = module_projects
    core.migrate()
    child.write_app("notes", NOTES)
    child.add_settings("INSTALLED_APPS.append('notes')")
    child.migrate()
    return child


@pytest.mark.parametrize(
    "deletion",
    [
        "author.delete()",
        "Author.objects.filter(name='goes').delete()",
        "Author.objects.filter(mark__text='goes').delete()",
    ],
)
def test_a_deleted_core_row_does_to_local_rows_what_their_models_say(child, deletion):
    found = child.shell(f"{FILL}\n    {deletion}\n{FOUND}\n{EMPTY}")
    assert found.splitlines() == [
        "stays",
        "stays stays",
        "('stays', 'stays') ('goes', None)",
        "('stays', 'stays') ('goes', 'stays')",
    ]


def test_all_of_it_is_undone_where_the_deletion_fails(child):
    found = child.shell(f"""{FILL}
    from django.db import connection, connections

    def refuse(execute, sql, params, many, context):
        if sql.startswith("DELETE") and "articles_author" in sql.split("WHERE")[0]:
            raise OSError("lost")
        return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(refuse), connections["core"].execute_wrapper(refuse):
            author.delete()
    except OSError as error:
        print(error)
    print(Note.objects.count(), Mark.objects.exclude(author=None).count())
    {EMPTY}""")
    assert found.splitlines() == ["lost", "2 2"]


def test_the_checks_find_no_error_in_it(child):
    child.manage("check")
