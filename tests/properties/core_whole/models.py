"""The graph in the core database: every model is a core model, but for the child ``Ferry``."""

from tests.properties import graph

globals().update(graph.made_in(__name__, core=graph.NAMES))
