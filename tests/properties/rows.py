"""The rows of the property tests, the same in both sets of models, and the values to ask for."""

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.apps import apps

# No two are equal under any collation: of equal texts an engine may show either.
NAMES = [
    "Ada",
    "ben",
    "Çelik",
    "100%",
    "a_b",
    "O'Hara",
    'the "Swan"',
    "back\\slash",
    "Öre Island",
    "",
    "ship",
    "zz",
]
# Quarters: the sum of floating-point numbers does not depend on their order.
AMOUNTS = [Decimal(quarters) / 4 for quarters in (-6, 0, 1, 2, 6, 7, 40, 41)]
NUMBERS = [-2, 0, 1, 2, 3, 5, 8, 12]
DATES = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 29), date(2024, 3, 1), date(2024, 12, 30)]
MOMENTS = [
    datetime(day.year, day.month, day.day, hour, 30, 5, micro, tzinfo=UTC)
    for day, hour, micro in zip(DATES, (23, 0, 12, 12, 6), (999_999, 0, 0, 1, 120_000), strict=True)
]
# Texts of which some collations take several for one.
LABELS = [
    "Ada",
    "ada",
    "ADA",
    "Ada ",
    " ada",
    "Áda",
    "",
    " ",
    "ß",
    "ss",
    "SS",
    "ÖRE",
    "öre",
    "Ore",
    "a_b",
    "A%B",
    "back\\slash",
    "O'Hara",
    "\N{GRINNING FACE}",
    "tab\tnew\nline",
]
SPANS = [
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(days=-1, seconds=3),
    timedelta(days=40, hours=5, microseconds=999_999),
    timedelta(days=20_000),
]
# As every engine keeps them: PostgreSQL orders the keys of an object by their length.
DOCUMENTS = [
    {},
    [],
    {"a": 1},
    {"a": None, "b": "Ö", "tags": ["x", "y"]},
    {"a": 1.5, "b": "x", "deep": {"a": [1, {"b": True}]}},
    [1, "1", None],
    "text",
    7,
    True,
]

VALUES = {
    "text": NAMES,
    "int": NUMBERS,
    "decimal": AMOUNTS,
    "date": DATES,
    "datetime": MOMENTS,
    "bool": [False, True],
    "bigint": [0, 1, 2**53 + 1, 2**53 + 2, -(2**53) - 1, 2**62 + 1, -(2**63), 2**63 - 1],
    "binary": [b"", b"\x00", b"\x00\xff\xfe", b"abc", b"ABC", bytes(range(256))],
    "duration": SPANS,
    "float": [0.0, -1.5, 0.25, 2.0, 1e15, -1e-300, 0.1],
    "json": DOCUMENTS,
    "prose": LABELS,
    "time": [time(0, 0), time(23, 59, 59, 999_999), time(12, 0, 0, 1), time(6, 30)],
    "uuid": [
        UUID(int=number) for number in (0, 1, 2**127 + 5, 2**128 - 1, 0x12345678_1234_5678_1234_567812345678)
    ],
}


GOODS = 12
# No row has it for its key.
GONE = 97


class Maker:
    """Makes the rows of one set of models."""

    def __init__(self, models):
        self.models = models
        # The same choices for every set.
        self.random = random.Random(20240229)

    def one(self, values):
        return self.random.choice(values)

    def maybe(self, values):
        """One of the values, or None: one time in four."""
        return None if self.random.random() < 0.25 else self.one(values)

    def some(self, values):
        return self.random.sample(values, self.random.randrange(4))

    def make(self, name, rows):
        """Save the rows of a model; return their keys."""
        model = self.models[name]
        model.objects.bulk_create([model(pk=pk, **fields) for pk, fields in enumerate(rows, 1)])
        return range(1, len(rows) + 1)

    def relate(self, name, field, rows):
        """Save the pairs of a ``ManyToManyField``: for each row the keys of the other side."""
        field = self.models[name]._meta.get_field(field)
        through = field.remote_field.through
        ends = field.m2m_column_name(), field.m2m_reverse_name()
        pairs = [(pk, other) for pk, others in enumerate(rows, 1) for other in others]
        through.objects.bulk_create([through(**dict(zip(ends, pair, strict=True))) for pair in pairs])


def load(models):
    """Save the rows of a set of models, given by name. The tables are empty before."""
    maker = Maker(models)
    ports, ships = load_core(maker)
    load_local(maker, ports, ships)


