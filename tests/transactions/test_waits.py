"""A deadlock that goes through both databases, which neither of them sees, ends by itself."""

import threading

import pytest
from django.db import OperationalError, connections, transaction

import causeway
from causeway.backends.postgresql import branches
from causeway.exceptions import TwoPhaseUnavailable
from tests.library.models import Author
from tests.shop.models import Shelf
from tests.transactions.cases import AUTHOR, SpanningTestCase, write_core, write_local

pytestmark = [pytest.mark.staged("linked, the server sees every deadlock"), pytest.mark.postgresql]


def lock_timeout():
    with connections["core"].cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


class WaitsTests(SpanningTestCase):
    def setUp(self):
        super().setUp()
        if connections["core"].vendor != "postgresql":
            self.skipTest("Other servers bound each wait for a lock.")

    def test_a_deadlock_through_both(self):
        Shelf.objects.create(pk=1, name="shelf")
        self.enterContext(pytest.MonkeyPatch.context()).setattr(
            branches, "BOUND", (branches.BOUND[0], ["500ms"])
        )
        barrier, outcomes = threading.Barrier(2, timeout=20), {}

        def rename_author(name):
            Author.objects.filter(pk=AUTHOR).update(name=name)

        def rename_shelf(name):
            Shelf.objects.filter(pk=1).update(name=name)

        def work(name, first, second):
            try:
                with causeway.atomic():
                    first(name)
                    barrier.wait()
                    second(name)
                outcomes[name] = "done"
            except OperationalError:
                outcomes[name] = "given up"
            finally:
                connections.close_all()

        orders = [("left", rename_author, rename_shelf), ("right", rename_shelf, rename_author)]
        threads = [threading.Thread(target=work, args=order) for order in orders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert outcomes == {"left": "done", "right": "given up"}
        self.assert_rows(local=["left"])
        assert Author.objects.get().name == "left"

    def test_waits_are_bounded_where_both_are_used(self):
        with causeway.atomic():
            write_core()
            assert lock_timeout() == "0"
            write_local()
            assert lock_timeout() == "20s"
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                1 / 0  # noqa: B018
            assert lock_timeout() == "20s"
        assert lock_timeout() == "0"

    def test_what_is_rolled_back_is_bounded_again(self):
        with causeway.atomic():
            write_core()
            with pytest.raises(ZeroDivisionError), transaction.atomic("core"):
                write_local()
                assert lock_timeout() == "20s"
                1 / 0  # noqa: B018
            write_local("second")
            assert lock_timeout() == "20s"

    def test_a_bound_of_the_projects_own_stays(self):
        with connections["core"].cursor() as cursor:
            cursor.execute("SET lock_timeout = '7s'")
        self.addCleanup(connections["core"].close)
        with causeway.atomic():
            write_local()
            write_core()
            assert lock_timeout() == "7s"


class NotifyTests(SpanningTestCase):
    def test_a_table_whose_trigger_notifies(self):
        core = connections["core"]
        if core.vendor != "postgresql":
            self.skipTest("This one is PostgreSQL's.")
        with core.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_notify('articles', NEW.title); RETURN NEW; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER tell AFTER INSERT ON library_article FOR EACH ROW EXECUTE FUNCTION tell()"
            )
        try:
            with pytest.raises(TwoPhaseUnavailable, match="prepares none that notifies"), causeway.atomic():
                write_local()
                write_core()
            self.assert_rows()
            with causeway.atomic():
                write_core("alone")
            self.assert_rows(core=["alone"])
        finally:
            with core.cursor() as cursor:
                cursor.execute("DROP TRIGGER tell ON library_article; DROP FUNCTION tell()")
        with causeway.atomic():
            write_local("next")
            write_core("next")
        self.assert_rows(core=["alone", "next"], local=["next"])
