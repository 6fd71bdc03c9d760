"""The graph in one database: every model is local."""

from tests.properties import graph

globals().update(graph.made_in(__name__))
