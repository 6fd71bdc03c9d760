"""The rows by which a database tells which branches of transactions it has committed.

What is prepared there holds such a row, with the transaction's name: once it is seen, the branch is
committed. So a decision whose branch is neither prepared nor has its row was lost, as by a failover
to a standby that had not everything. The table is that of the app ``causeway``, which the core
project installs; without it nothing can be told from a lost branch.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from typing import Any

from django.utils import timezone

from causeway.transactions import decisions

BRANCHES = "causeway_branch"
# For how many seconds a table that is missing is not looked for again.
MISSING_LASTS = 60
# By the name of a table and what tells its database: until when it is taken for missing; None where it is there.
_known: dict[tuple[Any, ...], float | None] = {}


def stands(connection: Any, table: str = BRANCHES) -> bool:
    """Whether a database has a table of ours, and the user may write it. It is asked once, out of any transaction."""
    settings = connection.settings_dict
    key = table, *(str(settings[name]) for name in ("ENGINE", "HOST", "PORT", "USER", "NAME"))
    until = _known.get(key, 0.0)
    if until is not None and time.monotonic() > until:
        until = None if connection.may_insert(table) else time.monotonic() + MISSING_LASTS
        _known[key] = until
    return until is None


def forget_what_stands() -> None:
    """Ask again when it is needed next."""
    _known.clear()


def insertion(connection: Any, gid: str) -> tuple[str, list[Any]]:
    quote_name = connection.ops.quote_name
    columns = ", ".join(map(quote_name, ("gid", "made_at")))
    made_at = connection.ops.adapt_datetimefield_value(timezone.now())
    return f"INSERT INTO {quote_name(BRANCHES)} ({columns}) VALUES (%s, %s)", [gid, made_at]


def deletion(connection: Any, gids: Collection[str]) -> tuple[str, list[Any]]:
    places = ", ".join(["%s"] * len(gids))
    return f"DELETE FROM {connection.ops.quote_name(BRANCHES)} WHERE gid IN ({places})", list(gids)


def committed(connection: Any, gids: Collection[str]) -> set[str]:
    """Those of the names whose branch a database has committed."""
    found: set[str] = set()
    for chunk in decisions.chunks(gids):
        places = ", ".join(["%s"] * len(chunk))
        sql = f"SELECT gid FROM {connection.ops.quote_name(BRANCHES)} WHERE gid IN ({places})"
        with connection.cursor() as cursor:
            cursor.execute(sql, chunk)
            found.update(gid for (gid,) in cursor.fetchall())
    return found


def beginning(connection: Any, start: str) -> list[str]:
    """The names that begin so of branches that a database has committed."""
    return decisions.names_in(connection, BRANCHES, start)


def forget(connection: Any, gids: Collection[str]) -> None:
    for chunk in decisions.chunks(gids):
        with connection.cursor() as cursor:
            cursor.execute(*deletion(connection, chunk))


def statements(connection: Any, gid: str, expired: Collection[str]) -> Iterator[tuple[str, list[Any]]]:
    """What a branch does before it is prepared: it leaves its row, and takes along those that nobody needs any more."""
    if expired:
        yield deletion(connection, expired)
    yield insertion(connection, gid)
