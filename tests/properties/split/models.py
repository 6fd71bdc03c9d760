"""The graph with its homes split: what ``CORE`` names lives in core, the rest here."""

from tests.properties import graph

globals().update(graph.made_in(__name__, core=graph.CORE))
