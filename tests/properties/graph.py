"""The models of the property tests, as abstract bases: one of each kind of field and relation.

``made_in()`` makes them concrete, in three apps: ``split``, with two homes, ``whole``, whose models are
local, and ``core_whole``, whose models are core models. A relation names its model without an app: each
set refers to its own.
"""

# ruff: noqa: DJ001  (text without a value is one of the cases; rows that nobody prints)

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from tests.databases import placement

# The core models of ``split``, a proxy included.
CORE = {"Region", "Good", "Port", "Haven", "Ship", "Route", "Register"}
if placement() == "staged":
    # Core rows that hold ids of content types change what the other tests of a linked session state.
    CORE.add("Entry")


class Abstract(models.Model):
    class Meta:
        abstract = True


class Named(Abstract):
    name = models.CharField(max_length=50)

    class Meta:
        abstract = True


class Generic(Abstract):
    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.IntegerField()
    about = GenericForeignKey()
    text = models.CharField(max_length=50)

    class Meta:
        abstract = True


# The core models of ``split``.


class Region(Named):
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="parts")

    class Meta:
        abstract = True


class Good(Named):
    code = models.SlugField(unique=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    dangerous = models.BooleanField(default=False)
    label = models.TextField(null=True)
    mark = models.UUIDField(null=True)
    papers = models.JSONField(null=True)
    seal = models.BinaryField(null=True)
    serial = models.BigIntegerField(null=True)
    shelf_life = models.DurationField(null=True)
    shown = models.TimeField(null=True)
    weight = models.FloatField(null=True)

    class Meta:
        abstract = True


class Port(Named):
    region = models.ForeignKey("Region", models.CASCADE, related_name="ports")
    goods = models.ManyToManyField("Good", related_name="ports")
    opened = models.DateField(null=True)
    depth = models.DecimalField(max_digits=6, decimal_places=2)
    free = models.BooleanField(null=True)
    remarks = GenericRelation("Remark", related_query_name="port")

    class Meta:
        abstract = True
        ordering = ["name"]


class Ship(Named):
    port = models.ForeignKey("Port", models.SET_NULL, null=True, related_name="ships")
    ports = models.ManyToManyField("Port", through="Route", related_name="visitors")
    called_at = models.ManyToManyField("Port", through="Call", related_name="callers")
    entries = GenericRelation("Entry", related_query_name="ship")
    built = models.DateField(null=True)
    launched = models.DateTimeField()
    tonnage = models.IntegerField(null=True)
    worth = models.DecimalField(max_digits=8, decimal_places=2, null=True)

    class Meta:
        abstract = True


class Route(Abstract):
    ship = models.ForeignKey("Ship", models.CASCADE, related_name="routes")
    port = models.ForeignKey("Port", models.RESTRICT, related_name="routes")
    days = models.IntegerField()

    class Meta:
        abstract = True


class Register(Abstract):
    ship = models.OneToOneField("Ship", models.CASCADE, primary_key=True, related_name="register")
    number = models.CharField(max_length=20, null=True)

    class Meta:
        abstract = True


class Entry(Generic):
    class Meta:
        abstract = True


# Its local models.


class Agent(Named):
    chief = models.ForeignKey("self", models.SET_NULL, null=True, related_name="staff")
    seat = models.ForeignKey("Port", models.SET_NULL, null=True, related_name="seated_agents")
    ports = models.ManyToManyField("Port", related_name="agents")
    ships = models.ManyToManyField("Ship", through="Contract", related_name="agents")
    remarks = GenericRelation("Remark", related_query_name="agent")

    class Meta:
        abstract = True


class Contract(Abstract):
    agent = models.ForeignKey("Agent", models.CASCADE, related_name="contracts")
    ship = models.ForeignKey("Ship", models.CASCADE, related_name="contracts")
    since = models.DateField(null=True)
    fee = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        abstract = True


class Call(Abstract):
    ship = models.ForeignKey("Ship", models.CASCADE, related_name="calls")
    port = models.ForeignKey("Port", models.CASCADE, null=True, related_name="calls")
    # By a text, in any case: some engines find rows by another one, and there is no constraint.
    good = models.ForeignKey(
        "Good", models.SET_NULL, to_field="code", null=True, db_constraint=False, related_name="calls"
    )
    # A second one to the table, which may refer to nothing: a join leaves out the calls that do.
    origin = models.ForeignKey("Port", models.DO_NOTHING, db_constraint=False, related_name="departures")
    agent = models.ForeignKey("Agent", models.SET_NULL, null=True, related_name="calls")
    arrived = models.DateTimeField()
    left = models.DateTimeField(null=True)
    dues = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    crew = models.IntegerField(null=True)
    cleared = models.BooleanField(null=True)
    remark = models.CharField(max_length=50, null=True)
    label = models.TextField(null=True)
    mark = models.UUIDField(null=True)
    papers = models.JSONField(null=True)
    seal = models.BinaryField(null=True)
    serial = models.BigIntegerField(null=True)
    stay = models.DurationField(null=True)
    watch = models.TimeField(null=True)
    weight = models.FloatField(null=True)

    class Meta:
        abstract = True
        ordering = ["port", "-arrived"]


class Quay(Named):
    port = models.ForeignKey("Port", models.PROTECT, related_name="quays")
    length = models.IntegerField()

    class Meta:
        abstract = True


class Permit(Abstract):
    ship = models.OneToOneField("Ship", models.CASCADE, related_name="permit")
    level = models.IntegerField()
    until = models.DateField(null=True)

    class Meta:
        abstract = True


class Ferry(Abstract):
    """The local part of a ship."""

    passengers = models.IntegerField()
    agent = models.ForeignKey("Agent", models.SET_NULL, null=True, related_name="ferries")

    class Meta:
        abstract = True


class Remark(Generic):
    class Meta:
        abstract = True


# What an app makes of them.


class CoreModel(models.Model):
    causeway_home = "core"

    class Meta:
        abstract = True


BASES = (Region, Good, Port, Ship, Route, Register, Entry, Agent, Contract, Call, Quay, Permit, Remark)
NAMES = [base.__name__ for base in BASES]
PROXIES = {"Haven": "Port", "Visit": "Call"}


def made_in(module, core=()):
    """The models by their names, made in the module of an app. Those that ``core`` names are core models."""
    made = {}

    def make(name, *bases, **attributes):
        made[name] = type(name, bases, {"__module__": module, **attributes})

    for name, base in zip(NAMES, BASES, strict=True):
        make(name, base, *([CoreModel] if name in core else []))
    make("Ferry", Ferry, made["Ship"])
    for name, concrete in PROXIES.items():
        make(name, made[concrete], Meta=type("Meta", (), {"proxy": True}))
    return made
