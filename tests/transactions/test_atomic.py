"""Blocks of ``atomic()`` over a child's own database and a staged core: both are written, or neither."""

from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction

import causeway
from causeway.exceptions import PlainAtomicError, TwoPhaseUnavailable
from causeway.transactions import installation
from tests.library.models import Article
from tests.shop.models import Comment, Shelf
from tests.transactions.cases import AUTHOR, SpanningTestCase, write_core, write_local


class Refused(Exception):
    pass


def is_prepared_here():
    return connections["core"].never_prepares is None


@pytest.mark.staged("one transaction covers both where core is linked")
class BothOrNeitherTests(SpanningTestCase):
    def atomic(self, **options):
        """Where core can be prepared, all or nothing; on SQLite, what there is."""
        return causeway.atomic(best_effort=not is_prepared_here(), **options)

    def test_both_are_committed(self):
        with self.atomic():
            write_local()
            write_core()
            self.assert_rows()
        self.assert_rows(core=["core"], local=["local"])

    def test_both_are_rolled_back(self):
        with pytest.raises(Refused), self.atomic():
            write_core()
            write_local()
            raise Refused
        self.assert_rows()

    def test_one_side_alone(self):
        with self.atomic():
            write_core()
        with self.atomic():
            write_local()
        self.assert_rows(core=["core"], local=["local"])

    def test_as_a_decorator(self):
        @self.atomic()
        def write():
            write_core()
            write_local()

        write()
        self.assert_rows(core=["core"], local=["local"])

    def test_a_savepoint_holds_for_both(self):
        with self.atomic():
            write_core("first")
            with pytest.raises(Refused), self.atomic():
                write_core("second")
                write_local("second")
                raise Refused
            with pytest.raises(Refused), transaction.atomic():
                write_local("third")
                write_core("third")
                raise Refused
            write_local("first")
        self.assert_rows(core=["first"], local=["first"])

    def test_a_savepoint_before_the_other_side_has_begun(self):
        with self.atomic():
            write_local("first")
            with pytest.raises(Refused), transaction.atomic():
                write_core("second")
                raise Refused
            write_core("first")
        self.assert_rows(core=["first"], local=["first"])

    def test_a_savepoint_on_core_holds_for_both(self):
        with self.atomic():
            write_local("first")
            with pytest.raises(Refused), transaction.atomic("core"):
                write_core("second")
                write_local("second")
                raise Refused
            write_core("first")
        self.assert_rows(core=["first"], local=["first"])

    def test_an_error_within_a_savepoint_spoils_neither(self):
        with self.atomic():
            write_core("first")
            write_local("first")
            with pytest.raises(IntegrityError), transaction.atomic():
                write_core("first")
            write_core("second")
        self.assert_rows(core=["first", "second"], local=["first"])

    def test_within_a_block_of_djangos(self):
        with transaction.atomic():
            write_local("before")
            with self.atomic():
                write_core()
                write_local()
        self.assert_rows(core=["core"], local=["before", "local"])

    def test_a_block_of_djangos_around_it_that_fails(self):
        with pytest.raises(Refused), transaction.atomic():
            with self.atomic():
                write_core()
                write_local()
            raise Refused
        self.assert_rows()

    def test_durable(self):
        with self.atomic(durable=True):
            write_core()
            write_local()
            with pytest.raises(RuntimeError, match="durable"), self.atomic(durable=True):
                pass
        self.assert_rows(core=["core"], local=["local"])

    def test_on_commit_runs_once_when_both_are_there(self):
        ran = []
        with self.atomic():
            write_core()
            write_local()
            for alias in ("default", "core"):
                transaction.on_commit(lambda alias=alias: ran.append((alias, Article.objects.count())), alias)
            with pytest.raises(Refused), transaction.atomic():
                transaction.on_commit(lambda: ran.append("never"), "core")
                transaction.on_commit(lambda: ran.append("never"))
                raise Refused
            assert not ran
        assert ran == [("default", 1), ("core", 1)]
        with pytest.raises(Refused), self.atomic():
            transaction.on_commit(lambda: ran.append("never"), "core")
            write_core("second")
            raise Refused
        assert len(ran) == 2

    def test_what_was_written_is_read(self):
        with self.atomic():
            article = write_core()
            Comment.objects.create(article=article, text="new")
            assert Comment.objects.get(article__title="core").article == article
            assert Article.objects.using("core").get(comments__text="new") == article
        self.assert_rows(core=["core"])

    def test_get_or_create(self):
        with pytest.raises(Refused), self.atomic():
            Article.objects.get_or_create(slug="new", defaults={"title": "new", "author_id": AUTHOR})
            Shelf.objects.get_or_create(name="new")
            raise Refused
        self.assert_rows()

    def test_a_connection_lost_in_the_block(self):
        with pytest.raises(Exception), self.atomic():  # noqa: B017 (each driver has its own)
            write_core()
            write_local()
            connections["core"].close()
            write_core("second")
        self.assert_rows()
        with self.atomic():
            write_core()
            write_local()
        self.assert_rows(core=["core"], local=["local"])

    def test_the_childs_connection_lost_in_the_block(self):
        with pytest.raises(Exception), self.atomic():  # noqa: B017
            write_core()
            write_local()
            connection.close()
            write_core("second")
        self.assert_rows()
        with self.atomic():
            write_core()
        self.assert_rows(core=["core"])

    def test_set_rollback(self):
        with self.atomic():
            write_core()
            write_local()
            transaction.set_rollback(True)
        self.assert_rows()

    def test_the_tables_of_both_after_a_failed_statement(self):
        with pytest.raises(IntegrityError), self.atomic():
            write_local()
            write_core("same")
            write_core("same")
        self.assert_rows()


