"""Another vendor's backend behind our mixin: what it has of its own stays in force, and ours is added."""

import pytest

from tests.databases import engine

MIXINS = {"sqlite3": "SQLiteMixin", "mysql": "MySQLMixin", "postgresql": "PostgreSQLMixin"}

# The vendor's: every class derives from Django's, and notes that it was used.
OTHER_COMPILER = """
    from importlib import import_module

    from django.db import connections
    from django.db.backends.ENGINE.operations import DatabaseOperations

    from other.notes import notes

    theirs = import_module(DatabaseOperations.compiler_module)


    class Noting:
        def execute_sql(self, *args, **kwargs):
            notes.append(type(self).__name__)
            return super().execute_sql(*args, **kwargs)


    class SQLCompiler(Noting, theirs.SQLCompiler): pass
    class SQLInsertCompiler(Noting, theirs.SQLInsertCompiler): pass
    class SQLDeleteCompiler(Noting, theirs.SQLDeleteCompiler): pass
    class SQLUpdateCompiler(Noting, theirs.SQLUpdateCompiler): pass
    class SQLAggregateCompiler(Noting, theirs.SQLAggregateCompiler): pass
"""

OTHER_BASE = """
    from django.db.backends.ENGINE import base

    from other.notes import notes

    Django = base.DatabaseWrapper


    class Cursor:
        def __init__(self, cursor):
            self.cursor = cursor

        def execute(self, *args, **kwargs):
            notes.append("cursor")
            return self.cursor.execute(*args, **kwargs)

        def __getattr__(self, name):
            return getattr(self.cursor, name)

        def __iter__(self):
            return iter(self.cursor)


    class DatabaseOperations(Django.ops_class):
        compiler_module = "other.compiler"


    class DatabaseFeatures(Django.features_class):
        of_its_own = True


    class DatabaseSchemaEditor(Django.SchemaEditorClass):
        def create_model(self, model):
            notes.append("create_model")
            super().create_model(model)


    class DatabaseIntrospection(Django.introspection_class):
        def get_table_list(self, cursor):
            notes.append("get_table_list")
            return super().get_table_list(cursor)


    class DatabaseCreation(Django.creation_class):
        def create_test_db(self, *args, **kwargs):
            print(f"The vendor makes the test database of {self.connection.alias}.")
            return super().create_test_db(*args, **kwargs)


    class DatabaseValidation(Django.validation_class):
        def check(self, **kwargs):
            notes.append("check")
            return super().check(**kwargs)


    class DatabaseWrapper(Django):
        SchemaEditorClass = DatabaseSchemaEditor
        creation_class = DatabaseCreation
        features_class = DatabaseFeatures
        introspection_class = DatabaseIntrospection
        ops_class = DatabaseOperations
        validation_class = DatabaseValidation

        def create_cursor(self, name=None):
            return Cursor(super().create_cursor(name))
"""

WRAPPED = """
    from other.base import DatabaseWrapper as OtherDatabaseWrapper

    from causeway.backends.ENGINE.base import MIXIN


    class DatabaseWrapper(MIXIN, OtherDatabaseWrapper):
        pass
"""


@pytest.fixture(scope="module")
def child(module_projects):
    core, child = module_projects
    for path, text in (
        ("other/notes.py", "notes = []\n"),
        ("other/compiler.py", OTHER_COMPILER),
        ("other/base.py", OTHER_BASE),
        ("wrapped/base.py", WRAPPED),
    ):
        child.write(path, text.replace("ENGINE", engine()).replace("MIXIN", MIXINS[engine()]))
    child.add_settings("for entry in DATABASES.values(): entry['ENGINE'] = 'wrapped'")
    core.migrate()
    child.migrate()
    return child


def noted(child, code):
    """What the vendor's classes note while the code runs."""
    said = child.shell(f"""
        from django.db import connection
        from django.db.models import Count
        from other.notes import notes
        connection.ensure_connection()
        notes.clear()
        {code}
        print(*[note for note in notes if note != "cursor"])
    """)
    return said.split()


def test_each_compiler_is_the_vendors_and_finds_the_core_tables(child):
    assert noted(child, "Article.objects.create(title='Dams', slug='dams')") == ["SQLInsertCompiler"]
    assert noted(child, "assert Comment.objects.filter(article__title='Dams').count() == 0") == [
        "SQLCompiler"
    ]
    assert noted(child, "assert Article.objects.update(title='Locks') == 1") == ["SQLUpdateCompiler"]
    aggregate = "Article.objects.annotate(n=Count('comments')).filter(n=0).aggregate(all=Count('pk'))"
    assert noted(child, f"assert {aggregate} == {{'all': 1}}") == ["SQLAggregateCompiler"]
    assert (
        noted(child, "assert Article.objects.filter(comments=None).delete()[0] == 1")[-1]
        == "SQLDeleteCompiler"
    )


def test_each_cursor_is_the_vendors(child):
    found = child.shell("""
        from django.db import connection
        from other.notes import notes
        connection.ensure_connection()
        notes.clear()
        Article.objects.count()
        print(notes)
    """)
    assert found == "['SQLCompiler', 'cursor']"


def test_its_other_classes_stay_in_force(child):
    assert noted(child, "connection.validation.check()") == ["check", "get_table_list"]
    assert noted(child, "connection.introspection.table_names()") == ["get_table_list"]
    assert noted(child, "print(connection.features.of_its_own)") == ["True"]
    assert "create_model" in noted(
        child,
        "import contextlib; editor = connection.schema_editor(collect_sql=True); "
        "contextlib.ExitStack().enter_context(editor).create_model(Comment)",
    )


def test_its_schema_editor_is_kept_from_core_tables(child):
    refused = "with connection.schema_editor() as editor: editor.delete_model(Article)"
    assert (
        "CoreNotOwned"
        in child.manage("shell", "--command", f"from django.db import connection\n{refused}", status=1).stderr
    )


def test_its_test_databases_are_both_made(child):
    child.write(
        "comments/tests.py",
        """
        from articles.models import Article
        from comments.models import Comment
        from django.test import TestCase

        class Tests(TestCase):
            def test_both(self):
                Comment.objects.create(article=Article.objects.create(title="", slug=""))
                self.assertEqual(Comment.objects.filter(article__slug="").count(), 1)
        """,
    )
    done = child.manage("test", "--noinput")
    assert "\nOK\n" in done.stderr
    for alias in ("default", "core"):
        assert f"The vendor makes the test database of {alias}." in done.stdout
