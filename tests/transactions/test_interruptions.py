"""A block that a signal's exception ends at whatever line: both sides or neither, and a worker that goes on."""

import copy
import linecache
import time
from collections import Counter
from contextlib import contextmanager, suppress
from enum import Enum
from functools import partial
from typing import NamedTuple
from unittest.mock import patch

import pytest
from django.db import connections, transaction

import causeway
from causeway.transactions import installation
from causeway.transactions.recovery import recover
from tests.library.models import Author
from tests.transactions.cases import AUTHOR, SpanningTestCase, write_core, write_local
from tests.transactions.interruptions import BETWEEN, Lines, chosen, interrupted, points

PATIENCE_SECONDS = 20
# What the outside sees, by alias; and what an interrupted block may have written.
ROWS = {"core": "SELECT title FROM library_article", "default": "SELECT name FROM shop_shelf"}
REMOVAL = {
    "core": ["DELETE FROM library_article", "UPDATE library_author SET name = 'Ada'"],
    "default": ["DELETE FROM shop_shelf"],
}


class Alone(NamedTuple):
    """The database that Django is tried on alone: how it is written there, and what of it the outside sees."""

    alias: str
    write: str
    read: str


ALONE_ON_CORE = Alone("core", "UPDATE library_author SET name = %s", "SELECT name FROM library_author")
ALONE_ON_OWN = Alone("default", "INSERT INTO shop_shelf (name) VALUES (%s)", "SELECT name FROM shop_shelf")
# What makes a connection give up a lock that it waits for, by what its OPTIONS say.
BRIEFLY = {
    "sqlite": {"timeout": 2},
    "mysql": {"init_command": "SET innodb_lock_wait_timeout = 2"},
    "postgresql": {"options": "-c lock_timeout=2s"},
}
# Lines of Django's own with which it enters and leaves a block: if it comes no further, the block stays open for ever.
ENTERING_AND_LEAVING = {
    "if using is None:",
    "return connections[using]",
    "connection = get_connection(self.using)",
    "connection.in_atomic_block = True",
    "if connection.in_atomic_block:",
    "if not connection.in_atomic_block:",
    "if self.savepoint and not connection.needs_rollback:",
    "elif not connection.savepoint_ids and not connection.commit_on_exit:",
    "try:",
    "if connection.closed_in_transaction:",
    "connection.commit_on_exit = False",
    "connection.atomic_blocks.append(self)",
    "connection.atomic_blocks.pop()",
    "sid = connection.savepoint()",
    "connection.savepoint_ids.append(sid)",
    "if connection.savepoint_ids:",
    "sid = connection.savepoint_ids.pop()",
    "connection.in_atomic_block = False",
    "return get_connection(using).set_autocommit(autocommit)",
}


class Kind(Enum):
    """What may be wrong: only the latter two are so in Django alone, too, where it has one database."""

    TORN = "both or neither"
    BROKEN = "the worker"
    LATE = "a hook waited for the next commit"


class Wrong(NamedTuple):
    kind: Kind
    text: str


class Refused(Exception):
    pass


def write_both(case, name="interrupted"):
    write_local(name)
    write_core(name)
    Author.objects.filter(pk=AUTHOR).update(name="changed")
    for alias in ("default", "core"):
        transaction.on_commit(lambda: case.ran.append(name), alias)


def commit(case):
    with causeway.atomic():
        write_both(case)


def commit_djangos(case):
    with transaction.atomic("core"), transaction.atomic("default"):
        write_both(case)


def roll_back(case):
    with suppress(Refused), causeway.atomic():
        write_both(case)
        raise Refused


def use_savepoints(case):
    with causeway.atomic():
        with suppress(Refused), transaction.atomic("core"):
            write_both(case)
            raise Refused
        with causeway.atomic():
            write_both(case)


def commit_by_hand(case):
    # Named, since the lines that find the default alias are not reached alone.
    transaction.set_autocommit(False, "default")
    try:
        with causeway.atomic():
            write_both(case)
        transaction.commit("default")
        with causeway.atomic():
            write_both(case, "second")
        transaction.rollback("default")
    finally:
        transaction.set_autocommit(True, "default")


