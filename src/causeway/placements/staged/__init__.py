"""Staged: the core rows that a query needs are fetched first, and stand in for their tables."""

from causeway.placements.staged.placement import Staged, relation_name

__all__ = ["Staged", "relation_name"]
