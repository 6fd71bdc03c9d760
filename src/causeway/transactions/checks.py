"""System checks of what transactions over several databases need, and of what they left. They ask the databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError, connections

from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.exceptions import TwoPhaseUnavailable
from causeway.transactions import branch_rows, decisions
from causeway.transactions.installation import Installation, current
from causeway.transactions.lost import Comparison

# From how many seconds on what is prepared is taken for left over, and what is not committed for lost.
OLD = 60


def check_core(core: Any) -> list[CheckMessage]:
    """Whether a staged core, by its connection, can be committed with the child's database, and nothing waits for that."""
    home = core.alias
    if cores()[home].read_only:
        return []
    try:
        found = list(check_roles(core))
        return found or [
            *check_prepared(core),
            *check_rows(core),
            *check_lost(core),
            *check_standbys(core, f"the core database {home!r}"),
            *check_durability(core, f"the core database {home!r}"),
        ]
    except TwoPhaseUnavailable as error:
        return [no_two_phases(home, str(error), "Run migrate.")]
    except DatabaseError as error:
        text = f"What is prepared on the core database {home!r} cannot be told: {in_one_line(error)}"
        hint = "Without that, nothing that a crash leaves there is ever ended, and it keeps its locks."
        return [no_two_phases(home, text, hint)]


def check_local() -> list[CheckMessage]:
    """What the child's own database needs for the sake of staged cores."""
    local: Any = connections[LOCAL_ALIAS]
    if not any(not cores()[home].read_only for home in staged_cores()):
        return []
    try:
        what = f"the child's database {LOCAL_ALIAS!r}"
        return [*check_identity(current()), *check_standbys(local, what), *check_durability(local, what)]
    except TwoPhaseUnavailable:
        # A core says so.
        return []
    except DatabaseError as error:
        return [no_two_phases(LOCAL_ALIAS, f"{LOCAL_ALIAS!r} cannot be asked: {in_one_line(error)}", None)]


def in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def no_two_phases(home: str, text: str, hint: str | None) -> Warning:
    return Warning(text, hint=hint, obj=f"CAUSEWAY[{home!r}]", id="causeway.W006")


def check_roles(core: Any) -> Iterator[CheckMessage]:
    """One of the two must be able to be prepared."""
    current()
    why = core.two_phase_obstacle()
    if not why:
        return
    home: str = core.alias
    local: Any = connections[LOCAL_ALIAS]
    why_not_local = local.two_phase_obstacle()
    hint = "Put that right, or use causeway.atomic(best_effort=True) and accept its window."
    if why_not_local:
        why = f"{why}; and {LOCAL_ALIAS!r} cannot be prepared instead: {why_not_local}"
    elif branch_rows.stands(core, decisions.DECISIONS):
        return
    else:
        why = f"{why}; and it has no table {decisions.DECISIONS!r}, which would let it decide while {LOCAL_ALIAS!r} is prepared"
        hint = "Install 'causeway' in the core project and run migrate there, and give the user the rights on it."
    yield no_two_phases(
        home,
        f"causeway.atomic() refuses to write the core database {home!r} and {LOCAL_ALIAS!r} together: {why}.",
        hint,
    )


def prepared_for(core: Any) -> tuple[Any, str]:
    """The connection to what is prepared where a core is written, and what to call it: the child's, if core decides."""
    if core.two_phase_obstacle():
        return connections[LOCAL_ALIAS], f"the child's database {LOCAL_ALIAS!r}"
    return core, f"the core database {core.alias!r}"


def check_prepared(core: Any) -> Iterator[CheckMessage]:
    """What has been prepared for longer than it takes."""
    connection, what = prepared_for(core)
    me = current()
    own: list[str] = []
    others: list[str] = []
    for gid, age in sorted(connection.prepared().items()):
        if (decisions.age(gid) if age is None else age) > OLD:
            (own if decisions.beginning_of(gid) in {me.prefix, *me.other_prefixes} else others).append(gid)
    if own:
        yield still_prepared(what, own, "this project", "Run manage.py causeway recover.")
    if others:
        hint = "If no project of that key is there any more, or a project that is has another key by now, end them by hand."
        yield still_prepared(what, others, "other installations", hint)


