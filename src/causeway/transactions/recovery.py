"""What a crash leaves between preparing one side and committing it: found, and brought to its end.

See ``docs/topics/transactions.rst``. The order is what makes it safe beside live transactions: first what is
prepared, then what was decided, then what is prepared now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

from django.db import Error, IntegrityError, OperationalError

from causeway.conf import LOCAL_ALIAS, staged_cores
from causeway.exceptions import NotPrimary
from causeway.transactions import branch_rows, decisions, leftovers
from causeway.transactions.connections import opened, waiting_briefly
from causeway.transactions.installation import PREFIX, looked_up
from causeway.transactions.lost import Comparison
from causeway.transactions.roles import deciding_cores, may_be_prepared, writable_cores

COMMITTED = "committed"
ROLLED_BACK = "rolled back"
UNDECIDED = "rolled back, unless it is in progress"
IN_PROGRESS = "in progress"
HELD = "held by its session"
REFUSED = "refused"
# Nothing was decided, as far as this database knows, and it may not know all.
IN_DOUBT = "in doubt"
# It was decided, and one side has lost it.
LOST = "lost"
ACCEPTED = "accepted as lost"
# It is not this one's to end.
FOREIGN = "of another installation"
# What is still prepared.
LEFT = {IN_PROGRESS, HELD, REFUSED, IN_DOUBT, FOREIGN}
# From how many seconds on what others have prepared is told.
OLD = 60
MOVED = (
    "this database is a copy of the one that prepared it, or was moved: run 'manage.py causeway recover --moved' if the "
    "other one is gone"
)
# For how many seconds what is not decided is taken for a transaction in progress without a look.
YOUNG = 5


class Found(NamedTuple):
    """A transaction, and what became of it.

    ``age`` is in seconds, ``outcome`` one of the texts of this module. ``why`` says what its database
    said, where that ``REFUSED`` to end it. Of one that is ``LOST``, ``home`` is the side that has it not, and
    ``created`` are the keys of the rows that were new there, as far as they are known.
    """

    home: str
    gid: str
    age: float
    outcome: str
    why: str = ""
    created: dict[str, Any] | None = None

    @property
    def said(self) -> str:
        """The outcome, and why."""
        return f"{self.outcome}: {self.why}" if self.why else self.outcome


def recover(dry_run: bool = False, **options: Any) -> list[Found]:
    """Bring every prepared transaction of this installation to its end; returns each with what became of it.

    Raises what ``recovering()`` raises.
    """
    return list(recovering(dry_run, **options))


def recovering(
    dry_run: bool = False, accepted: Collection[str] = (), is_brief: bool = False
) -> Iterator[Found]:
    """Do it one by one.

    What was decided is committed. What was not is rolled back once it can never be: its row is
    inserted as an abort first, for which the transaction that decides, while it lives, holds the key.
    Then decisions are compared with what was committed: what is lost is told, or forgotten if it is
    ``accepted``. ``is_brief`` leaves that out. Raises NotPrimary where the child's database is no primary,
    or the driver's error where it cannot be asked, before anything is rolled back; and either of a core after the
    others have been looked at. With ``dry_run`` nothing is changed, and what would be is told.
    """
    with ExitStack() as stack:
        recovery = Recovery(stack, dry_run)
        for alias in recovery.aliases:
            yield from recovery.settle_all(alias)
        if not is_brief:
            yield from recovery.told(accepted)
        if not dry_run:
            recovery.tidy(is_brief)
        if recovery.failure is not None:
            raise recovery.failure


class Recovery:
    """One round: the databases that were opened for it, and the first error."""

    def __init__(self, stack: ExitStack, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.failure: Error | None = None
        self.stack = stack
        self.databases: dict[str, Any] = {}
        # Those that could not be opened: each is tried once in a round, for that may take its time.
        self.away: set[str] = set()
        # How much a database has committed that nobody here knows of.
        self.unknown: dict[str, int] = {}
        self.local = self.databases[LOCAL_ALIAS] = stack.enter_context(opened(LOCAL_ALIAS))
        refuse_standby(self.local)
        self.installation = looked_up(self.local)
        # What this installation may end, and what its original may have decided, if it is a copy.
        others = self.installation.other_prefixes
        self.beginnings = [self.installation.prefix, *(others if self.installation.is_itself else ())]
        self.of_original = [] if self.installation.is_itself else others
        # Where decisions may be kept besides, also of when less could be prepared than today.
        self.deciding = [home for home in writable_cores() if self.keeps_decisions(home)]

        self.aliases = preparing()
        self.comparison = Comparison(self.databases, self.beginnings, self.aliases)

    def open(self, alias: str) -> Any:
        """A connection to a database that is a primary; None where there is none. The error is noted."""
        if alias in self.away:
            return None
        if alias not in self.databases:
            try:
                connection = self.stack.enter_context(opened(alias))
                refuse_standby(connection)
            except Error as error:
                self.note_away(alias, error)
                return None
            self.databases[alias] = connection
        return self.databases[alias]

    def note_away(self, alias: str, error: Error) -> None:
        self.failure = self.failure or error
        self.away.add(alias)
        self.databases.pop(alias, None)

    def keeps_decisions(self, home: str) -> bool:
        """Whether a core may have decided something; False where that cannot be asked, which is noted."""
        database = self.open(home)
        try:
            return database is not None and branch_rows.stands(database, decisions.DECISIONS)
        except Error as error:
            self.note_away(home, error)
            return False

    def settle_all(self, alias: str) -> Iterator[Found]:
        """Settle what is prepared on a database. An error is noted, and the next one is looked at."""
        database = self.open(alias)
        if database is None:
            return
        try:
            others: dict[str, list[float]] = defaultdict(list)
            for gid, age in database.prepared().items():
                age = decisions.age(gid) if age is None else age
                beginning = decisions.beginning_of(gid)
                if beginning not in {*self.beginnings, *self.of_original}:
                    others[beginning].append(age)
                    continue
                outcome = self.foreseen(gid) if self.dry_run else self.settle(database, gid, age)
                if outcome:
                    yield Found(alias, gid, age, *outcome)
            yield from strangers(database, others)
        except Error as error:
            if not self.local.is_usable():
                raise
            self.failure = self.failure or error
            if not database.is_usable():
                self.note_away(alias, error)

    def deciders(self, gid: str) -> list[Any] | None:
        """The connections to all databases that may keep the decision; None where one of them is away."""
        if not decisions.may_be_in_core(gid):
            return [self.local]
        if not self.comparison.sees_deciders(gid):
            return None
        return [self.local, *(self.databases[home] for home in self.deciding)]

    def settle(self, database: Any, gid: str, age: float) -> tuple[str] | tuple[str, str] | tuple[()]:
        """Commit or roll back one prepared transaction; returns the outcome, and why it was refused.

        Nothing where it was ended meanwhile, by the process that prepared it.
        """
        is_commit = self.known(gid)
        if is_commit is None and (why := self.doubt(database.alias, gid)):
            return IN_DOUBT, why
        if is_commit is None:
            is_commit = self.decided(gid, age)
        if is_commit is None:
            return (IN_PROGRESS,)
        try:
            if is_commit:
                database.commit_prepared(gid)
            elif not database.rollback_prepared(gid):
                return ()
        except Error as error:
            if database.is_held(error):
                return (HELD,)
            if not database.is_usable():
                raise
            return REFUSED, str(error).strip()
        return (COMMITTED if is_commit else ROLLED_BACK,)

    def known(self, gid: str) -> bool | None:
        """Whether it was decided to commit, or to abort; None where nothing was decided."""
        deciders = self.deciders(gid)
        known = [decisions.decided(decider, gid) for decider in deciders or [self.local]]
        # One that is away may have decided before another one was told to abort.
        return True if any(known) else None if deciders is None or None in known else False

    def decided(self, gid: str, age: float) -> bool | None:
        """Whether it was decided to commit; False once that can never be; None while it may."""
        deciders = self.deciders(gid)
        if deciders is None or (age < YOUNG and gid not in leftovers.given_up()):
            return None
        outcomes = [fenced(decider, gid) for decider in deciders]
        return True if any(outcomes) else None if None in outcomes else False

    def doubt(self, alias: str, gid: str) -> str:
        """Why what is not decided may have been decided all the same, as a clause; or nothing."""
        if decisions.beginning_of(gid) in self.of_original:
            return MOVED
        if alias not in self.unknown:
            self.unknown[alias] = self.comparison.unknown_on(alias)
        if not self.unknown[alias]:
            return ""
        return (
            f"{alias!r} has committed what this database knows nothing of ({self.unknown[alias]}): another one has the "
            f"same key, or this one has lost its latest transactions"
        )

    def foreseen(self, gid: str) -> tuple[str]:
        return (COMMITTED if self.known(gid) else UNDECIDED,)

    def told(self, accepted: Collection[str]) -> Iterator[Found]:
        for lost in self.comparison.lost():
            is_accepted = lost.gid in accepted
            if is_accepted and not self.dry_run:
                self.comparison.accept(lost)
            outcome = ACCEPTED if is_accepted else LOST
            yield Found(lost.home, lost.gid, decisions.age(lost.gid), outcome, created=lost.created)

    def tidy(self, is_brief: bool) -> None:
        self.comparison.forget_finished(most=decisions.CHUNK if is_brief else None)
        if not is_brief:
            self.comparison.forget_stray_rows()


def strangers(database: Any, others: dict[str, list[float]]) -> Iterator[Found]:
    """What others have left prepared, a line for each installation."""
    for beginning, ages in others.items():
        if max(ages) > OLD:
            yield Found(database.alias, f"{beginning}…", max(ages), FOREIGN, f"{len(ages)} prepared")
    if number := database.strangers():
        why = f"{number} prepared under names that merely look like this library's"
        yield Found(database.alias, f"{PREFIX}…", 0, FOREIGN, why)


def preparing() -> list[str]:
    """The aliases of the databases where something may be prepared."""
    local = [LOCAL_ALIAS] if deciding_cores() else []
    return [alias for alias in (*sorted(staged_cores()), *local) if may_be_prepared(alias)]


def refuse_standby(connection: Any) -> None:
    """Raise NotPrimary where the server behind a connection is no primary."""
    if why := connection.why_not_primary():
        raise NotPrimary(
            f"Cannot recover by {connection.alias!r}: {why}. Nothing was changed there. Let the alias lead to the primary."
        )


def fenced(decider: Any, gid: str) -> bool | None:
    """Whether it was decided to commit; False once that can never be; None while its transaction lives."""
    is_commit = decisions.decided(decider, gid)
    if is_commit is not None:
        return is_commit
    try:
        with waiting_briefly(decider):
            decisions.insert(decider, gid, is_abort=True)
    except IntegrityError:
        return decisions.decided(decider, gid)
    except OperationalError:
        # It has waited for a lock; or the server is away.
        if not decider.is_usable():
            raise
        return None
    return False


def outcome(alias: str, gid: str) -> bool | None:
    """Whether a transaction whose commit gave an error was committed; None if that cannot be told now."""
    try:
        with opened(alias) as decider:
            return fenced(decider, gid)
    except Error:
        return None
