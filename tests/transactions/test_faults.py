"""Faults in a transaction over two databases: each ends with both sides written, or neither."""

import threading
import time
from unittest.mock import patch

import pytest
from django.db import DatabaseError, Error, OperationalError, connection, connections, transaction

import causeway
from causeway.transactions.recovery import recover
from tests.library.models import Author
from tests.shop.models import Shelf
from tests.transactions.cases import AUTHOR, write_core, write_local
from tests.transactions.prepared import PreparedTestCase, recovered

# The statements of the second phase and of the first.
PREPARE = ("PREPARE TRANSACTION", "XA PREPARE")
COMMIT = ("COMMIT PREPARED", "XA COMMIT")


def end_session_of(victim):
    killer = victim.copy()
    with killer.cursor() as cursor:
        if victim.vendor == "mysql":
            cursor.execute(f"KILL {victim.connection.thread_id()}")
        else:
            cursor.execute(f"SELECT pg_terminate_backend({victim.connection.info.backend_pid}, 5000)")
    killer.close()


def losing_core_at(words, after=False):
    """Meanwhile, core's session is killed before a statement with one of these words, or after it, once."""
    core = connections["core"]
    killed = []

    def wrapper(execute, sql, *rest):
        is_first = not killed and any(word in sql for word in words)
        if is_first and not after:
            killed.append(sql)
            end_session_of(core)
        result = execute(sql, *rest)
        if is_first and after:
            killed.append(sql)
            end_session_of(core)
            raise OperationalError("The reply is lost.")
        return result

    return core.execute_wrapper(wrapper)


def failing_core_at(words):
    """Meanwhile, core is away whenever a statement with one of these words is sent."""

    def wrapper(execute, sql, *rest):
        if any(word in sql for word in words):
            raise OperationalError("Core is away.")
        return execute(sql, *rest)

    return connections["core"].execute_wrapper(wrapper)


class Interrupted(Exception):
    """What is no error of a database."""


def interrupting_core_at(words):
    """Meanwhile, something else happens before a statement with one of these words, once."""
    interrupted = []

    def wrapper(execute, sql, *rest):
        if not interrupted and any(word in sql for word in words):
            interrupted.append(sql)
            raise Interrupted
        return execute(sql, *rest)

    return connections["core"].execute_wrapper(wrapper)


