"""The child's side of core's change feed: copies of core tables, and what deletions in core do here."""
