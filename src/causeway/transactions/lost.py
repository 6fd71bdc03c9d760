"""Decisions, compared with what was committed.

A decision goes when it is known that what it decided is committed, and not before it has been kept
for a while. What is neither prepared nor committed was lost: a server took over that had not all
that the one before it had answered for.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from django.db import Error

from causeway.conf import LOCAL_ALIAS, decisions_kept
from causeway.transactions import branch_rows, decisions
from causeway.transactions.connections import waiting_briefly
from causeway.transactions.decisions import Decision
from causeway.transactions.roles import writable_cores

# For how many seconds a transaction is not looked at, which may be between two steps.
YOUNG = 5
# For how many seconds what seems to be lost is left before it is looked at again.
PAUSE = 1


class Lost(NamedTuple):
    """A transaction that ``home`` has lost, and ``keeper`` has."""

    gid: str
    home: str
    keeper: str
    created: dict[str, Any] | None = None


class Comparison:
    """Of the databases that could be opened, by alias, and of names that begin so.

    ``preparing`` are the aliases of those where something may be prepared, opened or not.
    """

    def __init__(
        self, databases: Mapping[str, Any], beginnings: Collection[str], preparing: Collection[str]
    ) -> None:
        self.databases = databases
        self.beginnings = beginnings
        self.preparing = preparing

    @property
    def deciders(self) -> list[str]:
        """The databases that keep decisions."""
        return [alias for alias in self.databases if self.has_table(alias, decisions.DECISIONS)]

    @property
    def keepers(self) -> list[str]:
        """The databases that keep a row of each branch."""
        return [alias for alias in self.databases if self.has_table(alias, branch_rows.BRANCHES)]

    def has_table(self, alias: str, table: str) -> bool:
        return alias == LOCAL_ALIAS or branch_rows.stands(self.databases[alias], table)

    def decisions_of(self, decider: str) -> Iterator[Decision]:
        for beginning in self.beginnings:
            yield from decisions.read(self.databases[decider], beginning)

    def decided_names(self) -> set[str]:
        return {decision.gid for decider in self.deciders for decision in self.decisions_of(decider)}

    def rows_of(self, keeper: str) -> Iterator[str]:
        for beginning in self.beginnings:
            yield from branch_rows.beginning(self.databases[keeper], beginning)

    def prepared_on(self, home: str) -> set[str]:
        if home not in self.preparing:
            return set()
        database = self.databases[home]
        return {gid for beginning in self.beginnings for gid in database.prepared(beginning)}

    # What is lost

    def lost(self) -> list[Lost]:
        """What was decided or committed, and is not on the other side. It is looked for twice."""
        found = self.seemingly_lost()
        if found:
            time.sleep(PAUSE)
            again = {(each.gid, each.home) for each in self.seemingly_lost()}
            found = [each for each in found if (each.gid, each.home) in again]
        return sorted(found)

    def seemingly_lost(self) -> list[Lost]:
        # What is committed has been decided before, and what is decided has been prepared: in this order, each is
        # seen where it is there.
        rows = {keeper: list(self.rows_of(keeper)) for keeper in self.keepers}
        decided = {decider: list(self.decisions_of(decider)) for decider in self.deciders}
        names = {decision.gid for found in decided.values() for decision in found}
        lost = [each for decider in decided for each in self.lost_branches(decider, decided[decider])]
        return lost + [each for keeper in rows for each in self.lost_decisions(keeper, rows[keeper], names)]

    def lost_branches(self, decider: str, decided: Iterable[Decision]) -> Iterator[Lost]:
        """What was decided, and whose branch is neither prepared nor committed."""
        by_home: dict[str, dict[str, Any]] = defaultdict(dict)
        keepers = self.keepers
        for gid, is_abort, branches in decided:
            if not is_abort and decisions.age(gid) > YOUNG:
                for home, created in branches.items():
                    if created is not None and home in keepers:
                        by_home[home][gid] = created
        for home, wanted in by_home.items():
            rest = wanted.keys() - self.prepared_on(home)
            for gid in rest - branch_rows.committed(self.databases[home], rest):
                yield Lost(gid, home, decider, wanted[gid])

    def lost_decisions(self, keeper: str, rows: Iterable[str], decided: Collection[str]) -> Iterator[Lost]:
        """What was committed as a branch, and nobody knows to be decided, though the decision would be kept still."""
        for gid in rows:
            is_kept = YOUNG < decisions.age(gid) < 0.9 * decisions_kept()
            if is_kept and gid not in decided and not decisions.may_be_in_core(gid):
                yield Lost(gid, LOCAL_ALIAS, keeper)

    def unknown_on(self, keeper: str) -> int:
        """How many transactions a database has committed that nobody here knows to be decided."""
        if keeper not in self.keepers:
            return 0
        rows = list(self.rows_of(keeper))
        return len(list(self.lost_decisions(keeper, rows, self.decided_names())))

    def accept(self, lost: Lost) -> None:
        """Forget what tells of a transaction that is lost."""
        database = self.databases[lost.keeper]
        if lost.home == LOCAL_ALIAS and lost.created is None:
            branch_rows.forget(database, [lost.gid])
        else:
            decisions.forget(database, [lost.gid])

    # What nobody needs any more

    def forget_finished(self, most: int | None = None) -> None:
        """Forget decisions that were carried out, of many the oldest ``most``; the rows of their branches after them."""
        for decider in self.deciders:
            decided = list(islice(filter(self.is_old, self.decisions_of(decider)), most))
            # What a live transaction locks is left to the next recovery.
            with suppress(Error):
                # An abort has no rows. Those of its name are there where another one had decided before it.
                aborted = {decision.gid for decision in decided if decision.is_abort}
                for chunk in decisions.chunks(self.carried_out(decided)):
                    with waiting_briefly(self.databases[decider]):
                        decisions.forget(self.databases[decider], chunk)
                    self.forget_rows([gid for gid in chunk if gid not in aborted])

    def is_old(self, decision: Decision) -> bool:
        """Whether it tells nothing but what is to become of what is still prepared.

        MySQL lists that not, for a moment, while a session ends that has prepared it.
        """
        return decision.is_abort or decisions.age(decision.gid) > decisions_kept()

    def carried_out(self, decided: Collection[Decision]) -> list[str]:
        """The names of the decisions that were carried out wherever they had to be."""
        gids = [decision.gid for decision in decided]
        if not gids:
            return []
        # They were inserted before it was prepared, and are seen since it was committed: what is not prepared after
        # they were read has been ended.
        still = set().union(*map(self.prepared_on, self.databases))
        committed = {home: branch_rows.committed(self.databases[home], gids) for home in self.keepers}
        return [
            decision.gid
            for decision in decided
            if decision.gid not in still
            and all(home in self.databases for home in decision.branches or self.preparing)
            and all(
                created is None or decision.gid in committed.get(home, ())
                for home, created in decision.branches.items()
            )
        ]

    def forget_rows(self, gids: Collection[str]) -> None:
        for keeper in self.keepers:
            with waiting_briefly(self.databases[keeper]):
                branch_rows.forget(self.databases[keeper], gids)

    def forget_stray_rows(self) -> None:
        """Forget rows of branches whose decision was forgotten long ago, by whom they were left."""
        # In this order: a row that is there has been decided before.
        rows = {keeper: list(self.rows_of(keeper)) for keeper in self.keepers}
        names = self.decided_names()
        for keeper in rows:
            old = [gid for gid in rows[keeper] if decisions.age(gid) > 2 * decisions_kept() + YOUNG]
            stray = [gid for gid in old if gid not in names and self.sees_deciders(gid)]
            with suppress(Error), waiting_briefly(self.databases[keeper]):
                branch_rows.forget(self.databases[keeper], stray)

    def sees_deciders(self, gid: str) -> bool:
        """Whether no database is away that may keep the decision on a transaction."""
        return not decisions.may_be_in_core(gid) or all(home in self.databases for home in writable_cores())
