"""Transactions over the child's own database and its cores."""
