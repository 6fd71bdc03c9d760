"""What becomes of a connection when rows are carried to it."""

from hashlib import sha256

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from causeway.exceptions import PlacementError
from causeway.placements.staged.relation import Column, Relation
from tests.placements.carrying import results, temporary
from tests.placements.values.models import Specimen
from tests.shop.models import Bookmark

NAME = "causeway_temporary"
# By vendor, the columns that are indexed in the table of a name.
INDEXED = {
    "postgresql": """
        SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE indrelid = %s::regclass
    """,
    "sqlite": """
        SELECT of_index.name FROM pragma_index_list(%s) AS indexes, pragma_index_info(indexes.name) AS of_index
    """,
}


def columns(*names):
    return tuple(Column(name, Specimen._meta.get_field(name)) for name in names)


def relation(*rows, names=("id", "char"), keys=()):
    return Relation("values_specimen", columns(*names), list(rows), frozenset(keys))


def found(stands_in, body):
    return results(
        connection, Specimen.objects.order_by("id").values_list(*names_of(stands_in)), stands_in, body
    )


def names_of(stands_in):
    return [column.name for column in stands_in.columns]


def exists(name=NAME):
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(name)}")
        except DatabaseError:
            return False
    return True


class VehiclesTests(TransactionTestCase):
    databases = {"default"}

    def create(self, stands_in, name=NAME):
        with connection.cursor() as cursor:
            connection.ops.create_temporary(cursor, name, stands_in)
        self.addCleanup(self.drop, name)

    def drop(self, name=NAME):
        with connection.cursor() as cursor:
            connection.ops.drop_temporary(cursor, name)

    def assert_carried(self, stands_in):
        inline = connection.ops.inline_relation(stands_in)
        self.assertEqual(found(stands_in, inline), stands_in.rows)
        with temporary(connection, stands_in) as body:
            self.assertEqual(found(stands_in, body), stands_in.rows)

    def test_no_rows_are_carried(self):
        self.assert_carried(relation())
        self.assert_carried(relation(names=["id"]))

    def test_one_column_is_carried(self):
        self.assert_carried(relation((1,), (2,), names=["id"]))

    def test_many_rows_are_carried(self):
        self.assert_carried(relation(*((number, f"text {number}") for number in range(3000))))

    def test_text_that_is_longer_than_its_column_is_carried_whole(self):
        # SQLite keeps it, and other engines do where they are not strict.
        self.assert_carried(relation((1, "a" * 50), (2, "é" * 20_000)))
        self.assert_carried(relation((1, "a" * 50), (2, "é" * 20_000), keys=["id", "char"]))

    def test_long_text_can_be_a_key(self):
        digests = (sha256(number.to_bytes()).hexdigest() for number in range(200))
        self.assert_carried(relation((1, "".join(digests)), names=["id", "text"], keys=["text"]))

    def test_inline_relation_can_be_read_twice(self):
        stands_in = relation((1, "a"), (2, "b"))
        body, params = connection.ops.inline_relation(stands_in)
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH c (x, y) AS ({body}) SELECT a.x, b.y FROM c a JOIN c b ON a.x < b.x", params
            )
            self.assertEqual(list(cursor.fetchall()), [(1, "b")])

    def test_temporary_table_or_its_copy_can_be_read_beside_it(self):
        with temporary(connection, relation((1, "a"), (2, "b"))), connection.cursor() as cursor:
            names = [NAME, NAME] if connection.ops.reopens_temporary else [NAME, f"{NAME}_copy"]
            if names[1] != NAME:
                connection.ops.copy_temporary(cursor, names[1], NAME)
                self.addCleanup(self.drop, names[1])
            c, d = (f"(x, y) AS (SELECT * FROM {connection.ops.quote_name(name)})" for name in names)
            cursor.execute(f"WITH c {c}, d {d} SELECT c.x, d.y FROM c JOIN d ON c.x < d.x")
            self.assertEqual(list(cursor.fetchall()), [(1, "b")])

    def test_copy_of_a_temporary_table_that_fails_leaves_nothing(self):
        if connection.ops.reopens_temporary:
            self.skipTest("This is about engines that open a temporary table once in a statement.")
        self.create(relation((1, "a"), keys=["id"]))
        with connection.cursor() as cursor, self.assertRaises(DatabaseError):
            connection.ops.copy_temporary(cursor, f"{NAME}_copy", "causeway_missing")
        self.assertIs(exists(f"{NAME}_copy"), False)

    def test_temporary_table_is_gone_after_it_was_dropped(self):
        self.create(relation((1, "a")))
        self.assertIs(exists(), True)
        self.drop()
        self.assertIs(exists(), False)
        self.drop()

    def test_temporary_table_of_the_same_name_can_follow(self):
        for text in ("a", "b"):
            with temporary(connection, relation((1, text))) as body:
                self.assertEqual(found(relation((1, text)), body), [(1, text)])

    def test_keys_are_indexed(self):
        stands_in = relation((1, "a"), keys=["id", "char"])
        self.create(stands_in)
        with connection.cursor() as cursor:
            if connection.vendor == "mysql":
                # No other statement tells of the indexes of temporary tables.
                cursor.execute(f"SHOW INDEX FROM {connection.ops.quote_name(NAME)}")
                found = [row[4] for row in cursor.fetchall()]
            else:
                cursor.execute(INDEXED[connection.vendor], [NAME])
                found = [name for (name,) in cursor.fetchall()]
        self.assertEqual(sorted(found), ["char", "id"])

    def test_transaction_goes_on(self):
        for keys in ([], ["id", "char"]):
            with self.subTest(keys=keys), self.assertRaises(ZeroDivisionError), transaction.atomic():
                self.write()
                with temporary(connection, relation((1, "a"), keys=keys)):
                    self.assertIs(connection.in_atomic_block, True)
                raise ZeroDivisionError
            self.assertEqual(Bookmark.objects.count(), 0)

    def write(self):
        Bookmark.objects.create(article=None)

    def test_autocommit_goes_on(self):
        with temporary(connection, relation((1, "a"), keys=["id"])):
            self.write()
            self.assertIs(connection.get_autocommit(), True)
        connection.close()
        self.assertEqual(Bookmark.objects.count(), 1)

    def test_failed_filling_leaves_nothing(self):
        with self.assertRaises((DatabaseError, PlacementError)):
            self.create(self.unfit())
        self.assertIs(exists(), False)

    def test_failed_filling_within_a_transaction_leaves_nothing(self):
        with self.assertRaises((DatabaseError, PlacementError)), transaction.atomic():
            self.create(self.unfit())
        self.assertIs(exists(), False)
        self.write()

    def unfit(self):
        rows = [(number, "a") for number in range(100)]
        return relation(*rows, (2**70, "b"))

    def test_statements_are_logged(self):
        with CaptureQueriesContext(connection) as captured, temporary(connection, relation((1, "a"))):
            pass
        statements = [query["sql"].split(" (")[0] for query in captured]
        self.assertIn(f"CREATE TEMPORARY TABLE {connection.ops.quote_name(NAME)}", statements)

    def test_few_rows_go_inline_and_many_do_not(self):
        limit = connection.ops.inline_limit
        few, many = (relation(*[(number, "a") for number in range(count)]) for count in (limit, limit + 1))
        self.assertEqual(connection.ops.carried_inline([many, few]), [few])

    def test_what_a_statement_has_no_room_for_does_not_go_inline(self):
        small, large = relation((1, "a")), relation((1, "a" * 20), (2, "b" * 20))
        room = connection.ops.inline_room(0)
        self.assertGreater(room, 1000)
        connection.ops.inline_room = lambda params: connection.ops.inline_size(large)
        self.addCleanup(delattr, connection.ops, "inline_room")
        self.assertEqual(connection.ops.carried_inline([large, small]), [small])
        self.assertEqual(connection.ops.carried_inline([large]), [large])


