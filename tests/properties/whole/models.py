"""The graph in one database: every model is local."""

from tests.properties import graph


class Region(graph.Region):
    pass


class Good(graph.Good):
    pass


class Port(graph.Port):
    pass


class Ship(graph.Ship):
    pass


class Route(graph.Route):
    pass


class Register(graph.Register):
    pass


class Entry(graph.Entry):
    pass


class Agent(graph.Agent):
    pass


class Contract(graph.Contract):
    pass


class Call(graph.Call):
    pass


class Quay(graph.Quay):
    pass


class Permit(graph.Permit):
    pass


class Remark(graph.Remark):
    pass


class Ferry(graph.Ferry, Ship):
    pass


class Haven(Port):
    class Meta:
        proxy = True


class Visit(Call):
    class Meta:
        proxy = True
