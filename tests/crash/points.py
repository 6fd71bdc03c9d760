"""The steps of the protocol, and what can be made to fail at each of them."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django.db import OperationalError
from django.db.backends.signals import connection_created

ROW_REMOVAL = "row removal"
DECISION_ROW = "decision row"
PREPARE = "prepare"
DECIDING_COMMIT = "decision"
BRANCH_COMMIT = "branch commit"
# In the order of the protocol: a transaction deletes the rows of those before it.
STEPS = (ROW_REMOVAL, DECISION_ROW, PREPARE, DECIDING_COMMIT, BRANCH_COMMIT)
STEPS_ON_BRANCH = {PREPARE, BRANCH_COMMIT}
STATEMENTS = [
    (ROW_REMOVAL, re.compile(r"DELETE FROM .?causeway_decision")),
    (DECISION_ROW, re.compile(r"INSERT INTO .?causeway_decision")),
    (PREPARE, re.compile(r"PREPARE TRANSACTION|XA PREPARE")),
    (BRANCH_COMMIT, re.compile(r"(?:COMMIT|ROLLBACK) PREPARED|XA (?:COMMIT|ROLLBACK)")),
]

BEFORE = "before"
AFTER = "after"
# After it, and the one who asked for it is not told.
REPLY_LOST = "reply lost"

PROCESS = "process"
CONNECTION = "connection"
DECIDER = "the one that decides"
BRANCH = "the one that is prepared"
BOTH = "both servers"


class Roles(NamedTuple):
    """The aliases of the database that decides and of the one that is prepared."""

    decider: str
    branch: str

    def of(self, victim: str) -> list[str]:
        return [alias for alias, name in zip(self, (DECIDER, BRANCH), strict=True) if victim in {name, BOTH}]


USUAL = Roles("default", "core")
# Of a core that cannot be prepared.
REVERSED = Roles("core", "default")


class Fault(NamedTuple):
    victim: str
    step: str
    moment: str

    def __str__(self) -> str:
        return f"{self.victim}, {self.step}: {self.moment}"

    def is_committed(self) -> bool:
        """Whether the transfer it happens to has to be committed, once all is recovered."""
        if self.step == DECIDING_COMMIT:
            return self.moment != BEFORE or self.victim == BRANCH
        if self.step == PREPARE:
            return self.moment == AFTER and self.victim == BRANCH
        return self.step == BRANCH_COMMIT

    def may_be_told_as_error(self) -> bool:
        """Whether an error is a fair report of a transfer that is committed: nobody could be asked."""
        return self.victim in {DECIDER, BOTH}


def faults(decider_has_server: bool) -> list[Fault]:
    """All that are tried at named points."""
    found = []
    for step in STEPS:
        for moment in (BEFORE, AFTER):
            found.append(Fault(PROCESS, step, moment))
        for moment in (BEFORE, REPLY_LOST):
            found.append(Fault(CONNECTION, step, moment))
        for victim in (BRANCH, DECIDER, BOTH) if decider_has_server else (BRANCH,):
            found += [Fault(victim, step, moment) for moment in (BEFORE, AFTER)]
            if victim in {BOTH, BRANCH if step in STEPS_ON_BRANCH else DECIDER}:
                found.append(Fault(victim, step, REPLY_LOST))
    return found


class Watch:
    """Calls ``reached(step, moment, connection)`` before and after each step on any connection of the process."""

    def __init__(self, reached: Callable[[str, str, Any], None], roles: Roles) -> None:
        self.reached = reached
        self.roles = roles

    def __enter__(self) -> None:
        connection_created.connect(self.attend)

    def __exit__(self, *exception: object) -> None:
        connection_created.disconnect(self.attend)

    def attend(self, connection: Any, **kwargs: Any) -> None:
        if self.execute in connection.execute_wrappers:
            return
        connection.execute_wrappers.append(self.execute)
        # Each step is a statement here; the random kills meet two that are sent as one.
        connection.sends_several = False
        if connection.alias == self.roles.decider:
            connection._commit = partial(self.commit, connection, connection._commit)

    def execute(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        step = next((step for step, pattern in STATEMENTS if pattern.match(sql)), None)
        if step is None:
            return execute(sql, params, many, context)
        return self.around(step, context["connection"], partial(execute, sql, params, many, context))

    def commit(self, connection: Any, commit: Callable[[], None]) -> None:
        self.around(DECIDING_COMMIT, connection, commit)

    def around(self, step: str, connection: Any, function: Callable[[], Any]) -> Any:
        self.reached(step, BEFORE, connection)
        done = function()
        self.reached(step, AFTER, connection)
        return done


class Failing:
    """What makes a fault happen, once, when its step is reached. ``kill(victim)`` kills a server."""

    is_armed = False

    def __init__(self, fault: Fault, kill: Callable[[str], None]) -> None:
        self.fault = fault
        self.kill = kill
        self.has_happened = False

    def reached(self, step: str, moment: str, connection: Any) -> None:
        fault = self.fault
        if not self.is_armed or self.has_happened:
            return
        if step != fault.step or (moment == BEFORE) != (fault.moment == BEFORE):
            return
        self.has_happened = True
        if fault.victim == PROCESS:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault.victim == CONNECTION:
            cut(connection)
        else:
            self.kill(fault.victim)
        if fault.moment == REPLY_LOST:
            fail(connection)


def cut(connection: Any) -> None:
    """Let nothing more go over a connection."""
    if connection.vendor == "sqlite":
        fail(connection)
    opened = connection.connection
    number = opened.pgconn.socket if connection.vendor == "postgresql" else opened.fileno()
    with socket.socket(fileno=os.dup(number)) as line:
        line.shutdown(socket.SHUT_RDWR)


def fail(connection: Any) -> None:
    """Raise what the driver does over a connection that is cut."""
    if connection.vendor == "sqlite":
        raise OperationalError("disk I/O error")
    with connection.wrap_database_errors:
        connection.connection.cursor().execute("SELECT 1")
    raise AssertionError("The connection was to be cut, and is not.")