def in_django_alone(case):
    # Of two blocks on two connections, ours make the inner one a savepoint.
    with transaction.atomic("alone"), transaction.atomic("alone"), connections["alone"].cursor() as cursor:
        cursor.execute(case.alone.write, ["changed"])
        transaction.on_commit(lambda: case.ran.append("interrupted"), "alone")


def by_hand_in_django_alone(case):
    transaction.set_autocommit(False, "alone")
    try:
        in_django_alone(case)
        transaction.commit("alone")
        in_django_alone(case)
        transaction.rollback("alone")
    finally:
        transaction.set_autocommit(True, "alone")


@contextmanager
def waiting_briefly(connection):
    """Meanwhile, the connection, made anew, waits for no lock for long, and outlives requests."""
    options = {**connection.settings_dict["OPTIONS"], **BRIEFLY[connection.vendor]}
    connection.close()
    with patch.dict(connection.settings_dict, OPTIONS=options, CONN_MAX_AGE=None):
        try:
            yield
        finally:
            connections[connection.alias].close()


@contextmanager
def django_alone(alias):
    """Meanwhile, the alias ``alone`` is another one's database with Django's own backend."""
    settings = copy.deepcopy(connections[alias].settings_dict)
    settings["ENGINE"] = settings["ENGINE"].replace("causeway", "django.db")
    connections.databases["alone"] = settings
    try:
        yield
    finally:
        be_without("alone")
        del connections["alone"], connections.databases["alone"]


def be_without(alias):
    """Let go of a connection, whatever state it is in."""
    connection = connections[alias]
    with suppress(Exception):
        connection.connection.close()
    connection.connection, connection._unit = None, None
    connection.in_atomic_block = connection.closed_in_transaction = False
    connection.savepoint_ids, connection.atomic_blocks, connection.run_on_commit = [], [], []


