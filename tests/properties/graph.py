"""The models of the property tests, as abstract bases: one of each kind of field and relation.

They are made concrete twice, by one app with the homes split (``split``) and by one that is
whole (``whole``). A relation names its model without an app: each set refers to its own.
"""

# ruff: noqa: DJ001  (text without a value is one of the cases; rows that nobody prints)

from django.db import models


class Abstract(models.Model):
    class Meta:
        abstract = True


class Named(Abstract):
    name = models.CharField(max_length=50)

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

    class Meta:
        abstract = True


class Port(Named):
    region = models.ForeignKey("Region", models.CASCADE, related_name="ports")
    goods = models.ManyToManyField("Good", related_name="ports")
    opened = models.DateField(null=True)
    depth = models.DecimalField(max_digits=6, decimal_places=2)
    free = models.BooleanField(null=True)

    class Meta:
        abstract = True
        ordering = ["name"]


class Ship(Named):
    port = models.ForeignKey("Port", models.SET_NULL, null=True, related_name="ships")
    ports = models.ManyToManyField("Port", through="Route", related_name="visitors")
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


# Its local models.


class Agent(Named):
    chief = models.ForeignKey("self", models.SET_NULL, null=True, related_name="staff")
    seat = models.ForeignKey("Port", models.SET_NULL, null=True, related_name="seated_agents")
    ports = models.ManyToManyField("Port", related_name="agents")
    ships = models.ManyToManyField("Ship", through="Contract", related_name="agents")

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
    good = models.ForeignKey("Good", models.SET_NULL, to_field="code", null=True, related_name="calls")
    agent = models.ForeignKey("Agent", models.SET_NULL, null=True, related_name="calls")
    arrived = models.DateTimeField()
    left = models.DateTimeField(null=True)
    dues = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    crew = models.IntegerField(null=True)
    cleared = models.BooleanField(null=True)
    remark = models.CharField(max_length=50, null=True)

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
