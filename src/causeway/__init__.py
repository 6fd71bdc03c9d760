"""Share models between Django projects from one core database."""

from causeway.conf import sibling
from causeway.placements import table

__all__ = ["sibling", "table"]
__version__ = "0.1.0"
