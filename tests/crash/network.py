"""Faults of the network: at each message of a transfer, before it and after it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from tests.crash import project, proxy
from tests.crash.processes import Ended, Fork, Hangs, call, transfer_on_demand

if TYPE_CHECKING:
    from tests.crash.pair import Pair

# For so long a message is waited for that is to meet a fault.
PATIENCE_SECONDS = 20


class Cut(NamedTuple):
    """What happens to a message to the server of an alias, the first of a transfer being 1."""

    alias: str
    message: int
    kind: str


def run(pair: Pair, most: int) -> None:
    """Try messages that chance has drawn; each of them, if there are no more."""
    if not most:
        return
    cuts = [
        Cut(alias, message, kind)
        for alias in pair.proxies
        for message in range(1, messages_of_a_transfer(pair, alias) + 1)
        for kind in proxy.KINDS
    ]
    for number, cut in enumerate(sorted(pair.chance.sample(cuts, min(most, len(cuts))))):
        pair.report(fail_at(pair, cut, f"cut-{number}"), cut=cut)


def messages_of_a_transfer(pair: Pair, alias: str) -> int:
    """How many a server gets from a worker that has made a transfer before."""
    tokens = [f"count-{alias}-{which}" for which in ("before", "during")]
    worker = Fork(transfer_on_demand, tokens, 0)
    for _ in tokens:
        pair.proxies[alias].ask("arm", None)
        worker.send("go on")
        assert worker.receive() is None
    number, _ = pair.proxies[alias].ask("disarm")
    pair.told.update(tokens)
    worker.kill()
    return int(number)


def fail_at(pair: Pair, cut: Cut, number: str) -> list[str]:
    """A transfer that meets a fault, recovery, and a transfer after it; what is not as it must be."""
    tokens = [f"{number}-{which}" for which in ("before", "during", "after")]
    worker = Fork(transfer_on_demand, tokens, pair.chance.random())
    try:
        return transfer_thrice(pair, worker, cut, tokens)
    except Ended:
        return ["the worker raised what is not of django.db"]
    except Hangs:
        return ["the worker hangs"]
    finally:
        pair.proxies[cut.alias].ask("disarm")
        worker.kill()


def transfer_thrice(pair: Pair, worker: Fork, cut: Cut, tokens: list[str]) -> list[str]:
    before, during, after = tokens
    worker.send("go on")
    if error := worker.receive():
        return [f"the transfer before it failed: {error}"]
    pair.told.add(before)
    pair.proxies[cut.alias].ask("arm", cut.message, cut.kind)
    worker.send("go on")
    if cut.kind in proxy.IS_SILENT:
        recover_meanwhile(pair, worker, cut)
    told = worker.receive()
    pair.proxies[cut.alias].ask("disarm")
    if told is None:
        pair.told.add(during)
    violations = pair.recover()
    if not violations and told is not None and call(project.is_there, during):
        violations = [f"the transfer was committed, but an error told: {told}"]
    worker.send("go on")
    if error := worker.receive():
        violations.append(f"the next transfer failed: {error}")
    else:
        pair.told.add(after)
    return violations or pair.recover()


def recover_meanwhile(pair: Pair, worker: Fork, cut: Cut) -> None:
    """Recover while the worker waits for the server, and then let it know that the connection is lost."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not pair.proxies[cut.alias].ask("state")[1] and not worker.channel.poll(0.01):
        if time.monotonic() > deadline:
            break
    pair.outcomes.update(call(project.recover, 600))
    pair.proxies[cut.alias].ask("disarm")
