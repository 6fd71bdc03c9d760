"""What ``--fix`` does beside others who write: no row is lost whose core row is there, or will be."""

import multiprocessing
import os
import random
import time
from contextlib import ExitStack, contextmanager
from io import StringIO
from unittest.mock import patch

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

import causeway
from causeway.orphans.relations import GenericKeyRelation
from causeway.transactions import decisions
from causeway.transactions.commit import Commit
from tests.library.models import Article
from tests.orm.models import Place, Sticker
from tests.orphans.cases import unchecked
from tests.shop.models import Comment
from tests.transactions.cases import AUTHOR, SpanningTestCase
from tests.transactions.prepared import Named, end_session

FIRST = 1000
ROWS = 400
PAGE = 100
WRITERS = 2
# How many rows each writer makes.
ROUNDS = int(os.environ.get("CAUSEWAY_TEST_ROUNDS", 60))
# Seconds between the commit of the child's own database and core's.
DELAY = 0.01


def make_article(key):
    return Article.objects.create(pk=key, title="new", slug=f"new-{key}", author_id=AUTHOR)


def orphans(*arguments):
    """What the command writes, and the error with which it ends; None if it ends well."""
    stdout, error = StringIO(), None
    try:
        call_command("causeway", "orphans", *arguments, stdout=stdout, stderr=StringIO())
    except CommandError as caught:
        error = caught
    return stdout.getvalue(), error


class RowsThatComeTests(SpanningTestCase):
    """Rows that are inserted while the orphans are looked for, at keys between those that are."""

    def setUp(self):
        super().setUp()
        self.coming = iter(range(FIRST + 1, FIRST + ROWS, 2))
        self.came = 0
        self.enterContext(patch("causeway.orphans.relations.PAGE", PAGE))

    def insert_at_each_statement(self, insert):
        """Whenever core is asked something, and nobody has locked the child's file, a row comes."""

        def come(execute, sql, *arguments):
            if not connection.in_atomic_block and (key := next(self.coming, None)):
                insert(key)
                self.came += 1
            return execute(sql, *arguments)

        return connections["core"].execute_wrapper(come)

    @pytest.mark.staged("linked, one statement looks at all rows")
    def test_rows_of_a_foreign_key(self):
        Article.objects.bulk_create(
            Article(pk=key, title="there", slug=f"there-{key}", author_id=AUTHOR)
            for key in range(FIRST, FIRST + ROWS)
        )
        Comment.objects.bulk_create(
            Comment(article_id=key, text="even") for key in range(FIRST, FIRST + ROWS, 2)
        )
        # There is something to repair in the first page.
        Article.objects.filter(pk=FIRST + 2)._raw_delete("core")
        with self.insert_at_each_statement(lambda key: Comment.objects.create(article_id=key, text="odd")):
            for arguments in ([], ["--fix"]):
                written, _ = orphans("--relation", "shop.Comment.article", *arguments)
                self.assertIn(f": 1 orphan of library.Article, which lacks {FIRST + 2}\n", written)
        self.assertGreater(self.came, ROWS / PAGE)
        self.assertEqual(Comment.objects.filter(text="odd").count(), self.came)
        self.assertEqual(Comment.objects.filter(text="even").count(), ROWS / 2 - 1)

    @pytest.mark.staged("linked, the wrapper would see its own statements")
    def test_rows_of_a_generic_key(self):
        place_type = ContentType.objects.get_for_model(Place)
        Place.objects.bulk_create(
            Place(pk=key, name=f"there-{key}", country="GB") for key in range(FIRST, FIRST + ROWS)
        )
        Sticker.objects.bulk_create(
            Sticker(name="even", content_type=place_type, object_id=key)
            for key in range(FIRST, FIRST + ROWS, 2)
        )
        Place.objects.filter(pk=FIRST + 2)._raw_delete("core")

        def insert(key):
            Sticker.objects.create(name="odd", content_type=place_type, object_id=key)

        with self.insert_at_each_statement(insert):
            for arguments in ([], ["--fix"]):
                written, _ = orphans("--relation", "orm.Sticker.target", *arguments)
                self.assertIn(f": 1 orphan of orm.Place, which lacks {FIRST + 2}\n", written)
        self.assertEqual(Sticker.objects.filter(name="odd").count(), self.came)
        self.assertEqual(Sticker.objects.filter(name="even").count(), ROWS / 2 - 1)

    def test_a_core_row_that_came_back_keeps_the_row_of_its_generic_key(self):
        place_type = ContentType.objects.get_for_model(Place)
        Sticker.objects.create(name="stays", content_type=place_type, object_id=7)
        missing = GenericKeyRelation.missing

        def then_it_comes_back(relation, keys):
            yield from list(missing(relation, keys))
            if not connection.in_atomic_block:
                Place.objects.get_or_create(pk=7, name="back", country="GB")

        with patch.object(GenericKeyRelation, "missing", then_it_comes_back):
            orphans("--fix", "--relation", "orm.Sticker.target")
        self.assertTrue(Sticker.objects.exists())


