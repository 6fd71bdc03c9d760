"""Local rows whose core row is gone: where they are, and what their relation does about it."""

from causeway.orphans.relations import Relation, relations
from causeway.orphans.repair import repair

__all__ = ["Relation", "relations", "repair"]
