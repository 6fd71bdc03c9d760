"""``causeway.atomic(tries=…)``: again after a conflict, and only then."""

import threading
from contextlib import closing

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import Error, IntegrityError, OperationalError, connection, connections, transaction
from django.test import SimpleTestCase, TestCase

import causeway
from causeway.conf import staged_cores
from tests.library.models import Author
from tests.transactions.cases import AUTHOR, SpanningTestCase, write_core, write_local


class Conflict(OperationalError):
    """What a driver tells of a deadlock."""

    def __init__(self):
        code = {"mysql": (1213, "Deadlock found"), "sqlite": ("database is locked",)}
        super().__init__(*code.get(connection.vendor, ("deadlock detected",)))
        self.__cause__ = Exception()
        self.__cause__.sqlstate = "40P01"
        self.__cause__.sqlite_errorcode = 5


class TriesTests(SpanningTestCase):
    def setUp(self):
        if staged_cores() and all(connections[alias].never_prepares for alias in ("default", "core")):
            self.skipTest("Neither can be prepared.")
        super().setUp()
        self.calls = 0

    def function(self, failures=0, error=Conflict, tries=3):
        @causeway.atomic(tries=tries)
        def transfer(name):
            """Write both."""
            self.calls += 1
            write_local(name)
            write_core(name)
            if self.calls <= failures:
                raise error
            return name

        return transfer

    def test_it_is_called_again_after_a_conflict(self):
        assert self.function(failures=2)("both") == "both"
        assert self.calls == 3
        self.assert_rows(core=["both"], local=["both"])

    def test_the_last_conflict_is_raised(self):
        with pytest.raises(Conflict):
            self.function(failures=3)("both")
        assert self.calls == 3
        self.assert_rows()

    def test_another_error_is_raised_at_once(self):
        for error in (IntegrityError, ValueError):
            with pytest.raises(error):
                self.function(failures=5, error=error)("both")
        assert self.calls == 2
        self.assert_rows()

    def test_what_was_committed_is_not_written_again(self):
        def conflict():
            raise Conflict

        @causeway.atomic(tries=3)
        def transfer():
            self.calls += 1
            write_local()
            write_core()
            transaction.on_commit(conflict)

        with pytest.raises(Conflict):
            transfer()
        assert self.calls == 1
        self.assert_rows(core=["core"], local=["local"])

    def test_hooks_run_once(self):
        ran = []

        @causeway.atomic(tries=3)
        def transfer():
            self.calls += 1
            write_core()
            transaction.on_commit(lambda: ran.append(self.calls))
            if self.calls < 3:
                raise Conflict

        transfer()
        assert ran == [3]

    def test_within_a_block_it_is_refused(self):
        for block in (transaction.atomic(), causeway.atomic()):
            with pytest.raises(RuntimeError, match="Decorate what opens the outermost block"), block:
                self.function()("both")
        transaction.set_autocommit(False)
        try:
            with pytest.raises(RuntimeError, match="autocommit turned off"):
                self.function()("both")
        finally:
            transaction.set_autocommit(True)
        assert self.calls == 0

    def test_in_asynchronous_code(self):
        async def called():
            return await sync_to_async(self.function(failures=1))("a function")

        @causeway.atomic(tries=3)
        async def transfer(name):
            self.calls += 1
            await Author.objects.filter(pk=AUTHOR).aupdate(name=f"{name} {self.calls}")
            await sync_to_async(write_local)(name)
            if self.calls < 5:
                raise Conflict
            return name

        assert async_to_sync(called)() == "a function"
        assert self.calls == 2
        assert async_to_sync(transfer)("a coroutine") == "a coroutine"
        assert self.calls == 5
        self.assert_rows(core=["a function"], local=["a function", "a coroutine"])
        assert Author.objects.get().name == "a coroutine 5"

    def test_a_deadlock(self):
        """Of two that are in each other's way, one is undone and called again."""
        if connection.vendor == "sqlite":
            self.skipTest("A file is locked as a whole.")
        Author.objects.create(pk=2, name="Ben")
        barrier, calls = threading.Barrier(2, timeout=20), []

        @causeway.atomic(tries=5)
        def rename(name, keys):
            calls.append(name)
            Author.objects.filter(pk=keys[0]).update(name=name)
            if len(calls) <= 2:
                barrier.wait()
            Author.objects.filter(pk=keys[1]).update(name=name)
            write_local(name)

        def work(*args):
            try:
                rename(*args)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work, args=args) for args in (("left", (1, 2)), ("right", (2, 1)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(calls) == 3
        self.assert_rows(local=["left", "right"])

    def test_a_lock_that_is_waited_for_in_vain(self):
        alias = "core" if connections["core"].vendor != "sqlite" else "default"
        holder = connections[alias].copy()
        holder.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        brief = {
            "mysql": "SET innodb_lock_wait_timeout = 1",
            "postgresql": "SET lock_timeout = '200ms'",
            "sqlite": "PRAGMA busy_timeout = 200",
        }

        @causeway.atomic(tries=2)
        def rename():
            self.calls += 1
            if self.calls == 2:
                holder.rollback()
            Author.objects.filter(pk=AUTHOR).update(name="renamed")
            write_local()

        with closing(holder):
            with holder.cursor() as cursor:
                table = "library_author" if alias == "core" else "shop_shelf"
                cursor.execute(
                    f"UPDATE {table} SET name = 'held'" if alias == "core" else f"DELETE FROM {table}"
                )
            for each in ("default", "core"):
                self.addCleanup(connections[each].close)
                with connections[each].cursor() as cursor:
                    cursor.execute(brief[connections[each].vendor])
            rename()
        assert self.calls == 2
        assert Author.objects.get().name == "renamed"


class RefusedTests(SimpleTestCase):
    def test_as_a_context_manager(self):
        with pytest.raises(TypeError, match="Decorate a function with it"), causeway.atomic(tries=2):
            pass

    def test_a_number_that_is_none(self):
        for number in (0, -1, 1.5, "3", True):
            with pytest.raises(ValueError, match="a number of 1 or more"):
                causeway.atomic(tries=number)

    def test_with_best_effort(self):
        with pytest.raises(ValueError, match="'tries' and 'best_effort'"):
            causeway.atomic(tries=2, best_effort=True)


class TestCaseTests(TestCase):
    databases = {"default", "core"}

    def test_within_a_test_case(self):
        calls = []

        @causeway.atomic(tries=2)
        def transfer():
            calls.append(1)
            Author.objects.create(name="Ada")
            if len(calls) == 1:
                raise Conflict

        with self.captureOnCommitCallbacks() as callbacks:
            transfer()
        assert Author.objects.count() == 1
        assert callbacks == []


def test_an_error_of_another_kind_is_no_conflict():
    from causeway.transactions.tries import is_conflict

    assert not is_conflict(Error())
