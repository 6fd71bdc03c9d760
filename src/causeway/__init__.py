"""Share models between Django projects from one core database."""

from causeway.conf import sibling
from causeway.placements import table
from causeway.placements.staged.explain import explain
from causeway.placements.staged.limits import max_staged_rows
from causeway.transactions.atomic import atomic

__all__ = ["atomic", "explain", "max_staged_rows", "sibling", "table"]
__version__ = "0.1.0"
