"""The graph in the core database: every model is a core model."""

# ruff: noqa: DJ008

from django.db import models

from tests.properties import graph


class CoreModel(models.Model):
    causeway_home = "core"

    class Meta:
        abstract = True


class Region(graph.Region, CoreModel):
    pass


class Good(graph.Good, CoreModel):
    pass


class Port(graph.Port, CoreModel):
    pass


class Ship(graph.Ship, CoreModel):
    pass


class Route(graph.Route, CoreModel):
    pass


class Register(graph.Register, CoreModel):
    pass


class Entry(graph.Entry, *([CoreModel] if "Entry" in graph.CORE else [])):
    pass


class Agent(graph.Agent, CoreModel):
    pass


class Contract(graph.Contract, CoreModel):
    pass


class Call(graph.Call, CoreModel):
    pass


class Quay(graph.Quay, CoreModel):
    pass


class Permit(graph.Permit, CoreModel):
    pass


class Remark(graph.Remark, CoreModel):
    pass


class Ferry(graph.Ferry, Ship):
    pass


class Haven(Port):
    class Meta:
        proxy = True


class Visit(Call):
    class Meta:
        proxy = True
