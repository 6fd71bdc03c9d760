"""Values of core rows while a library for tests freezes the time: it puts its own classes in the place of Python's."""

import datetime
import sys
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from django.db import connection
from django.test import TestCase


class FrozenDate(datetime.date):
    pass


class FrozenDateTime(datetime.datetime):
    pass


UTC = datetime.UTC
VALUES = {
    "DateField": (FrozenDate(2026, 2, 28), datetime.date(2026, 2, 28)),
    "DateTimeField": (
        FrozenDateTime(2026, 2, 28, 12, 30, 1, 5, UTC),
        datetime.datetime(2026, 2, 28, 12, 30, 1, 5, UTC),
    ),
}


@contextmanager
def frozen_time():
    """As freezegun does: in the module of the classes, and under each name that a module has for one of them."""
    frozen = {datetime.date: FrozenDate, datetime.datetime: FrozenDateTime}
    names = [name for name in sys.modules if name == "datetime" or name.startswith("causeway.")]
    with ExitStack() as stack:
        for module in map(sys.modules.get, names):
            for name, value in [*vars(module).items()]:
                if isinstance(value, type) and value in frozen:
                    stack.enter_context(patch.object(module, name, frozen[value]))
        yield


class FrozenTimeTests(TestCase):
    databases = {"default"}

    def test_dates_are_written_as_ever(self):
        for kind, (frozen, value) in VALUES.items():
            with self.subTest(kind):
                expected = self.written(kind, value)
                with frozen_time():
                    self.assertEqual(self.written(kind, frozen), expected)
                    self.assertEqual(self.written(kind, value), expected)

    def written(self, kind, value):
        """What the driver is given for a value, and of which type, by a connection that was not asked before."""
        written, nothing = type(connection.ops)(connection).exact(kind, [value, None])
        self.assertIsNone(nothing)
        return written, type(written)
