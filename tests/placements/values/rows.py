"""Rows for the model, with the values that are lost or changed most easily."""

import datetime
import uuid
from decimal import Decimal

from django.db.models import JSONField, Value

UTC = datetime.UTC
FIRST = uuid.UUID("00000000-0000-4000-8000-000000000000")
TEXTS = [
    "",
    "a",
    "A",
    "b ",
    " c",
    "é",
    "e\u0301",
    "ß",
    "\U0001f600",
    "back\\slash \\u0041",
    "quote' \"`",
    "100% _ %s %%",
    "line\nbreak\ttab\r",
    "NULL",
    "007",
    None,
]
VALUES = {
    "small": [0, 1, -1, 2**15 - 1, -(2**15), None],
    "integer": [0, 1, -1, 2**31 - 1, -(2**31), None],
    "big": [0, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), None],
    "positive_small": [0, 1, 2**15 - 1, None],
    "positive": [0, 1, 2**31 - 1, None],
    "positive_big": [0, 2**53 + 1, 2**63 - 1, None],
    "boolean": [True, False, None],
    "floating": [0.0, 0.1, 1 / 3, -2.5e-10, 1.7976931348623157e308, 1e22, 123456789.12345679, None],
    "price": [Decimal("0.00"), Decimal("0.10"), Decimal("-999999.99"), Decimal("100.00"), None],
    "precise": [Decimal("0.000000000001"), Decimal("123.456789012345"), Decimal("-0.100000000000"), None],
    "char": TEXTS,
    "slug": ["", "a-b", "A-B", "12345678901234567890", None],
    "text": [*TEXTS, "long " * 4_000],
    "date": [datetime.date(1000, 1, 1), datetime.date(2024, 2, 29), datetime.date(9999, 12, 31), None],
    "time": [
        datetime.time(0, 0),
        datetime.time(23, 59, 59, 999999),
        datetime.time(12, 30, 0, 1),
        datetime.time(1, 2, 3),
        None,
    ],
    "moment": [
        datetime.datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
        datetime.datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
        datetime.datetime(1900, 1, 1, 12, 0, 0, 1, tzinfo=UTC),
        datetime.datetime(2024, 7, 1, 12, 0, tzinfo=UTC),
        None,
    ],
    "duration": [
        datetime.timedelta(0),
        datetime.timedelta(microseconds=1),
        datetime.timedelta(days=-1, microseconds=1),
        datetime.timedelta(days=100_000, hours=5),
        None,
    ],
    "uuid": [FIRST, uuid.UUID(int=12345678901234567890), uuid.UUID(int=2**128 - 1), None],
    "address": ["192.168.0.1", "10.0.0.20", "fe80::1", "::ffff:10.0.0.1", None],
    "json": [
        {"a": 1, "b": [1, {"c": None}], "é": "\U0001f600 'quoted' \"\\ \n"},
        {"a": "1", "b": {"c": 2**53 + 1}},
        Value(None, JSONField()),
        None,
        [],
        {},
        "text",
        5,
        1.5,
        True,
        {"a": None},
    ],
    "binary": [bytes(range(256)), b"", b"\x00", b"abc", None],
    "file": ["", "files/é.txt", None],
    "secret": ["Attack at dawn", "", None],
    "bracketed": ["a", "[b]", "", None],
    "note": ["a note", "", "é", None],
    "dashed": [FIRST, uuid.UUID(int=2**128 - 1), None],
    "owner_id": [FIRST, None],
}
NUMBERS = ("small", "integer", "positive_small", "floating", "price", "precise", "twice")
NUL = "nul\0byte"


def specimens(model, count=18, **more):
    """Rows of the model: each column has all its values in turn. ``more`` are further values by column."""
    values = {name: [*more.get(name, []), *VALUES[name]] for name in VALUES}
    return [
        model(id=number + 1, **{name: column[number % len(column)] for name, column in values.items()})
        for number in range(count)
    ]