class FaultsTests(PreparedTestCase):
    def test_core_is_lost_before_it_is_prepared(self):
        with pytest.raises(Error), losing_core_at(PREPARE), causeway.atomic():
            write_local()
            write_core()
        self.assert_rows()
        self.assert_works()

    def test_the_reply_to_the_preparation_is_lost(self):
        with pytest.raises(OperationalError), losing_core_at(PREPARE, after=True), causeway.atomic():
            write_local()
            write_core()
        recover()  # MariaDB may not have noticed yet that the session is gone
        self.assert_rows()
        self.assert_works()

    def test_it_is_interrupted_before_core_is_committed(self):
        """Both are decided, and nothing keeps others from ending it."""
        with pytest.raises(Interrupted), interrupting_core_at(COMMIT), causeway.atomic():
            write_local()
            write_core()
        deadline = time.monotonic() + 60
        while recovered() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assert_rows(core=["core"], local=["local"])
        self.assert_works(core=["core"], local=["local"])

    def test_a_commit_that_fails_where_nothing_seemed_to_be_written(self):
        """A function that writes, called by a SELECT, is not seen as writing."""
        if connection.vendor != "postgresql":
            self.skipTest("This one is PostgreSQL's.")
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION break_a_constraint() RETURNS int LANGUAGE sql AS "
                "$$ INSERT INTO shop_shelf_articles (shelf_id, article_id) VALUES (99999, 1); SELECT 1 $$"
            )
        try:
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT break_a_constraint()")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP FUNCTION break_a_constraint")
        self.assert_works()

    def test_a_driver_that_sends_one_statement_at_a_time(self):
        core = connections["core"]
        if core.vendor != "mysql":
            self.skipTest("This one is MariaDB's.")
        core.close()
        self.addCleanup(core.__dict__.pop, "sends_several", None)
        self.addCleanup(core.close)
        options = {**core.settings_dict["OPTIONS"], "multi_statements": False}
        with patch.dict(core.settings_dict, OPTIONS=options):
            for name in ("first", "second"):
                with causeway.atomic():
                    write_local(name)
                    write_core(name)
                assert not core.sends_several
        self.assert_rows(core=["first", "second"], local=["first", "second"])

    def test_a_connection_that_is_lost_after_the_decision(self):
        """It is made up for over a new one, where there is one to be had."""
        with losing_core_at(COMMIT), causeway.atomic():
            write_local()
            write_core()
        self.assert_rows(core=["core"], local=["local"])
        self.assert_works(core=["core"], local=["local"])

    def test_core_is_lost_after_the_decision(self):
        with (
            self.assertLogs("causeway.transactions", "WARNING") as logs,
            failing_core_at(COMMIT),
            causeway.atomic(),
        ):
            write_local()
            write_core()
        assert "'manage.py causeway recover' does it" in logs.output[0]
        self.assert_rows(local=["local"])
        recover()
        self.assert_rows(core=["core"], local=["local"])
        self.assert_works(core=["core"], local=["local"])

    def test_the_childs_connection_is_made_anew_where_the_block_begins(self):
        """Where Django checks the health of connections, as between two requests."""
        if connection.vendor == "sqlite":
            self.skipTest("A file is never away.")
        connection.ensure_connection()
        end_session_of(connection)
        connection.health_check_enabled, connection.health_check_done = True, False
        self.assert_works()

    def assert_works(self, core=(), local=()):
        with causeway.atomic():
            write_core("next")
            write_local("next")
        self.assert_rows(core=[*core, "next"], local=[*local, "next"])

    def test_a_failed_statement_that_nobody_rolled_back(self):
        """PostgreSQL rolls such a transaction back where it is asked to prepare it, without an error."""
        if connections["core"].vendor != "postgresql":
            self.skipTest("Elsewhere the statement alone is undone.")
        with pytest.raises(OperationalError, match="a statement in it failed"), causeway.atomic():
            write_local()
            write_core()
            with pytest.raises(DatabaseError), connections["core"].cursor() as cursor:
                cursor.execute("SELECT nothing")
        self.assert_rows()
        self.assert_works()

    def test_a_lock_that_is_waited_for_too_long(self):
        """MariaDB undoes the statement alone then, and would commit the rest."""
        core = connections["core"]
        timeout = {"mysql": "SET innodb_lock_wait_timeout = 1", "postgresql": "SET lock_timeout = '1s'"}[
            core.vendor
        ]
        with core.cursor() as cursor:
            cursor.execute(timeout)
        self.addCleanup(core.close)
        holder = core.copy()
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("UPDATE library_author SET name = 'held'")
        with pytest.raises(OperationalError), causeway.atomic():
            write_local()
            Author.objects.create(pk=2, name="Ben")
            Author.objects.filter(pk=AUTHOR).update(name="late")
        holder.rollback()
        holder.close()
        self.assert_rows()
        assert list(Author.objects.values_list("name", flat=True)) == ["Ada"]
        self.assert_works()

    def test_a_constraint_that_the_commit_checks(self):
        if connection.vendor != "postgresql":
            self.skipTest("This engine checks constraints at once.")
        with pytest.raises(DatabaseError), causeway.atomic():
            write_core()
            shelf = Shelf.objects.create(name="local")
            shelf.articles.through.objects.create(shelf_id=shelf.pk + 1000, article_id=1)
        self.assert_rows()
        self.assert_works()

    def test_a_deadlock_in_core(self):
        """One of the two gets Django's exception, and none of its writes stays on either side."""
        if connection.vendor == "sqlite":
            self.skipTest("One of the two would wait for the child's file.")
        Author.objects.create(pk=2, name="Ben")
        barrier, outcomes = threading.Barrier(2, timeout=20), {}

        def work(name, keys):
            try:
                with causeway.atomic():
                    write_local(name)
                    Author.objects.filter(pk=keys[0]).update(name=name)
                    barrier.wait()
                    Author.objects.filter(pk=keys[1]).update(name=name)
                outcomes[name] = "done"
            except OperationalError:
                outcomes[name] = "deadlock"
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work, args=args) for args in (("left", (1, 2)), ("right", (2, 1)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes.values()) == ["deadlock", "done"]
        (winner,) = (name for name, outcome in outcomes.items() if outcome == "done")
        self.assert_rows(local=[winner])
        assert set(Author.objects.values_list("name", flat=True)) == {winner}

    def test_a_connection_is_as_it_was_afterwards(self):
        for fails in (False, True):
            for write in ((write_core,), (write_local,), (write_core, write_local)):
                try:
                    with causeway.atomic():
                        for function in write:
                            function(f"{function.__name__}{fails}{len(write)}")
                        if fails:
                            raise InterruptedError
                except InterruptedError:
                    pass
                for alias in ("default", "core"):
                    assert connections[alias].get_autocommit()
                    assert not connections[alias].in_atomic_block
                    with connections[alias].cursor() as cursor:
                        cursor.execute("SELECT 1")
        with pytest.raises(transaction.TransactionManagementError):
            transaction.get_rollback()

    def test_the_decision_survives_a_crash_of_its_server(self):
        """Also where the commits of its session do not, but those that ask for more are left as they are."""
        if connection.vendor != "postgresql":
            self.skipTest("This is a setting of PostgreSQL's sessions.")
        for asked_for, expected in (("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")):
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('synchronous_commit', %s, false)", [asked_for])
            self.addCleanup(connection.close)
            seen = []

            def commit(cursor=connection.cursor, commit=connection._commit, seen=seen):
                with cursor() as asking:
                    asking.execute("SHOW synchronous_commit")
                    seen.append(asking.fetchone()[0])
                commit()

            with self.subTest(asked_for), patch.object(connection, "_commit", commit), causeway.atomic():
                write_local(asked_for)
                write_core(asked_for)
            assert seen == [expected]


def test_a_session_that_is_lost_while_it_is_opened(db):
    """Between being connected and its first statement, a driver is asked for what is no statement."""
    if connection.vendor == "sqlite":
        pytest.skip("A file has no sessions.")
    opened = connection.copy()
    opened.ensure_connection()
    try:
        end_session_of(opened)
        with pytest.raises(OperationalError):
            opened.send_one_at_a_time()
            opened.cursor().execute("SELECT 1")
    finally:
        opened.close()
