"""A server that has lost what it answered for: a standby that lags takes over, or one that is not durable crashes.

What is lost cannot be had back; but each transaction that is lost on one side has to be told, and no other.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from causeway.conf import LOCAL_ALIAS
from tests.crash import project
from tests.crash.durable import PostgreSQLServer, Standby
from tests.crash.processes import Ended, Hangs, call
from tests.crash.proxy import Proxy

if TYPE_CHECKING:
    from tests.crash.pair import Pair

FAILOVER = "a failover to a standby"
CRASH = "a crash without durability"
STANDBY_SECONDS = 60


def run(pair: Pair, rounds: int) -> None:
    kinds = [(FAILOVER, alias) for alias, server in pair.servers.items() if server.prepares]
    kinds += [(CRASH, pair.roles.decider)] if pair.roles.decider in pair.servers else []
    for number in range(rounds):
        how, alias = kinds[number % len(kinds)]
        lost, violations = lose(pair, how, alias, f"loss-{number}")
        pair.report(violations, loss=[how, alias], **lost)
        call(project.start_again)
        pair.told.clear()


def lose(pair: Pair, how: str, alias: str, number: str) -> tuple[dict[str, int], list[str]]:
    """Transfers, meanwhile a loss; how much was lost, and what is not as it must be."""
    standby, replication = follow(pair, alias) if how == FAILOVER else (None, None)
    if how == CRASH:
        pair.servers[alias].be_careless("bank")
    workers, logs, stop = pair.start_workers(number)
    time.sleep(pair.chance.uniform(0.5, 1))
    violations = []
    if replication is not None:
        replication.ask("hold")
        if not call(project.lags_behind, alias):
            violations.append("no check tells of the standby")
    time.sleep(pair.chance.uniform(0.2, 0.8))
    pair.servers[alias].kill()
    if standby is None or replication is None:
        pair.servers[alias].launch()
        pair.servers[alias].await_answer()
    else:
        violations += take_over(pair, alias, standby, replication)
    time.sleep(pair.chance.uniform(0.3, 0.6))
    stop.touch()
    surviving, found = pair.await_workers(workers)
    pair.read(logs)
    for worker in surviving:
        worker.kill()
    lost, more = judge(pair, how, alias)
    return lost, violations + found + more


def follow(pair: Pair, alias: str) -> tuple[Standby, Proxy]:
    """A standby that has all that the server has, and what it gets the rest over."""
    primary = pair.servers[alias]
    replication = Proxy(primary.port)
    pair.stack.callback(replication.close)
    standby = primary.standby(replication.port)
    pair.stack.enter_context(standby)
    deadline = time.monotonic() + STANDBY_SECONDS
    while not standby.has_all_of(primary):
        assert time.monotonic() < deadline, "The standby does not follow."
        time.sleep(0.05)
    return standby, replication


def take_over(pair: Pair, alias: str, standby: Standby, replication: Proxy) -> list[str]:
    """Let the standby be asked for what its primary was; what is not as it must be."""
    pair.proxies[alias].ask("lead_to", standby.port)
    is_refused = call(project.refused_by_standby)
    replication.close()
    standby.promote()
    pair.servers[alias] = standby
    if alias == LOCAL_ALIAS:
        # What its operator does: MySQL and MariaDB do not tell a promoted replica from a copy.
        call(project.say_that_it_moved)
    return [] if is_refused else ["recovery did something on a standby"]


def judge(pair: Pair, how: str, alias: str) -> tuple[dict[str, int], list[str]]:
    """Recover, and compare what is told to be lost with what is."""
    try:
        found = settled(pair)
        told = [gid for gids in found["told"].values() for gid in gids]
        again = call(project.accept, told)
        left = call(project.losses)["told"]
    except (Ended, Hangs) as problem:
        return {}, [f"recovery: {type(problem).__name__}"]
    violations = [
        f"{side} has lost {found['lost'][side]}, but {found['told'][side]} are told"
        for side in found["told"]
        if found["lost"][side] != found["told"][side]
    ]
    # Those made since, which refer to a row that was given the key again, are told as well.
    if untold := set(found["without_core"]).difference(found["behind"]):
        violations.append(f"behind it are {sorted(untold)[:5]}, which nobody tells")
    if gone := pair.told.difference(found["tokens"]):
        violations.append(f"both sides have lost {sorted(gone)[:5]}")
    if any(left.values()):
        violations.append(f"accepted, but told again: {left} ({again})")
    if other := {side for side, gids in found["lost"].items() if gids and side != alias}:
        violations.append(f"{other} has lost something, and {alias} was the one")
    if how == CRASH and told and isinstance(pair.servers[alias], PostgreSQLServer):
        violations.append("a decision was not on the disk")
    lost = {"lost": len(told), "mistaken": found["mistaken"], "told": len(pair.told)}
    return lost, violations


def settled(pair: Pair) -> dict[str, Any]:
    """What is told once nothing is under way any more."""
    deadline = time.monotonic() + STANDBY_SECONDS
    while True:
        found: dict[str, Any] = call(project.losses)
        if found["lost"] == found["told"] or time.monotonic() > deadline:
            return found
        time.sleep(0.5)
