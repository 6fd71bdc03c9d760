"""What keeps a staged core from being committed with the child's own database."""


def refusal(home: str, why: str) -> str:
    return (
        f"Cannot use causeway.atomic() with the staged core {home!r}: {why}. Both databases or neither needs a "
        f"two-phase commit there. Put right what is in the way, or use causeway.atomic(best_effort=True), whose "
        f"documentation says what can be lost."
    )
