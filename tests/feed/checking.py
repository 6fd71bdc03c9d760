"""What must be true of each committed state of the child's database that says *whole*."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from typing import Any

from django.db import Error

from causeway.conf import LOCAL_ALIAS
from causeway.feed.session import Session
from causeway.feed.sources import BY_VENDOR
from causeway.mirror.reader import Reader
from causeway.mirror.rounds import Follower
from causeway.mirror.state import SUSPECT, WHOLE, State
from causeway.mirror.sync import Syncer, following
from causeway.mirror.tables import mirror_name
from causeway.transactions.connections import opened
from tests.feed.project import ACCOUNTS, BALANCE, GROUP, WORDS

PATIENCE_SECONDS = 30


def keep_checking(channel: Any, extra: int, stop: Any) -> None:
    """Check until ``stop`` is set; sends how often, and what was wrong."""
    counts: Counter[str] = Counter()
    found: list[str] = []
    while not stop.is_set():
        with suppress(Error), opened(LOCAL_ALIAS) as connection:
            session = Session(connection)
            if session.vendor == "mysql":
                session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            while not stop.is_set():
                try:
                    session.begin(BY_VENDOR[session.vendor].begin_statement)
                    wrong = violations(session, extra)
                    session.commit()
                finally:
                    session.rollback()
                if wrong is None:
                    counts["not whole"] += 1
                    time.sleep(0.02)
                    continue
                counts["checks"] += 1
                if wrong:
                    counts["violations"] += 1
                    found += wrong[: 20 - len(found)]
        time.sleep(0.05)
    channel.send((dict(counts), found))


def violations(session: Session, extra: int) -> list[str] | None:
    """What is wrong in this snapshot; None where not all is whole."""
    tables = State(session, "core").tables()
    if not tables or any(table.state != WHOLE for table in tables.values()):
        return None
    q = session.name
    name = {n: q(mirror_name("core", n, table.generation)) for n, table in tables.items()}
    wrong = []
    sums = (
        ("ledger_account", "balance", (ACCOUNTS + extra) * BALANCE),
        ("ledger_word", "count", WORDS * BALANCE),
        ("ledger_cell", "value", WORDS * BALANCE),
    )
    for table, column, expected in sums:
        (total,) = session.one(f"SELECT SUM({q(column)}) FROM {name[table]}")
        if total != expected:
            wrong.append(f"the sum of {table} is {total}, not {expected}")
    torn = session.execute(
        f"SELECT {q('group')} FROM {name['ledger_member']} GROUP BY {q('group')} "
        f"HAVING COUNT(*) <> {GROUP} OR MIN(mark) <> MAX(mark)"
    )
    if torn:
        wrong.append(f"{len(torn)} groups are torn")
    orphans = session.execute(
        f"SELECT s.account_ptr_id FROM {name['ledger_savings']} s LEFT JOIN {name['ledger_account']} a "
        f"ON a.id = s.account_ptr_id WHERE a.id IS NULL"
    )
    if orphans:
        wrong.append(f"{len(orphans)} rows have no parent")
    return wrong


def differences() -> list[str]:
    """Where the copy is not core, once nobody writes any more."""
    found = []
    with following("core") as follower:
        before = follower.state.tables()
        found += [
            f"{each.name} became suspect: {each.reason}"
            for each in before.values()
            if each.state == SUSPECT and each.reason != "it is new"
        ]
        syncer = Syncer(follower)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while syncer.round().is_copying and time.monotonic() < deadline:
            pass
        follower.round(force=True)
        tables = follower.state.tables()
        for name in follower.tables:
            if tables[name].state != WHOLE:
                found.append(f"{name} is {tables[name].state}: {tables[name].reason}")
                continue
            core, copy = rows_of(follower, name, tables[name].generation)
            if core != copy:
                found.append(f"{name} differs in {len(core ^ copy)} rows")
    return found


def rows_of(follower: Follower, name: str, generation: int) -> tuple[set[Any], set[Any]]:
    """The rows of core and those of the copy, by their canonical values."""
    reader = follower.reader(name)
    own = Reader(follower.tables[name], follower.child, follower.child.connection)
    own.from_sql = f"FROM {follower.child.name(mirror_name('core', name, generation))}"
    return tuple(set(each.canonical(each.after(None, 10**9))) for each in (reader, own))  # type: ignore[return-value]
