"""What a shared app imports: the manager of core rows."""

from causeway.managers import CoreManager

__all__ = ["CoreManager"]
