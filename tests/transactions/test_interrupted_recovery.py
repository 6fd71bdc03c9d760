"""Recovery that a signal's exception ends at whatever line: the next one brings to its end what was left."""

import gc

import pytest
from django.db import connections

import causeway
from causeway.transactions import installation
from causeway.transactions.recovery import recover
from tests.library.models import Author
from tests.shop.models import Shelf
from tests.transactions.cases import AUTHOR, write_local
from tests.transactions.interruptions import Lines, chosen, interrupted
from tests.transactions.prepared import PreparedTestCase


# A connection that was just being made is closed by the interpreter.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
class InterruptedRecoveryTests(PreparedTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(gc.collect)

    def leave(self, is_decided):
        """A transaction that renames the author is prepared, and maybe decided; nobody is there to end it."""
        gid = self.prepare(has_row=True)
        if is_decided:
            self.decide(gid)

    def wrong_after(self, at, is_decided):
        """What is wrong once recovery, interrupted there, was called again."""
        self.leave(is_decided)
        lines = interrupted(recover, at)
        recover()
        name = Author.objects.get(pk=AUTHOR).name
        if name != ("renamed" if is_decided else "Ada"):
            yield f"{lines.last}: the author is called {name!r}"
        if left := connections["core"].prepared(installation.prefix()):
            yield f"{lines.last}: {left} is still prepared"
            recover()
        with causeway.atomic():
            Author.objects.filter(pk=AUTHOR).update(name="Ada")
            write_local("next")
        if not Shelf.objects.filter(name="next").exists():
            yield f"{lines.last}: the next block was not committed"
        Shelf.objects.all().delete()

    def assert_none_is_wrong(self, is_decided):
        self.leave(is_decided)
        lines = Lines()
        with lines:
            recover()
        Author.objects.filter(pk=AUTHOR).update(name="Ada")
        wrong = [said for at in chosen(lines) for said in self.wrong_after(at, is_decided)]
        assert not wrong, "\n".join(wrong)

    def test_of_what_was_decided(self):
        self.assert_none_is_wrong(is_decided=True)

    def test_of_what_was_not_decided(self):
        self.assert_none_is_wrong(is_decided=False)
