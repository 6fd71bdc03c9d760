"""Empty local tables under the names of the core tables of ``split``.

A core table that a statement does not qualify is one of these, and its rows are missed. They
are models, so nothing takes their names for core tables: the cursors would otherwise qualify
in a SELECT what the compilers had left bare.
"""

from tests.properties import graph


class Region(graph.Region):
    class Meta(graph.Region.Meta):
        db_table = "split_region"


class Good(graph.Good):
    class Meta(graph.Good.Meta):
        db_table = "split_good"


class Port(graph.Port):
    remarks = None

    class Meta(graph.Port.Meta):
        db_table = "split_port"


class Ship(graph.Ship):
    called_at = None
    entries = None

    class Meta(graph.Ship.Meta):
        db_table = "split_ship"


class Route(graph.Route):
    class Meta(graph.Route.Meta):
        db_table = "split_route"


class Register(graph.Register):
    class Meta(graph.Register.Meta):
        db_table = "split_register"


if "Entry" in graph.CORE:

    class Entry(graph.Entry):
        class Meta(graph.Entry.Meta):
            db_table = "split_entry"