@pytest.mark.sqlite3
class SQLiteVehiclesTests(TransactionTestCase):
    databases = {"default"}

    def test_parameters_of_a_statement_are_counted(self):
        room = connection.ops.inline_room(0)
        stands_in = relation(*((number, "a") for number in range(10)))
        self.assertEqual(connection.ops.carried_inline([stands_in], params=room - 20), [stands_in])
        self.assertEqual(connection.ops.carried_inline([stands_in], params=room - 19), [])

    def test_inline_relation_that_is_joined_is_made_once(self):
        # A plan that reads it for each row has no index of it.
        body, params = connection.ops.inline_relation(relation(*((number, "a") for number in range(100))))
        sql = f"WITH c (x, y) AS ({body}) SELECT x FROM shop_bookmark b LEFT JOIN c ON x = article_id"
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = [row[3] for row in cursor.fetchall()]
        self.assertTrue(any("SEARCH c USING AUTOMATIC" in step for step in plan), plan)

    def test_value_of_another_type_than_its_column_is_carried(self):
        stands_in = relation((1, "abc"), (2, ""), (3, 5), names=["id", "integer"])
        with temporary(connection, stands_in) as body:
            for vehicle in (connection.ops.inline_relation(stands_in), body):
                self.assertEqual(found(stands_in, vehicle), stands_in.rows)
