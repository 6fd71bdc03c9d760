"""Who decides a transaction over several databases, and who is prepared for it.

One of them may be unable to prepare anything: its commit decides, and it keeps the decision. That is
the child's own database, unless another one is unable.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import Error, connections

from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.exceptions import TwoPhaseUnavailable
from causeway.transactions import branch_rows, decisions

# By alias and address: why a core cannot be prepared, as far as it was asked in this process.
_obstacles: dict[tuple[str, ...], str | None] = {}


class Roles(NamedTuple):
    """The connections that decide and that are prepared."""

    decider: Any
    branches: list[Any]


def roles(unit: Any, written: list[Any]) -> Roles:
    """The roles of the connections that a unit has written. Raises TwoPhaseUnavailable."""
    # It raises where the tables of decisions are missing.
    unit.name()
    obstacles = {core: why for core in written if core is not unit.local and (why := obstacle(unit, core))}
    if obstacles and unit.local in written and (why := obstacle(unit, unit.local)):
        obstacles[unit.local] = why
    if len(obstacles) > 1:
        raise TwoPhaseUnavailable(refusal(written, obstacles))
    decider = next(iter(obstacles), unit.local)
    if decider is not unit.local and (why := why_no_decider(unit, decider)):
        raise TwoPhaseUnavailable(refusal(written, {decider: f"{obstacles[decider]}, and {why}"}))
    return Roles(decider, [connection for connection in written if connection is not decider])


def obstacle(unit: Any, connection: Any) -> str | None:
    """Why what a unit has written on a connection cannot be prepared, as a clause; None if it can."""
    if why := connection.two_phase_obstacle():
        return str(why)
    if unit.has_begun(connection) and not connection.is_preparable:
        return "its transaction was begun before, where it could not be prepared"
    return None


def why_no_decider(unit: Any, core: Any) -> str | None:
    """Why a core cannot keep the decision instead of the child's database, as a clause."""
    if not decisions.may_be_in_core(unit.name()):
        forget_obstacles()
        return "that was not known when the transaction was begun (enter the block again)"
    if not branch_rows.stands(core, decisions.DECISIONS):
        return (
            f"it has no table {decisions.DECISIONS!r} to keep the decision in, which this user may write: install "
            f"'causeway' in the core project, and run migrate there"
        )
    return None


def refusal(written: list[Any], obstacles: dict[Any, str]) -> str:
    said = "; and ".join(f"{connection.alias!r}: {why}" for connection, why in obstacles.items())
    aliases = " and ".join(repr(connection.alias) for connection in written)
    return (
        f"Cannot write {aliases} in one causeway.atomic(): a two-phase commit needs all of them but one to be "
        f"prepared. {said[0].upper()}{said[1:]}. Put that right, or use causeway.atomic(best_effort=True), whose "
        f"documentation says what can be lost."
    )


def writable_cores() -> list[str]:
    """The aliases of the staged cores that a transaction may write."""
    return [home for home in sorted(staged_cores()) if not cores()[home].read_only]


def deciding_cores() -> list[str]:
    """The aliases of the staged cores that may have to decide themselves: nobody knows that they can be prepared."""
    return [home for home in writable_cores() if known_obstacle(home)]


def known_obstacle(home: str) -> str | None:
    """Why a core cannot be prepared, or may not be able to; asked once in each process."""
    connection: Any = connections[home]
    if connection.never_prepares:
        return str(connection.never_prepares)
    settings = connection.settings_dict
    key = home, *(str(settings[name]) for name in ("ENGINE", "HOST", "PORT", "NAME"))
    if key not in _obstacles:
        try:
            _obstacles[key] = connection.two_phase_obstacle()
        except Error:
            return "it cannot be asked"
    return _obstacles[key]


def forget_obstacles() -> None:
    _obstacles.clear()


def may_be_prepared(alias: str) -> bool:
    """Whether the engine of a database has prepared transactions."""
    connection: Any = connections[alias]
    return alias in {LOCAL_ALIAS, *staged_cores()} and connection.never_prepares is None