def still_prepared(what: str, gids: list[str], whose: str, hint: str) -> Warning:
    transactions, have, hold = (
        ("A transaction", "has", "holds its")
        if len(gids) == 1
        else (f"{len(gids)} transactions", "have", "hold their")
    )
    return Warning(
        f"{transactions} of {whose} {have} been prepared on {what} for more than {OLD} "
        f"seconds, and {hold} locks: {gids[0]!r}{' …' if gids[1:] else '.'}",
        hint=hint,
        id="causeway.W007",
    )


def check_rows(core: Any) -> Iterator[CheckMessage]:
    """Without rows of its branches, nobody can tell what a core has lost."""
    home = core.alias
    if core.two_phase_obstacle() or branch_rows.stands(core):
        return
    yield Warning(
        f"The core database {home!r} has no table {branch_rows.BRANCHES!r} that its user may write: what it loses, as "
        f"by a failover to a standby that lags, is told by nobody.",
        hint=f"Install 'causeway' in the core project and run migrate there, or make it by hand: {made_by_hand(core)}",
        id="causeway.W020",
    )


def made_by_hand(core: Any) -> str:
    """The statements that make the table and give the right on it."""
    with core.schema_editor(collect_sql=True, atomic=False) as editor:
        editor.create_model(apps.get_model("causeway", "Branch"))
    user = core.settings_dict["USER"]
    table = core.ops.quote_name(branch_rows.BRANCHES)
    grant = f"GRANT SELECT, INSERT, DELETE ON {table} TO {core.account()};" if user else ""
    return " ".join([*(sql for sql in editor.collected_sql if not sql.startswith("--")), grant]).strip()


def check_lost(core: Any) -> Iterator[CheckMessage]:
    """What one side has lost, and nobody has accepted as lost."""
    me, home = current(), core.alias
    if not branch_rows.stands(core):
        return
    databases = {LOCAL_ALIAS: connections[LOCAL_ALIAS], home: core}
    comparison = Comparison(databases, [me.prefix], [prepared_for(core)[0].alias])
    lost = sorted(each.gid for each in comparison.lost() if decisions.age(each.gid) > OLD)
    if lost:
        yield Warning(
            f"{len(lost)} of the transactions that wrote {home!r} and {LOCAL_ALIAS!r} are lost on one side, though the "
            f"project was told that both were committed: {lost[0]!r}{' …' if lost[1:] else '.'}",
            hint="Run manage.py causeway recover, which tells what was new there and which rows refer to it.",
            id="causeway.W024",
        )


def check_identity(me: Installation) -> Iterator[CheckMessage]:
    if not me.is_itself:
        yield Warning(
            f"The child's database {LOCAL_ALIAS!r} is not the one that its key was made for, but a copy of it, or it was "
            f"moved ({me.identities[-1]!r} then, {me.identity!r} now). What the other one left prepared is not rolled back.",
            hint="Where it has taken the place of the other one, run manage.py causeway recover --moved. A copy that is "
            "used beside it needs cores of its own.",
            id="causeway.W023",
        )


def check_standbys(connection: Any, what: str) -> Iterator[CheckMessage]:
    if why := connection.why_standbys_lag():
        yield Warning(
            f"A failover of {what} may lose transactions that the project was told are committed, and give their keys "
            f"again: {why}.",
            hint="Have commits wait for a standby. Or run manage.py causeway recover after each failover: it tells what "
            "is lost.",
            id="causeway.W021",
        )


def check_durability(connection: Any, what: str) -> Iterator[CheckMessage]:
    if why := connection.why_not_durable():
        yield Warning(
            f"A crash of {what} may lose transactions that the project was told are committed, and keep their other "
            f"side: {why}.",
            hint="Make it durable, or run manage.py causeway recover after each crash: it tells what is lost.",
            id="causeway.W022",
        )
