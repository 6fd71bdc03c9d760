"""What ``causeway.atomic()`` costs, against Django's ``atomic()`` on each side by itself."""

from __future__ import annotations

import worker
from measure import Figure, Peer, processes, take_turns
from peers import Shores, by_hand, djangos_blocks, staged

OURS, DJANGOS, STOCK = "staged", "djangos-blocks", "by-hand"
GROUP = "transactions"


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
            # A block that costs a few microseconds more is told from one in the same process alone.
            peers = [ours, Peer(djangos_blocks(shores), ours.process), stock]
            for query in ours.ask(worker.names, ours.project.transactions):
                take_turns(peers, figures.setdefault(query, Figure()), worker.run, GROUP, query, repeat)
    return figures, durability


def report(figures: dict[str, Figure], durability: dict[str, str]) -> None:
    print("\n## A transaction that writes\n")
    print(f"A commit waits for the disk: {', '.join(map(': '.join, durability.items()))}.\n")
    print(
        f"{OURS}: causeway.atomic(). {DJANGOS}: atomic() on each side by itself, in the same process. {STOCK}: the same"
    )
    print("in a project without causeway.\n")
    print(
        f"| | {OURS} ms | {DJANGOS} ms | {STOCK} ms | {OURS} / {DJANGOS} | middle half of the pairs | {OURS} / {STOCK} |"
    )
    print("|---|---:|---:|---:|---:|---|---:|")
    for query, figure in figures.items():
        ours, djangos, stock = (figure.wall(project) for project in (OURS, DJANGOS, STOCK))
        low, high = figure.spread(OURS, DJANGOS)
        print(
            f"| {query} | {ours * 1000:.4g} | {djangos * 1000:.4g} | {stock * 1000:.4g} | {ours / djangos:.3f} "
            f"| {low:.3f} – {high:.3f} | {ours / stock:.3f} |",
            flush=True,
        )