def load_core(maker):
    one, maybe, some = maker.one, maker.maybe, maker.some
    maker.make("Region", [{"name": NAMES[n], "parent_id": n // 2 or None} for n in range(6)])
    goods = maker.make(
        "Good",
        [
            {"name": one(NAMES), "code": code(n), "price": maybe(AMOUNTS), "dangerous": n % 3 == 0}
            | {"shelf_life": maybe(SPANS), "shown": maybe(VALUES["time"]), **any_kind(maker)}
            for n in range(GOODS)
        ],
    )
    ports = maker.make(
        "Port",
        [
            {
                "name": one(NAMES),
                "region_id": one(range(1, 6)),
                "opened": maybe(DATES),
                "depth": one(AMOUNTS),
                "free": maybe([False, True]),
            }
            for _ in range(10)
        ],
    )
    maker.relate("Port", "goods", [some(goods) for _ in ports])
    ships = maker.make("Ship", [ship(maker, ports) for _ in range(12)])
    maker.make(
        "Route",
        [{"ship_id": one(ships), "port_id": one(ports[:-3]), "days": one(NUMBERS)} for _ in range(18)],
    )
    maker.make("Register", [{"number": maybe(NAMES)} for _ in range(8)])
    maker.make("Entry", [about(maker, one(["Port", "Ship", "Good"])) for _ in range(12)])
    return ports, ships


def any_kind(maker):
    """A value for each of the fields that a good and a call have in common."""
    fields = {
        "label": "prose",
        "mark": "uuid",
        "papers": "json",
        "seal": "binary",
        "serial": "bigint",
        "weight": "float",
    }
    return {name: maker.maybe(VALUES[kind]) for name, kind in fields.items()}


def about(maker, target):
    """A row that refers to one of the target's, perhaps to none that there is."""
    content_type = apps.get_model("contenttypes.ContentType").objects.get_for_model(maker.models[target])
    return {
        "content_type_id": content_type.pk,
        "object_id": maker.one(range(1, 14)),
        "text": maker.one(NAMES),
    }


def ship(maker, ports):
    one, maybe = maker.one, maker.maybe
    return {
        "name": one(NAMES),
        "port_id": maybe(ports),
        "built": maybe(DATES),
        "launched": one(MOMENTS),
        "tonnage": maybe(NUMBERS),
        "worth": maybe(AMOUNTS),
    }


def load_local(maker, ports, ships):
    one, maybe, some = maker.one, maker.maybe, maker.some
    agents = maker.make(
        "Agent",
        [{"name": one(NAMES), "chief_id": n // 2 or None, "seat_id": maybe(ports)} for n in range(8)],
    )
    maker.relate("Agent", "ports", [some(ports) for _ in agents])
    maker.make(
        "Contract",
        [
            {"agent_id": one(agents), "ship_id": one(ships), "since": maybe(DATES), "fee": one(AMOUNTS)}
            for _ in range(14)
        ],
    )
    maker.make("Call", [call(maker, ports, ships, agents) for _ in range(22)])
    maker.make(
        "Quay", [{"name": one(NAMES), "port_id": one(ports[:5]), "length": one(NUMBERS)} for _ in range(8)]
    )
    maker.make(
        "Permit", [{"ship_id": pk, "level": one(NUMBERS), "until": maybe(DATES)} for pk in ships if pk % 2]
    )
    maker.make("Remark", [about(maker, one(["Port", "Agent", "Call"])) for _ in range(12)])
    for pk in range(20, 25):
        # A parent's fields are the ship's: saved one by one, bulk_create() has no parents.
        fields = {**ship(maker, ports), "passengers": one(NUMBERS), "agent_id": maybe(agents)}
        maker.models["Ferry"](pk=pk, **fields).save(force_insert=True)


def call(maker, ports, ships, agents):
    one, maybe = maker.one, maker.maybe
    return {
        "ship_id": one(ships),
        "port_id": maybe(ports),
        "good_id": maybe([*(code(n) for n in range(GOODS)), code(3).upper(), code(4).upper(), code(99)]),
        "origin_id": one([*ports, GONE, GONE + 1]),
        "agent_id": maybe(agents),
        "arrived": one(MOMENTS),
        "left": None if (left := maybe(MOMENTS)) is None else left + timedelta(hours=1),
        "dues": maybe(AMOUNTS),
        "crew": maybe(NUMBERS),
        "cleared": maybe([False, True]),
        "remark": maybe(NAMES),
        "stay": maybe(SPANS),
        "watch": maybe(VALUES["time"]),
        **any_kind(maker),
    }


def code(number):
    return f"good-{number}"
