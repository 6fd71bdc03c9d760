"""Refusals that come before any SQL is sent."""

from causeway.conf import cores
from causeway.exceptions import CoreReadOnly
from causeway.homes import Table


def refuse_read_only(model, action, using=None):
    table = model._meta.db_table
    home = table.home if isinstance(table, Table) else None
    if home is not None and (core := cores().get(home)) and core.read_only:
        raise CoreReadOnly(
            f"Cannot {action} {model._meta.label!r}: its rows live in the core database {home!r}, which CAUSEWAY "
            f"declares READ_ONLY. Write it in the core project, or set READ_ONLY to False."
        )
