"""What ``causeway.atomic()`` costs, against Django's ``atomic()`` on each side by itself."""

from __future__ import annotations

import worker
from measure import Figure, processes, take_turns
from peers import Shores, by_hand, djangos_blocks, staged

OURS, DJANGOS, STOCK = "staged", "djangos-blocks", "by-hand"
GROUP = "transactions"


def measure(shores: Shores, rounds: int, repeat: int) -> tuple[dict[str, Figure], dict[str, str]]:
    """The figures, and whether the server of each alias waits for the disk."""
    figures: dict[str, Figure] = {}
    durability = {}
    for seed in range(rounds):
        with processes([staged(shores), djangos_blocks(shores), by_hand(shores)], seed) as peers:
            for peer in peers:
                peer.start()
                if peer.project.name != STOCK:
                    peer.ask(worker.make_tables)
                else:
                    durability = peer.ask(worker.durability)
            for query in peers[0].ask(worker.names, GROUP):
                take_turns(peers, figures.setdefault(query, Figure()), worker.run, GROUP, query, repeat)
    return figures, durability


def report(figures: dict[str, Figure], durability: dict[str, str]) -> None:
    print("\n## A transaction that writes\n")
    print(f"A commit waits for the disk: {', '.join(map(': '.join, durability.items()))}.\n")
    print(
        f"{OURS}: causeway.atomic(). {DJANGOS}: atomic() on each side by itself, in the same project. {STOCK}: the same"
    )
    print("without causeway.\n")
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
