"""What a process leaves prepared, and a thread of its own looks for."""

from unittest.mock import patch

from causeway.transactions import leftovers


def test_what_is_left_while_the_thread_looks_is_looked_for_again():
    looks = []

    def look(home):
        looks.append(home)
        if len(looks) == 1:
            # Another thread of the process, where the end of its transaction failed meanwhile.
            leftovers._left.add(home)
        return True

    with (
        patch.object(leftovers, "look", look),
        patch.object(leftovers, "_left", {"core"}),
        patch.object(leftovers, "_thread", None),
        patch("causeway.transactions.leftovers.time.sleep"),
        patch("causeway.transactions.leftovers.connections.close_all"),
    ):
        leftovers.keep_looking()
    assert looks == ["core", "core"]
