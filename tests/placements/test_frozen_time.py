"""Values of core rows while a library for tests freezes the time: it puts its own classes in the place of Python's."""

import datetime
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


class FrozenTimeTests(TestCase):
    databases = {"default"}

    def test_dates_are_written_as_ever(self):
        for kind, (frozen, value) in VALUES.items():
            with self.subTest(kind):
                self.assertEqual(self.written(kind, frozen), self.written(kind, value))

    def test_dates_are_written_as_ever_where_the_connection_is_first_asked_meanwhile(self):
        expected = {kind: self.written(kind, value) for kind, (_, value) in VALUES.items()}
        with patch.multiple(datetime, date=FrozenDate, datetime=FrozenDateTime):
            found = {kind: self.written(kind, frozen) for kind, (frozen, _) in VALUES.items()}
        self.assertEqual(found, expected)

    def written(self, kind, value):
        """What the driver is given for a value, and of which type."""
        written, nothing = type(connection.ops)(connection).exact(kind, [value, None])
        self.assertIsNone(nothing)
        return written, type(written)