# A connection that was just being made is closed by the interpreter.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.staged("linked, one connection is all there is")
class InterruptionTests(SpanningTestCase):
    def setUp(self):
        super().setUp()
        if all(connections[alias].never_prepares for alias in ROWS):
            self.skipTest("Neither can be prepared.")
        for alias in ROWS:
            self.enterContext(waiting_briefly(connections[alias]))
        self.outside = {alias: self.opened(alias) for alias in ROWS}
        self.addCleanup(self.start_again)

    def opened(self, alias):
        """A connection that sees what is committed, and nothing else."""
        connection = connections[alias].copy()
        connection.ensure_connection()
        self.addCleanup(connection.close)
        if connection.sql_to_read_what_is_committed:
            with connection.cursor() as cursor:
                cursor.execute(connection.sql_to_read_what_is_committed)
        return connection

    def start_again(self):
        for alias in ROWS:
            be_without(alias)
        self.end_what_is_prepared()

    def end_what_is_prepared(self):
        """A server takes a moment to see that the connection which prepared it is gone."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.is_prepared() and time.monotonic() < deadline:
            recover()

    def rows(self, alias):
        with self.outside[alias].cursor() as cursor:
            cursor.execute(ROWS[alias])
            return {name for (name,) in cursor.fetchall()}

    def remove_rows(self):
        """It waits in vain for a lock that an interrupted block has left."""
        for alias, statements in REMOVAL.items():
            with self.outside[alias].cursor() as cursor:
                for sql in statements:
                    cursor.execute(sql)

    def is_prepared(self):
        # MySQL and MariaDB list what is prepared on the whole server, by other workers too.
        own = installation.prefix()
        return any(each.never_prepares is None and each.prepared(own) for each in self.outside.values())

    def problems(self):
        """What is wrong with the next block, and with what is left of the one that was interrupted."""
        before = len(self.ran)
        with causeway.atomic():
            write_local("next")
            write_core("next")
            transaction.on_commit(lambda: self.ran.append("next"))
        self.end_what_is_prepared()
        core, local = self.rows("core"), self.rows("default")
        seen = f"{core}, {local}, {self.ran}"
        if core != local:
            yield Wrong(Kind.TORN, f"one side only was committed: {seen}")
        if not set(self.ran) <= core & local:
            yield Wrong(Kind.TORN, f"a hook has run of what was not committed: {seen}")
        if max(Counter(self.ran).values(), default=0) > len(ROWS):
            yield Wrong(Kind.TORN, f"a hook has run twice: {seen}")
        if "next" not in core & local or "next" not in self.ran:
            yield Wrong(Kind.BROKEN, f"the next block was not committed, or its hook has not run: {seen}")
        elif self.ran[before:] != ["next"]:
            yield Wrong(Kind.LATE, seen)
        self.remove_rows()

    def problems_alone(self):
        before, names = len(self.ran), ["next", "after"]
        for name in names:
            with transaction.atomic("alone"), connections["alone"].cursor() as cursor:
                cursor.execute(self.alone.write, [name])
                transaction.on_commit(partial(self.ran.append, name), "alone")
        with self.outside[self.alone.alias].cursor() as cursor:
            cursor.execute(self.alone.read)
            if ("after",) not in cursor.fetchall():
                yield Wrong(Kind.BROKEN, "the next block was not committed")
            elif self.ran[before:] != names:
                yield Wrong(Kind.LATE, str(self.ran))
        self.remove_rows()

    def try_line(self, scenario, at, between, problems):
        """Interrupt a scenario there; returns the line, and what is wrong afterwards."""
        self.ran = []
        lines = interrupted(lambda: scenario(self), at)
        try:
            between()
            return lines.last, list(problems())
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker is broken
            return lines.last, [Wrong(Kind.BROKEN, f"{type(error).__name__}: {error}")]

    def broken(self, scenario, choose=chosen, problems=None):
        """The lines after which something is wrong, what happened between, and what is wrong."""
        self.ran = []
        scenario(self)
        self.remove_rows()
        lines = Lines()
        with lines:
            scenario(self)
        self.remove_rows()
        for at in choose(lines):
            for name, between in BETWEEN.items():
                line, found = self.try_line(scenario, at, between, problems or self.problems)
                yield from ((line, name, wrong) for wrong in found)
                if found:
                    be_without("alone") if problems else self.start_again()
                    self.remove_rows()

    def broken_alone(self, scenario, broken, on):
        """What of it is so with Django's own backend, too.

        A worker, at the lines of Django's with which it enters or leaves a block; a hook, wherever one of its lines
        is served. Each of them takes a wait for a lock, so only those are tried that there is something to compare with.
        """
        self.alone = on
        of_kind = {kind: {line.djangos for line, _, wrong in broken if wrong.kind is kind} for kind in Kind}

        def choose(lines):
            return [
                at
                for at in points(lines)
                if (enters_or_leaves(at) and lines.served[at] in of_kind[Kind.BROKEN])
                or lines.served[at] in of_kind[Kind.LATE]
            ]

        with django_alone(on.alias), patch.object(type(self), "databases", {*ROWS, "alone"}):
            return {
                (line.djangos, name, wrong.kind)
                for line, name, wrong in self.broken(scenario, choose, self.problems_alone)
                if wrong.kind is Kind.LATE or enters_or_leaves(line)
            }

    def assert_never_worse(self, scenario, alone=in_django_alone, on=(ALONE_ON_CORE,)):
        broken = list(self.broken(scenario))
        if all(wrong.kind is Kind.TORN for _, _, wrong in broken):
            on = ()
        djangos_own = set().union(*(self.broken_alone(alone, broken, each) for each in on))
        worse = [
            f"{line} (for {line.djangos}), {name}: {wrong.kind.value}: {wrong.text}"
            for line, name, wrong in broken
            if (line.djangos, name, wrong.kind) not in djangos_own
        ]
        assert not worse, "\n".join(worse)

    def test_a_commit(self):
        self.assert_never_worse(commit)

    def test_a_commit_of_djangos_blocks(self):
        if connections["core"].never_prepares and connections["default"].begin_is_sent:
            self.skipTest("Django's blocks begin here what cannot be prepared: they are committed in turn.")
        self.assert_never_worse(commit_djangos)

    def test_a_rollback(self):
        self.assert_never_worse(roll_back)

    def test_savepoints(self):
        self.assert_never_worse(use_savepoints)

    def test_autocommit_by_hand(self):
        # It is off on both connections, so what breaks either of them breaks both.
        self.assert_never_worse(commit_by_hand, by_hand_in_django_alone, (ALONE_ON_OWN, ALONE_ON_CORE))


def enters_or_leaves(at):
    return (
        at.file == transaction.__file__
        and linecache.getline(at.file, at.number).strip() in ENTERING_AND_LEAVING
    )
