"""What a process leaves prepared, and a thread of its own looks for."""

from contextlib import suppress
from unittest.mock import patch

import pytest
from django.db import connections

import causeway
from causeway.transactions import installation, leftovers
from causeway.transactions.commit import Commit
from tests.transactions.cases import SpanningTestCase, write_core, write_local


class Interrupted(Exception):
    """Such as Celery's SoftTimeLimitExceeded."""


@pytest.mark.staged("linked, nothing is prepared")
class JustLeftTests(SpanningTestCase):
    def test_the_next_block_of_the_process_ends_what_it_left_undecided_before_it_writes(self):
        core = connections["core"]
        if core.never_prepares:
            self.skipTest("Core is not prepared.")
        with (
            patch.object(Commit, "decide", side_effect=Interrupted),
            suppress(Interrupted),
            causeway.atomic(),
        ):
            write_local("interrupted")
            write_core("interrupted")
        assert core.prepared(installation.prefix())
        with causeway.atomic():
            write_local("next")
            write_core("next")
        assert not core.prepared(installation.prefix())
        self.assert_rows(["next"], ["next"])


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