@pytest.mark.staged("nothing is prepared where core is linked")
class UnfinishedTests(SpanningTestCase):
    """Transactions over both databases of which the child's side is committed, and core's prepared."""

    KEY = 77

    def setUp(self):
        super().setUp()
        if connections["core"].never_prepares:
            self.skipTest("This core prepares nothing.")
        self.enterContext(patch("causeway.transactions.unfinished.PATIENCE", 0.05))
        self.enterContext(patch("causeway.orphans.repair.LONG_PATIENCE", 0.1))

    @contextmanager
    def prepared(self):
        """A transaction that makes an article and a place is prepared on core; gives its name."""
        gid = decisions.new_gid()
        core = connections["core"].copy()
        core.ensure_connection()
        core.begin_branch(Named(gid))
        now = core.ops.adapt_datetimefield_value(timezone.now())
        try:
            for model, values in (
                (Article, {"title": "new", "slug": "new", "author_id": AUTHOR, "created_at": now}),
                (Place, {"name": "new", "country": "GB", "population": 0}),
            ):
                values["id"] = self.KEY
                with core.cursor() as cursor:
                    cursor.execute(
                        f"INSERT INTO {model._meta.db_table} ({', '.join(values)}) "
                        f"VALUES ({', '.join(['%s'] * len(values))})",
                        list(values.values()),
                    )
            core.prepare_branch(gid)
            yield gid, core
        finally:
            if core.connection is not None and gid in connections["core"].prepared():
                end_session(core, gid)
            core.close()
            connections["core"].rollback_prepared(gid)

    def write_local_rows(self):
        Comment.objects.create(article_id=self.KEY, text="new")
        Sticker.objects.create(
            name="new", content_type=ContentType.objects.get_for_model(Place), object_id=self.KEY
        )

    def assert_both_there(self):
        self.assertEqual(Comment.objects.get().article.pk, self.KEY)
        self.assertEqual(Sticker.objects.get().target.pk, self.KEY)

    def test_what_a_crash_left_is_recovered_first(self):
        with self.prepared() as (gid, core):
            decisions.insert(connection, gid, is_abort=False)
            self.write_local_rows()
            end_session(core, gid)
            written, error = orphans("--fix")
            self.assertIsNone(error)
            self.assertIn("There are no orphans", written)
            self.assert_both_there()

    def test_what_a_crash_leaves_meanwhile_is_recovered(self):
        with self.prepared() as (gid, core), patch("causeway.management.verbs.orphans.recovered", list):
            decisions.insert(connection, gid, is_abort=False)
            self.write_local_rows()
            end_session(core, gid)
            relation = "shop.Comment.article"
            # What is found does not matter: what is repaired is asked for again.
            with patch("causeway.orphans.relations.wait_for_prepared"):
                written, error = orphans("--fix", "--relation", relation)
            self.assertIn(f"{relation} (CASCADE): repaired 0 of 1 orphan.\n", written)
            self.assertIsNone(error)
            self.assertEqual(Comment.objects.get().article.pk, self.KEY)

    def test_nothing_is_told_or_repaired_while_something_is_prepared(self):
        with self.prepared() as (gid, _core), living(gid):
            self.write_local_rows()
            for arguments in ([], ["--dry-run"], ["--fix"]):
                _, error = orphans(*arguments)
                self.assertIn(
                    f"Cannot tell which rows of 'core' are gone: {gid!r} is prepared there", str(error)
                )
            self.assertTrue(Comment.objects.exists())
            self.assertTrue(Sticker.objects.exists())

    def test_a_commit_that_is_under_way_is_waited_for(self):
        looks = []
        prepared = type(connections["core"]).prepared

        with self.prepared() as (gid, core), living(gid):
            self.write_local_rows()

            def then_it_is_committed(self, beginning):
                found = prepared(self, beginning)
                looks.append(found)
                if len(looks) == 2:
                    core.commit_prepared(gid)
                return found

            with (
                patch.object(type(connections["core"]), "prepared", then_it_is_committed),
                patch("causeway.transactions.unfinished.PATIENCE", 60),
            ):
                _written, error = orphans("--relation", "shop.Comment.article")
            self.assertIsNone(error)
            self.assertGreater(len(looks), 2)
            self.assert_both_there()

    def test_rows_without_orphans_wait_for_nothing(self):
        Comment.objects.create(article=make_article(5), text="there")
        with self.prepared() as (gid, _core), living(gid):
            self.assertIsNone(orphans()[1])


