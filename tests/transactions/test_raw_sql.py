"""Raw SQL within a block: whatever it is, it is part of the transaction."""

from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, connections, transaction

import causeway
from tests.library.models import Author
from tests.transactions.cases import SpanningTestCase, write_core, write_local
from tests.transactions.prepared import PreparedTestCase, recovered

RENAME = "UPDATE library_author SET name = 'renamed'"
LONG = f"SELECT 1 IN ({', '.join(['1'] * 5000)})"
# What only looks as if it read, and is sent as one text.
HIDDEN = {
    "postgresql": [
        f"SET LOCAL statement_timeout = 0; {RENAME}",
        f"SELECT 1; {RENAME}",
        f"WITH a AS (SELECT 1), /* it's */ b AS ({RENAME} RETURNING 1) SELECT 1 FROM b",
        f"WITH a AS (SELECT $$ ' $$), b AS ({RENAME} RETURNING 1) SELECT 1 FROM b",
        f"WITH a AS ({LONG}), b AS ({RENAME} RETURNING 1), c AS ({LONG}) SELECT 1 FROM b",
        "SELECT causeway_test_rename()",
        "(SELECT causeway_test_rename())",
        "VALUES (causeway_test_rename())",
        r"SELECT 1 WHERE E'\'' = '' OR causeway_test_rename() = 1",
        "DECLARE renaming CURSOR FOR SELECT causeway_test_rename(); FETCH ALL FROM renaming",
        f"DO $do$ BEGIN {RENAME}; END $do$",
        f"PREPARE renaming AS {RENAME}; EXECUTE renaming; DEALLOCATE renaming",
        f"EXPLAIN ANALYZE {RENAME}",
        f"SAVEPOINT a; {RENAME}",
        f"; ; {RENAME}",
        f'SELECT "a;" FROM (SELECT 1 AS "a;") AS b; {RENAME}',
    ],
    "mysql": [
        f"SELECT 1; {RENAME}",
        f"/*! {RENAME} */",
        "SELECT causeway_test_rename()",
        "(SELECT causeway_test_rename())",
        "SELECT causeway_test_rename() INTO @renamed",
        "SET @renamed = causeway_test_rename()",
        "DO causeway_test_rename()",
        f"SELECT 1 # it's\n; {RENAME}",
        f"SELECT 1 -- it's\n; {RENAME}",
        rf"SELECT '\''; {RENAME}",
        f'PREPARE renaming FROM "{RENAME}"; EXECUTE renaming; DEALLOCATE PREPARE renaming',
    ],
    "sqlite": [
        f"WITH a AS (SELECT 1) {RENAME}",
        f"/* it's */ {RENAME}",
        f"-- it's\n{RENAME}",
        f"WITH a AS (SELECT [it's] FROM (SELECT 1 AS [it's])) {RENAME}",
        "REPLACE INTO library_author (id, name) VALUES (1, 'renamed')",
    ],
}
FUNCTION = {
    "postgresql": "CREATE FUNCTION causeway_test_rename() RETURNS int LANGUAGE sql AS "
    f"$$ {RENAME}; SELECT 1 $$",
    "mysql": f"CREATE FUNCTION causeway_test_rename() RETURNS int MODIFIES SQL DATA BEGIN {RENAME}; RETURN 1; END",
}


class Undo(Exception):
    pass


def send(alias, sql):
    with connections[alias].cursor() as cursor:
        cursor.execute(sql)
        while connections[alias].vendor == "mysql" and cursor.nextset():
            pass


@contextmanager
def function_that_renames(alias):
    statement = FUNCTION.get(connections[alias].vendor)
    if statement:
        send(alias, statement)
    try:
        yield
    finally:
        if statement:
            send(alias, "DROP FUNCTION causeway_test_rename")


@pytest.mark.staged("linked, the connection of core is not that of the block")
class RawSQLTests(SpanningTestCase):
    def name(self):
        return Author.objects.values_list("name", flat=True).get()

    def test_core_is_rolled_back_with_the_block(self):
        for block in (lambda: causeway.atomic(best_effort=True), transaction.atomic):
            with function_that_renames("core"):
                for sql in HIDDEN[connections["core"].vendor]:
                    with self.subTest(sql=sql[-60:]), pytest.raises(Undo), block():
                        send("core", sql)
                        raise Undo
                    assert self.name() == "Ada"

    def test_core_is_committed_with_the_block(self):
        with function_that_renames("core"):
            for sql in HIDDEN[connections["core"].vendor]:
                with self.subTest(sql=sql[-60:]), causeway.atomic(best_effort=True):
                    send("core", sql)
                assert self.name() == "renamed"
                Author.objects.update(name="Ada")

    def test_it_is_rolled_back_to_a_savepoint(self):
        with function_that_renames("core"):
            for sql in HIDDEN[connections["core"].vendor]:
                with self.subTest(sql=sql[-60:]), causeway.atomic(best_effort=True):
                    with pytest.raises(Undo), transaction.atomic():
                        send("core", sql)
                        raise Undo
                    assert self.name() == "Ada"

    def test_what_the_compilers_send_begins_nothing(self):
        """A block that only reads core by querysets has no transaction there."""
        with causeway.atomic(best_effort=True):
            list(Author.objects.filter(name__contains=" for update block"))
            Author.objects.count()
            assert connections["core"] not in connection.unit.begun


@pytest.mark.staged("core is committed by itself where it was written alone")
class TwoPhaseTests(PreparedTestCase):
    def test_both_or_neither_where_raw_sql_wrote_the_other(self):
        """The child's commit is refused, and core's part, which querysets wrote, is not kept."""
        if connection.vendor != "postgresql":
            self.skipTest("This engine checks constraints at once.")
        insert = "INSERT INTO shop_shelf_articles (shelf_id, article_id) VALUES (99999, 1)"
        for sql in (
            f"WITH x AS (SELECT $$ ' $$), y AS ({insert} RETURNING 1) SELECT 1",
            f"SELECT 1; {insert}",
        ):
            with self.subTest(sql), pytest.raises(DatabaseError), causeway.atomic():
                send("default", sql)
                write_core()
            self.assert_rows()

    def test_raw_sql_that_writes_core_is_committed_in_two_phases(self):
        """It is not seen as writing, and the reply of the server tells."""
        logged = self.assertLogs("django.db.backends", "DEBUG")
        with function_that_renames("core"), logged as logs, causeway.atomic():
            connections["core"].force_debug_cursor = True
            self.addCleanup(setattr, connections["core"], "force_debug_cursor", False)
            write_local()
            send("core", "SELECT causeway_test_rename()")
        assert any("PREPARE" in line for line in logs.output)
        assert Author.objects.get().name == "renamed"
        assert not recovered()

    def test_raw_sql_that_only_read_is_not(self):
        if connections["core"].vendor != "postgresql":
            self.skipTest("This server does not tell.")
        with self.assertLogs("django.db.backends", "DEBUG") as logs, causeway.atomic():
            connections["core"].force_debug_cursor = True
            self.addCleanup(setattr, connections["core"], "force_debug_cursor", False)
            write_local()
            send("core", "SELECT pg_backend_pid()")
        assert not any("PREPARE" in line for line in logs.output)
