"""How often a spanning query waits for core, over networks that take their time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import worker
from delay import Relay, relayed
from measure import Peer, processes
from peers import Shores, by_hand, staged
from projects import Project
from staged import Results, measure_query

# Milliseconds that a round trip takes longer; half of them pass each way.
DELAYS = (0, 0.5, 20)
NEAR, FAR = DELAYS[0], DELAYS[-1]
REFERENCE = "by-hand"
# How often a query is run to count its round trips.
RUNS = 3


@dataclass
class Trips(Results):
    """Figures by query, a project for each network; what a query sends to core, by query and project."""

    statements: dict[tuple[str, str], int] = field(default_factory=dict)
    turns: dict[tuple[str, str], float] = field(default_factory=dict)


@contextmanager
def networks(shores: Shores) -> Iterator[dict[float, tuple[Shores, Relay]]]:
    """By delay: the servers as they are reached over it, and what passes on."""
    with ExitStack() as stack:
        found = {}
        for delay in DELAYS:
            seconds = delay / 2 / 1000
            port, relay = stack.enter_context(relayed(shores.core.host, shores.core.port, seconds))
            found[delay] = shores.by_way_of(port), relay
        yield found


def named(project: str, delay: float) -> str:
    return f"{project}, {delay:g} ms"


def projects(shores: Shores, delay: float) -> list[Project]:
    return [replace(each, name=named(each.name, delay)) for each in (by_hand(shores), staged(shores))]


def measure(shores: Shores, rounds: int, repeat: int, tracebacks: bool) -> Trips:
    results = Trips(tracebacks=tracebacks)
    for seed in range(rounds):
        with networks(shores) as found:
            everything = [each for delay, (over, _) in found.items() for each in projects(over, delay)]
            with processes(everything, seed) as peers:
                peers = [peer for peer in peers if results.succeeds(peer, "", peer.start)]
                reference = next(p for p in peers if p.project.name == named(REFERENCE, NEAR))
                for query in reference.ask(worker.names, "spanning"):
                    measure_query(results, reference, peers, query, repeat)
                    count(results, peers, found[NEAR][1], query)
    return results


def count(results: Trips, peers: list[Peer], relay: Relay, query: str) -> None:
    """Count what the projects near to core send for a query: their connections are open, and warm."""
    for peer in peers:
        name = peer.project.name
        if not name.endswith(named("", NEAR)) or results.failed(name, query):
            continue
        before = relay.turns
        peer.shape(worker.run, "spanning", query, RUNS)
        results.turns[query, name] = (relay.turns - before) / RUNS
        results.statements[query, name] = len(peer.shape(worker.statements, "spanning", query))


def report(shores: Shores, results: Trips) -> None:
    print("\n## Round trips to core of a spanning query\n")
    print(
        f"| | | statements | round trips | {' | '.join(f'ms, {delay:g} ms away' for delay in DELAYS)} "
        f"| (ms far away - ms near) / {FAR} |"
    )
    print(f"|---|---|{'---:|' * (len(DELAYS) + 3)}")
    for query in results.figures:
        for project in projects(shores, NEAR):
            print_row(results, query, project.name)
    results.print_failures()


def print_row(results: Trips, query: str, near: str) -> None:
    project = near.removesuffix(named("", NEAR))
    names = [named(project, delay) for delay in DELAYS]
    figure = results.figures[query]
    if not all(name in figure.samples for name in names):
        print(f"| {query} | {project} | fails |{' |' * (len(DELAYS) + 2)}")
        return
    times = [figure.wall(name) * 1000 for name in names]
    cells = [results.statements[query, near], f"{results.turns[query, near]:g}"]
    cells += [f"{time:.4g}" for time in times] + [f"{(times[-1] - times[0]) / FAR:.2f}"]
    print(f"| {query} | {project} | {' | '.join(map(str, cells))} |")