@contextmanager
def living(gid):
    """Meanwhile, a child's transaction that holds the decision is open."""
    child = connections["default"].copy()
    child.settings_dict["OPTIONS"] = {**child.settings_dict["OPTIONS"]}
    try:
        if child.vendor != "sqlite":
            child.set_autocommit(False)
            decisions.insert(child, gid, is_abort=False)
            yield
        else:
            # Its lock would be that of the whole file.
            with patch("causeway.transactions.recovery.fenced", lambda local, gid: None):
                yield
    finally:
        child.close()


def create_in_one_block(key):
    with causeway.atomic():
        Comment.objects.create(article=make_article(key), text="block")


def create_plainly(key):
    Comment.objects.create(article=make_article(key), text="plain")


def work(function, *arguments):
    """Run it in a forked process, whose status is 0 if it ends well."""
    connections.close_all()
    status = 1
    try:
        function(*arguments)
        status = 0
    finally:
        connections.close_all()
        os._exit(status)


def write(number):
    """Make rows at keys in no order. Core is committed a moment after the child's own database."""
    keys = list(range(FIRST + number, FIRST + number + 2 * WRITERS * ROUNDS, WRITERS))
    random.Random(number).shuffle(keys)
    finish = Commit.finish

    def finish_late(*arguments):
        time.sleep(DELAY)
        return finish(*arguments)

    with patch.object(Commit, "finish", finish_late):
        for turn, key in enumerate(keys):
            (create_in_one_block, create_plainly)[turn % 2](key)


def repair_until(done):
    while True:
        # Whether more is to come is asked first.
        is_last = done.is_set()
        orphans("--fix", "--relation", "shop.Comment.article")
        if is_last:
            break


class LiveWritersTests(SpanningTestCase):
    def test_no_row_of_live_writers_is_lost(self):
        if "sqlite" in {each.vendor for each in connections.all()}:
            self.skipTest("A file of SQLite has one writer.")
        with unchecked(connection):
            Comment.objects.bulk_create(Comment(article_id=key, text="orphan") for key in range(1, 100, 2))
        connections.close_all()
        context = multiprocessing.get_context("fork")
        done = context.Event()
        with ExitStack() as stack:
            processes = [context.Process(target=work, args=(write, number)) for number in range(WRITERS)]
            repairing = context.Process(target=work, args=(repair_until, done))
            for process in (repairing, *processes):
                process.start()
                stack.callback(process.join)
            stack.callback(done.set)
            for process in processes:
                process.join()
        self.assertEqual([process.exitcode for process in (*processes, repairing)], [0] * (WRITERS + 1))
        for text in ("block", "plain"):
            self.assertEqual(Comment.objects.filter(text=text).count(), WRITERS * ROUNDS)
        self.assertFalse(Comment.objects.filter(text="orphan").exists())
