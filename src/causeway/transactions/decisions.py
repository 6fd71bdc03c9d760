"""The decisions on transactions over two databases, which the child's own database keeps.

A decision is a row, inserted in the child's transaction before core is prepared: that it is there
once the transaction is committed *is* the decision to commit. No row means that nothing was
decided; a row that says so, that it was decided to abort, and then a late commit of the child
fails on its key. The names of prepared transactions carry the key of the row.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from django.utils import timezone

from causeway.transactions.installation import PREFIX, prefix

DECISIONS = "causeway_decision"
# The whole of such a name: the installation, when it was given, and what no other has. On the same server others
# may give theirs any name.
GID = re.compile(rf"{PREFIX}[0-9a-f]{{16}}_[0-9a-f]{{8}}_[0-9a-f]{{20}}")
# Where the decision is kept: by the child's own database, or by that or a core.
AT_HOME, IN_CORE = "0", "1"
# Names that one statement has.
CHUNK = 500


def new_gid(may_be_in_core: bool = False) -> str:
    """A name for a transaction that no other has.

    It tells when it was given, and whether a core may keep the decision where it cannot be prepared itself.
    """
    kept = IN_CORE if may_be_in_core else AT_HOME
    return f"{prefix()}{int(time.time()):08x}_{kept}{uuid4().hex[:19]}"


def is_gid(name: str) -> bool:
    """Whether a name that a server tells is one that ``new_gid()`` may have given."""
    return GID.fullmatch(name) is not None


def beginning_of(gid: str) -> str:
    """What tells whose transaction has that name."""
    return gid.rsplit("_", 2)[0] + "_"


def may_be_in_core(gid: str) -> bool:
    """Whether the decision on a transaction may be kept by a core, and not by the child's own database."""
    return gid.rpartition("_")[2].startswith(IN_CORE)


def age(gid: str) -> float:
    """For how many seconds a transaction has had its name, by this machine's clock."""
    return time.time() - int(gid.rsplit("_", 2)[1], 16)


def record(connection: Any, gid: str, branches: Mapping[str, Any], expired: Collection[str] = ()) -> None:
    """Decide to commit, if the transaction of the connection is committed.

    ``branches`` are the databases that are prepared, by alias: the keys of what is new there, or None where it
    keeps no rows of branches. ``expired`` are the names of transactions whose decision nobody needs any more.
    """
    if expired:
        forget(connection, expired)
    insert(connection, gid, is_abort=False, branches=json.dumps(branches, default=str))


def insert(connection: Any, gid: str, is_abort: bool, branches: str = "") -> None:
    quote_name = connection.ops.quote_name
    columns = ", ".join(map(quote_name, ("gid", "is_abort", "made_at", "branches")))
    made_at = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote_name(DECISIONS)} ({columns}) VALUES (%s, %s, %s, %s)"
            f"{connection.sql_to_be_durable}",
            [gid, is_abort, made_at, branches],
        )


def forget(connection: Any, gids: Collection[str]) -> None:
    for chunk in chunks(gids):
        places = ", ".join(["%s"] * len(chunk))
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {connection.ops.quote_name(DECISIONS)} WHERE gid IN ({places})", chunk
            )


def decided(connection: Any, gid: str) -> bool | None:
    """Whether it was decided to commit; False to abort, None if nothing was decided."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT is_abort FROM {connection.ops.quote_name(DECISIONS)} WHERE gid = %s", [gid])
        row = cursor.fetchone()
    return None if row is None else not row[0]


class Decision(NamedTuple):
    """A decision to commit, or to roll back. ``branches`` are as ``record()`` takes them."""

    gid: str
    is_abort: bool
    branches: dict[str, Any]


def read(connection: Any, start: str) -> Iterator[Decision]:
    """The decisions on transactions whose names begin so, the oldest first."""
    table = connection.ops.quote_name(DECISIONS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT gid, is_abort, branches FROM {table} WHERE gid LIKE %s ESCAPE '!' ORDER BY gid",
            [like(start)],
        )
        rows = cursor.fetchall()
    for gid, is_abort, branches in rows:
        yield Decision(gid, bool(is_abort), json.loads(branches or "{}"))


def names_in(connection: Any, table: str, start: str) -> list[str]:
    """The names in a table of ours that begin so."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT gid FROM {connection.ops.quote_name(table)} WHERE gid LIKE %s ESCAPE '!' ORDER BY gid",
            [like(start)],
        )
        return [gid for (gid,) in cursor.fetchall()]


def like(start: str) -> str:
    """A pattern of LIKE for the names that begin so."""
    return start.replace("_", "!_") + "%"


def chunks(gids: Collection[str]) -> Iterator[list[str]]:
    every = list(gids)
    for position in range(0, len(every), CHUNK):
        yield every[position : position + CHUNK]
