"""What ``causeway.atomic()`` costs, against Django's ``atomic()`` on each side by itself."""

from __future__ import annotations

from time import perf_counter

import worker
from measure import ENOUGH, Figure, Peer, processes
from peers import Shores, by_hand, staged

OURS, UNTOLD, DJANGOS, STOCK = "staged", "no-branch-row", "djangos-blocks", "by-hand"
# What is a few microseconds dearer is told from the other in one process, call by call, and nowhere else.
IN_TURN = ["causeway's blocks", "causeway's blocks, no branch row", "django's blocks"]


def measure(shores: Shores, rounds: int, repeat: int) -> tuple[dict[str, Figure], dict[str, str]]:
    """The figures, and whether the server of each alias waits for the disk."""
    figures: dict[str, Figure] = {}
    durability = {}
    for seed in range(rounds):
        with processes([staged(shores), by_hand(shores)], seed) as (ours, stock):
            ours.start()
            ours.ask(worker.make_tables)
            stock.start()
            durability = stock.ask(worker.durability)
            for query in ours.ask(worker.names, IN_TURN[0]):
                take_turns(ours, stock, figures.setdefault(query, Figure()), query, repeat)
    return figures, durability


def take_turns(ours: Peer, stock: Peer, figure: Figure, query: str, repeat: int) -> None:
    djangos = IN_TURN[-1]
    number = stock.number(worker.run, djangos, query)
    ours.ask(worker.run_in_turn, IN_TURN, query, number)
    began, turn = perf_counter(), 0
    while turn < repeat or perf_counter() - began < ENOUGH:
        samples = ours.ask(worker.run_in_turn, IN_TURN, query, number)
        for name, sample in zip((OURS, UNTOLD, DJANGOS), samples, strict=True):
            figure.add(name, sample)
        # As many calls: servers slow down after a while.
        figure.add(STOCK, stock.ask(worker.run_in_turn, [djangos, djangos], query, number)[0])
        turn += 1


def report(figures: dict[str, Figure], durability: dict[str, str]) -> None:
    print("\n## A transaction that writes\n")
    print(f"A commit waits for the disk: {', '.join(map(': '.join, durability.items()))}.\n")
    print(
        f"{OURS}: causeway.atomic(). {UNTOLD}: the same where core keeps no row of the branch. {DJANGOS}: atomic() on each"
    )
    print(f"side by itself, in the same process. {STOCK}: the same in a project without causeway.\n")
    print(
        f"| | {OURS} ms | {DJANGOS} ms | {STOCK} ms | {OURS} / {DJANGOS} | middle half of the pairs | {OURS} / {STOCK} | "
        f"{OURS} / {UNTOLD} |"
    )
    print("|---|---:|---:|---:|---:|---|---:|---:|")
    for query, figure in figures.items():
        ours, djangos, stock = (figure.wall(project) for project in (OURS, DJANGOS, STOCK))
        low, high = figure.spread(OURS, DJANGOS)
        print(
            f"| {query} | {ours * 1000:.4g} | {djangos * 1000:.4g} | {stock * 1000:.4g} | {ours / djangos:.3f} "
            f"| {low:.3f} – {high:.3f} | {ours / stock:.3f} | {ours / figure.wall(UNTOLD):.3f} |",
            flush=True,
        )