@pytest.mark.staged("one transaction covers both where core is linked")
class PlainBlockTests(SpanningTestCase):
    def test_it_covers_a_core_that_is_written_alone(self):
        with pytest.raises(Refused), transaction.atomic():
            write_core()
            raise Refused
        self.assert_rows()
        with transaction.atomic():
            write_core()
            self.assert_rows()
        self.assert_rows(core=["core"])

    def test_both_homes_are_refused_in_tests(self):
        for first, second, alias in ((write_local, write_core, "core"), (write_core, write_local, "default")):
            with pytest.raises(PlainAtomicError, match=f"Cannot write '{alias}'"), transaction.atomic():
                first()
                second()
        self.assert_rows()

    def test_each_in_a_block_of_its_own(self):
        with transaction.atomic():
            write_core()
        with transaction.atomic():
            write_local()
        self.assert_rows(core=["core"], local=["local"])

    def test_one_row_of_two_tables(self):
        Comment.objects.create(article=write_core(), text="goes with it")
        Article.objects.get().delete()
        self.assert_rows()
        assert not Comment.objects.exists()


@pytest.mark.staged("one transaction covers both where core is linked")
class RefusalTests(SpanningTestCase):
    def test_sqlite(self):
        """It is refused where neither can be prepared, before the second of the two is written."""
        if is_prepared_here() or connection.vendor != "sqlite":
            self.skipTest("One of the two can be prepared.")
        for first, second in ((write_local, write_core), (write_core, write_local)):
            with (
                pytest.raises(TwoPhaseUnavailable, match="SQLite cannot prepare"),
                causeway.atomic(),
                patch.object(connection, "commit") as commit,
            ):
                first()
                second()
            assert not commit.called
        self.assert_rows()

    def test_one_home_alone_is_never_refused(self):
        with causeway.atomic():
            list(Article.objects.all())
            write_local()
        with causeway.atomic():
            list(Shelf.objects.all())
            write_core()
        self.assert_rows(core=["core"], local=["local"])

    def test_a_table_that_is_locked_is_not_taken_for_a_missing_one(self):
        if not is_prepared_here() or connection.vendor != "postgresql":
            self.skipTest("This one is PostgreSQL's.")
        installation.forget_key()
        migrating = connection.copy()
        migrating.set_autocommit(False)
        options = {"options": "-c lock_timeout=100ms"}
        with migrating.cursor() as cursor, patch.dict(connection.settings_dict, OPTIONS=options):
            cursor.execute(f"LOCK TABLE {installation.INSTALLATIONS}")
            with pytest.raises(OperationalError), causeway.atomic():
                write_core()
                write_local()
        migrating.close()
        with causeway.atomic():
            write_core()
            write_local()
        self.assert_rows(core=["core"], local=["local"])

    def test_a_savepoint_by_hand_within_a_block_of_the_other_connection(self):
        for outer, other in (("core", "default"), ("default", "core")):
            with transaction.atomic(outer):
                sid = transaction.savepoint(other)
                write_core("undone")
                write_local("undone")
                transaction.savepoint_rollback(sid, other)
                write_core(outer)
                write_local(outer)
        self.assert_rows(core=["core", "default"], local=["core", "default"])

    def test_a_durable_block_within_a_test_case_of_the_other_connection(self):
        block = transaction.atomic("default")
        block._from_testcase = True
        with block, transaction.atomic("core", durable=True):
            write_core()

    def test_a_durable_block_within_one_of_the_other_connection(self):
        pairs = [
            ("core", transaction.atomic(durable=True)),
            ("default", transaction.atomic("core", durable=True)),
        ]
        if is_prepared_here():
            pairs.append(("core", causeway.atomic(durable=True)))
        for outer, durable in pairs:
            with transaction.atomic(outer), pytest.raises(RuntimeError, match="durable"), durable:
                write_local()
        self.assert_rows()

    def test_the_tables_of_decisions_are_missing(self):
        """At the call, where both are insisted on; other blocks end as they did before there was such a table."""
        if not is_prepared_here():
            self.skipTest("This core cannot be prepared.")
        with missing_table(installation.INSTALLATIONS):
            with pytest.raises(TwoPhaseUnavailable, match="Run migrate"), causeway.atomic():
                write_local()
                write_core()
            self.assert_rows()
            with transaction.atomic("default"):
                write_local()
                write_core()
        self.assert_rows(core=["core"], local=["local"])


@contextmanager
def missing_table(name):
    quote_name = connection.ops.quote_name
    names = [quote_name(name), quote_name(f"{name}_kept")]
    rename(*names)
    installation.forget_key()
    try:
        yield
    finally:
        rename(*reversed(names))
        installation.forget_key()


def rename(old, new):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")
