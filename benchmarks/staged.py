"""What *staged* costs, and what the other ways to have core rows beside local ones cost (see ``peers``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import databases
import worker
from linked import fill, print_environment
from measure import Failed, Figure, Peer, compare, first_line, processes, take_turns
from peers import CORE, LOCAL, WHOLE, Shores, all_peers, by_hand, whole
from projects import Unfit

TOP_TEN = "top ten core rows by local count"
OURS, REFERENCE = "staged", "whole"
# What ours is compared with, where it is there.
BASES = ("by-hand", "fdw-tuned", "whole")


@dataclass
class Results:
    """Figures by query, also of what a query is made of; and why a project has none, by project and query."""

    figures: dict[str, Figure] = field(default_factory=dict)
    parts: dict[str, Figure] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    tracebacks: bool = False

    def succeeds(self, peer: Peer, query: str, step: Callable[..., Any], *args: Any) -> bool:
        """Carry out a step with a project; where it fails, say so and go on."""
        try:
            step(*args)
        except Unfit as error:
            self.failures[peer.project.name, query] = first_line(str(error))
            if self.tracebacks and isinstance(error, Failed):
                print(error.traceback)
            return False
        return True

    def print_failures(self) -> None:
        for (project, query), reason in self.failures.items():
            print(f"\n{project}: {query or 'every query'}: {reason}", flush=True)

    def failed(self, project: str, query: str) -> bool:
        return (project, query) in self.failures or (project, "") in self.failures


def prepare(shores: Shores, rows: int, local_rows: int) -> None:
    databases.make(shores.local, [LOCAL, WHOLE])
    databases.make(shores.core, [CORE])
    fill(whole(shores), rows, local_rows)
    said = fill(by_hand(shores), rows, local_rows)
    if shores.local.engine == shores.core.engine == "postgresql":
        import foreign

        foreign.make(shores)
    print(f"\n# Apart, {said}: {rows:,} core rows, {local_rows:,} local rows\n")
    print_environment()


def measure(shores: Shores, rounds: int, repeat: int, tracebacks: bool = False) -> Results:
    results = Results(tracebacks=tracebacks)
    for seed in range(rounds):
        with processes(all_peers(shores), seed) as peers:
            reference = named(peers, REFERENCE)
            reference.start()
            peers = [
                reference,
                *(p for p in peers if p is not reference and results.succeeds(p, "", p.start)),
            ]
            if seed % 2:
                # Who comes after whom changes as well: a long query leaves little in the caches.
                peers.reverse()
            for query in reference.ask(worker.names, "spanning"):
                measure_query(results, reference, peers, query, repeat)
            measure_parts(results, peers, repeat)
    return results


def named(peers: list[Peer], name: str) -> Peer:
    return next(peer for peer in peers if peer.project.name == name)


def measure_query(results: Results, reference: Peer, peers: list[Peer], query: str, repeat: int) -> None:
    expected = reference.shape(worker.answer, "spanning", query)
    fit = [
        peer
        for peer in peers
        if not results.failed(peer.project.name, query)
        and results.succeeds(peer, query, compare, peer, "spanning", query, expected)
    ]
    take_turns(fit, results.figures.setdefault(query, Figure()), worker.run, "spanning", query, repeat)


def measure_parts(results: Results, peers: list[Peer], repeat: int) -> None:
    """What *top ten* takes where every core row is fetched."""
    hand = named(peers, "by-hand")
    compare(hand, "every row", TOP_TEN, named(peers, REFERENCE).shape(worker.answer, "spanning", TOP_TEN))
    for group in ("every row", "shipping"):
        for query in hand.ask(worker.names, group):
            take_turns([hand], results.parts.setdefault(query, Figure()), worker.run, group, query, repeat)


def report(shores: Shores, results: Results) -> None:
    projects = [project.name for project in all_peers(shores)]
    bases = [name for name in BASES if name in projects]
    print("\n## A spanning query, median milliseconds\n")
    print(f"| | {' | '.join([*projects, *(f'{OURS} / {base}' for base in bases)])} |")
    print(f"|---|{'---:|' * (len(projects) + len(bases))}")
    for query, figure in results.figures.items():
        cells = [milliseconds(figure, name) for name in projects] + [ratio(figure, base) for base in bases]
        print(f"| {query} | {' | '.join(cells)} |")
    report_parts(results)
    results.print_failures()


def milliseconds(figure: Figure, project: str) -> str:
    return f"{figure.wall(project) * 1000:.4g}" if project in figure.samples else "fails"


def ratio(figure: Figure, base: str) -> str:
    known = OURS in figure.samples and base in figure.samples
    return f"{figure.wall(OURS) / figure.wall(base):.3g}" if known else ""


def report_parts(results: Results) -> None:
    whole_alone = results.figures[TOP_TEN].wall(REFERENCE)
    print(f"\n| {TOP_TEN} | ms | {REFERENCE} and it, ms | {OURS} / ({REFERENCE} and it) |")
    print("|---|---:|---:|---:|")
    for part, figure in results.parts.items():
        alone = figure.wall("by-hand")
        if part == TOP_TEN:
            print(f"| by hand, every core row fetched | {alone * 1000:.4g} | | |")
            continue
        both = alone + whole_alone
        ours = results.figures[TOP_TEN].samples.get(OURS)
        against = f"{results.figures[TOP_TEN].wall(OURS) / both:.3g}" if ours else ""
        print(
            f"| shipping all core rows by itself, {part} | {alone * 1000:.4g} | {both * 1000:.4g} | {against} |"
        )
    print()
