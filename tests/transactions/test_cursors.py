"""What raw cursors do besides ``execute()``: procedures, and PostgreSQL's COPY."""

from io import StringIO

import pytest
from django.db import Error, connections, transaction

import causeway
from tests.library.models import Author
from tests.shop.models import Shelf
from tests.transactions.cases import SpanningTestCase, write_core, write_local

PROCEDURES = {
    "mysql": """
        CREATE PROCEDURE add_author(IN added varchar(50)) INSERT INTO library_author (name) VALUES (added)
    """,
    "postgresql": """
        CREATE FUNCTION add_author(added text) RETURNS void LANGUAGE sql
        AS $$ INSERT INTO library_author (name) VALUES (added) $$
    """,
}


def is_psycopg2(connection):
    """Whether the driver is the older one, whose cursors have other methods."""
    return connection.Database.__name__ == "psycopg2"


class Refused(Exception):
    pass


@pytest.mark.staged("one transaction covers both where core is linked")
class CursorTests(SpanningTestCase):
    def setUp(self):
        super().setUp()
        self.core = connections["core"]
        if self.core.vendor not in PROCEDURES:
            self.skipTest("SQLite has no procedures.")

    def make_procedure(self):
        with self.core.cursor() as cursor:
            cursor.execute(PROCEDURES[self.core.vendor])
        self.addCleanup(self.drop_procedure)

    def drop_procedure(self):
        kind = "PROCEDURE" if self.core.vendor == "mysql" else "FUNCTION"
        with self.core.cursor() as cursor:
            cursor.execute(f"DROP {kind} add_author")

    def call(self):
        with self.core.cursor() as cursor:
            cursor.callproc("add_author", ["added"])

    def copy(self, connection, model):
        sql = f"COPY {model._meta.db_table} (name) FROM STDIN"
        with connection.cursor() as cursor:
            if is_psycopg2(connection):
                cursor.copy_expert(sql, StringIO("added\n"))
                return
            with cursor.copy(sql) as copy:
                copy.write_row(["added"])

    def assert_covered(self, write, model):
        """A block on core's connection alone, and one over both, hold what is written by that."""
        for block in (transaction.atomic("core"), causeway.atomic()):
            with pytest.raises(Refused), block:
                write()
                raise Refused
            assert not model.objects.filter(name="added").exists()
        with pytest.raises(Refused), causeway.atomic():
            write_local()
            write()
            raise Refused
        self.assert_rows()
        assert not model.objects.filter(name="added").exists()
        with causeway.atomic():
            write()
            write_local()
        assert model.objects.filter(name="added").count() == 1

    def test_a_procedure_of_core(self):
        self.make_procedure()
        self.assert_covered(self.call, Author)

    def test_a_copy_to_core(self):
        if self.core.vendor != "postgresql":
            self.skipTest("This one is PostgreSQL's.")
        self.assert_covered(lambda: self.copy(self.core, Author), Author)

    def test_a_copy_to_the_childs_database(self):
        child = connections["default"]
        if child.vendor != "postgresql":
            self.skipTest("This one is PostgreSQL's.")
        self.assert_covered(lambda: self.copy(child, Shelf), Shelf)

    def test_what_is_streamed_from_core(self):
        if self.core.vendor != "postgresql" or is_psycopg2(self.core):
            self.skipTest("This one is psycopg 3's.")

        def stream():
            with self.core.cursor() as cursor:
                list(cursor.stream("INSERT INTO library_author (name) VALUES ('added') RETURNING id"))

        self.assert_covered(stream, Author)

    def test_rows_that_are_still_being_read_when_the_block_ends(self):
        """A cursor on the server ends with the transaction. One that outlasts it could not be prepared."""
        if self.core.vendor != "postgresql":
            self.skipTest("This one is PostgreSQL's.")
        Author.objects.bulk_create(Author(name=f"author {number}") for number in range(10))
        with causeway.atomic(), transaction.atomic("core"):
            rows = Author.objects.order_by("pk").iterator(chunk_size=2)
            assert next(rows).name
            write_core()
            write_local()
        self.assert_rows(core=["core"], local=["local"])
        # What psycopg 2 says of its cursor reaches the caller as it is.
        with pytest.raises((Error, self.core.Database.Error)):
            list(rows)

    def test_a_copy_after_a_statement_that_failed(self):
        """It is refused, as every statement is, and not executed outside of the transaction."""
        if self.core.vendor != "postgresql":
            self.skipTest("This one is PostgreSQL's.")
        with transaction.atomic("core"):
            transaction.set_rollback(True, "core")
            with pytest.raises(transaction.TransactionManagementError):
                self.copy(self.core, Author)
        assert not Author.objects.filter(name="added").exists()
