"""A table that the child lacks is missing, also where core has one of its name that is no core model's."""

from contextlib import suppress

import pytest
from django.core.cache import caches
from django.db import DatabaseError, connection, connections, transaction
from django.test import TransactionTestCase, override_settings

import causeway
from causeway.exceptions import CoreReadOnly
from tests.databases import engine
from tests.library.models import Tag

CACHE = "another_projects_cache"
CREATE = [
    "CREATE TABLE stray (id integer PRIMARY KEY, text varchar(20), tag_id {key} REFERENCES library_tag (id) "
    "ON DELETE CASCADE)",
    f"CREATE TABLE {CACHE} (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires {{time}} NOT NULL)",
    "INSERT INTO stray (id, text) VALUES (1, 'core')",
    f"INSERT INTO {CACHE} VALUES ('kept', 'core', '2999-01-01 00:00:00')",
]


@pytest.mark.linked("raw SQL reaches no staged table")
@override_settings(
    CACHES={"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": CACHE}}
)
class MissingTableTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        key = Tag._meta.pk.rel_db_type(connection)
        time = "datetime" if engine() == "mysql" else "timestamp"
        for sql in CREATE:
            self.on_core(sql.format(key=key, time=time))
        self.addCleanup(self.on_core, "DROP TABLE stray")
        self.addCleanup(self.on_core, f"DROP TABLE {CACHE}")

    def on_core(self, sql):
        with connections["core"].cursor() as cursor:
            cursor.execute(sql)
            return list(map(tuple, cursor.fetchall())) if cursor.description else None

    def execute(self, sql, params=None):
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(map(tuple, cursor.fetchall())) if cursor.description else None

    def assert_untouched(self):
        self.assertEqual(self.on_core("SELECT id, text FROM stray"), [(1, "core")])
        self.assertEqual(self.on_core(f"SELECT cache_key, value FROM {CACHE}"), [("kept", "core")])

    def test_raw_sql(self):
        for sql in (
            "SELECT text FROM stray",
            "WITH tag AS (SELECT text FROM stray) SELECT * FROM tag",
            "INSERT INTO stray (id) SELECT id FROM library_tag",
            "INSERT INTO stray (id, text) VALUES (2, 'core.stray')",
            "UPDATE stray SET text = 'x'",
            "UPDATE stray SET text = (SELECT max(name) FROM library_tag)",
            "DELETE FROM stray",
            "DELETE FROM stray WHERE id IN (SELECT id FROM library_tag) /* core */ OR 1 = 1",
            "/* core.x */ WITH one AS (SELECT 1) DELETE FROM stray",
            "DROP TABLE stray",
            "ALTER TABLE stray ADD other integer",
        ):
            with self.subTest(sql=sql):
                with self.assertRaises(DatabaseError):
                    self.execute(sql)
                with self.assertRaises(DatabaseError), connection.cursor() as cursor:
                    cursor.executemany(sql, [()])
                self.assert_untouched()

    def test_after_a_table_of_its_own_is_gone(self):
        for _ in range(2):
            self.execute("CREATE TABLE stray (id integer PRIMARY KEY, text varchar(20))")
            self.execute("INSERT INTO stray (id, text) VALUES (7, 'own')")
            self.execute("DELETE FROM stray")
            self.execute("DROP TABLE stray")
            with self.assertRaises(DatabaseError):
                self.execute("DELETE FROM stray")
        self.assert_untouched()

    def test_a_cache(self):
        cache = caches["default"]
        with self.assertRaises(DatabaseError):
            cache.get("kept")
        with self.assertRaises(DatabaseError):
            cache.clear()
        # Django's cache takes some errors of a database for those of another writer.
        with suppress(DatabaseError):
            cache.set("new", "child")
        with self.assertRaises(DatabaseError):
            cache.delete("kept")
        self.assert_untouched()

    def test_an_error_in_a_block_ends_nothing_else(self):
        with transaction.atomic():
            Tag.objects.create(name="written")
            with self.assertRaises(DatabaseError), transaction.atomic():
                self.execute("DELETE FROM stray")
        self.assertTrue(Tag.objects.filter(name="written").exists())

    def test_the_full_name(self):
        stray = causeway.table(Tag).replace("library_tag", "stray")
        self.execute(f"UPDATE {stray} SET text = %s", ["100%"])
        self.execute(f"INSERT INTO {stray} (id, text) SELECT 2, text FROM {stray}")
        self.assertEqual(
            self.execute(f"SELECT id, text FROM {stray} ORDER BY id"), [(1, "100%"), (2, "100%")]
        )
        self.execute(f"DELETE FROM {stray}")
        self.assertEqual(self.on_core("SELECT id FROM stray"), [])

    def test_what_constraints_of_core_do(self):
        tag = Tag.objects.create(name="gone")
        if engine() != "mysql":  # which knows no REFERENCES of a column
            self.on_core(f"INSERT INTO stray (id, text, tag_id) VALUES (2, 'child', {tag.pk})")
        Tag.objects.filter(name="gone").update(name="renamed")
        self.execute("DELETE FROM library_tag WHERE name = 'renamed'")
        self.assert_untouched()

    @pytest.mark.sqlite3
    def test_maintenance(self):
        Tag.objects.create(name="wood")
        for sql in (
            "ANALYZE",
            "PRAGMA optimize",
            "PRAGMA foreign_key_check",
            "REINDEX",
            "EXPLAIN DELETE FROM library_tag",
        ):
            self.execute(sql)

    @pytest.mark.sqlite3
    def test_what_the_driver_is_given_itself(self):
        connection.ensure_connection()
        for sql in ("DELETE FROM stray", f"DELETE FROM {CACHE}", "DROP TABLE stray"):
            with self.assertRaises(connection.Database.Error):
                connection.connection.executescript(sql)
        self.assert_untouched()


@pytest.mark.sqlite3
@pytest.mark.linked("raw SQL reaches no staged table")
class ReadOnlyFileTests(TransactionTestCase):
    """A file has no rights of users: what must not be written is refused by any name."""

    databases = {"default", "core"}

    def test_no_statement_writes(self):
        Tag.objects.create(name="wood")
        statements = [
            "INSERT INTO library_tag (name) VALUES ('x')",
            'DELETE FROM "core"."library_tag"',
            "DELETE FROM Library_Tag",
            "WITH x AS (SELECT 1) UPDATE core.library_tag SET name = 'x'",
            "DROP TABLE core.library_tag",
            "CREATE TABLE core.other (id)",
        ]
        settings = causeway.conf.settings.CAUSEWAY["core"]
        for sql in statements[:3]:
            # They were prepared before.
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
                transaction.set_rollback(True)
        with override_settings(CAUSEWAY={"core": {**settings, "READ_ONLY": True}}):
            for sql in statements:
                with (
                    self.subTest(sql=sql),
                    self.assertRaises((CoreReadOnly, causeway.exceptions.CoreNotOwned)),
                    connection.cursor() as cursor,
                ):
                    cursor.execute(sql)
            with self.assertRaises(connection.Database.Error):
                connection.connection.executescript("DELETE FROM core.library_tag")
        self.assertEqual(list(Tag.objects.values_list("name", flat=True)), ["wood"])
