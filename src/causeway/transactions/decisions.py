"""The decisions on transactions over two databases, which the child's own database keeps.

A decision is a row, inserted in the child's transaction before core is prepared: that it is there
once the transaction is committed *is* the decision to commit. No row means that nothing was
decided; a row that says so, that it was decided to abort, and then a late commit of the child
fails on its key. The names of prepared transactions carry the key of the row.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Collection, Mapping
from operator import itemgetter
from typing import Any
from uuid import uuid4

from django.db import DatabaseError, connections
from django.utils import timezone

from causeway.conf import LOCAL_ALIAS
from causeway.exceptions import TwoPhaseUnavailable
from causeway.transactions.connections import opened

DECISIONS = "causeway_decision"
INSTALLATIONS = "causeway_installation"

# What every name of a prepared transaction of ours begins with.
PREFIX = "causeway_"
# The whole of such a name: the installation, when it was given, and what no other has. On the same server others
# may give theirs any name.
GID = re.compile(rf"{PREFIX}[0-9a-f]{{16}}_[0-9a-f]{{8}}_[0-9a-f]{{20}}")
# For how many seconds a table that is missing is not looked for again: each commit would.
OBSTACLE_LASTS = 5
# The keys of installations, or why there is none and until when, by the settings of the child's database.
_keys: dict[tuple[Any, ...], str] = {}
_obstacles: dict[tuple[Any, ...], tuple[str, float]] = {}
# Those of them that say where it is.
ADDRESS = itemgetter("ENGINE", "HOST", "PORT", "NAME")


def prefix(settings: Mapping[str, Any] | None = None) -> str:
    """What the names of this installation's prepared transactions begin with.

    It is made of a key that the child's database keeps and of where that database is: a copy of
    it elsewhere is another installation. Raises TwoPhaseUnavailable where the table is missing, and
    the driver's error where the database cannot be asked. ``settings`` are those of its connection.
    """
    address = ADDRESS(settings or connections[LOCAL_ALIAS].settings_dict)
    if address not in _keys:
        said, until = _obstacles.get(address, ("", 0))
        if time.monotonic() < until:
            raise TwoPhaseUnavailable(said)
        try:
            told = "\0".join([installation_key(), *map(str, address)])
        except TwoPhaseUnavailable as error:
            _obstacles[address] = str(error), time.monotonic() + OBSTACLE_LASTS
            raise
        _keys[address] = hashlib.sha256(told.encode()).hexdigest()[:16]
    return f"{PREFIX}{_keys[address]}_"


def forget_key() -> None:
    """Look the key up again when it is needed next."""
    _keys.clear()
    _obstacles.clear()


def installation_key() -> str:
    with opened(LOCAL_ALIAS) as connection:
        quote_name = connection.ops.quote_name
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {quote_name('key')} FROM {quote_name(INSTALLATIONS)} ORDER BY id")
                row = cursor.fetchone()
        except DatabaseError as error:
            if connection.missing_table(error.__cause__) is None:
                # The server is away, or the table is locked.
                raise
            raise no_tables(error) from error
    if row is None:
        raise no_tables("no row in it")
    return str(row[0])


def no_tables(reason: Any) -> TwoPhaseUnavailable:
    return TwoPhaseUnavailable(
        f"Cannot look up this installation in the table {INSTALLATIONS!r} of {LOCAL_ALIAS!r}: {reason}. "
        f"A transaction over two databases needs the tables of the app 'causeway'. Run migrate."
    )


def new_gid() -> str:
    """A name for a transaction that no other has. It tells when it was given."""
    return f"{prefix()}{int(time.time()):08x}_{uuid4().hex[:20]}"


def is_gid(name: str) -> bool:
    """Whether a name that a server tells is one that ``new_gid()`` may have given."""
    return GID.fullmatch(name) is not None


def age(gid: str) -> float:
    """For how many seconds a transaction has had its name, by this machine's clock."""
    return time.time() - int(gid.rsplit("_", 2)[1], 16)


def record(connection: Any, gid: str, finished: Collection[str] = ()) -> None:
    """Decide to commit, if the transaction of the child's connection is committed.

    ``finished`` are the names of transactions whose decision nobody needs any more.
    """
    if finished:
        forget(connection, finished)
    insert(connection, gid, is_abort=False)


def insert(connection: Any, gid: str, is_abort: bool) -> None:
    table, columns = names(connection)
    made_at = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES (%s, %s, %s)", [gid, is_abort, made_at])


def forget(connection: Any, gids: Collection[str]) -> None:
    table, _ = names(connection)
    places = ", ".join(["%s"] * len(gids))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE gid IN ({places})", list(gids))


def decided(connection: Any, gid: str) -> bool | None:
    """Whether it was decided to commit; False to abort, None if nothing was decided."""
    table, _ = names(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT is_abort FROM {table} WHERE gid = %s", [gid])
        row = cursor.fetchone()
    return None if row is None else not row[0]


def recorded(connection: Any, beginning: str) -> list[str]:
    """The names of the transactions that were decided, of those that begin so."""
    table, _ = names(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT gid FROM {table} ORDER BY gid")
        return [gid for (gid,) in cursor.fetchall() if gid.startswith(beginning)]


def names(connection: Any) -> tuple[str, str]:
    quote_name = connection.ops.quote_name
    columns = ", ".join(map(quote_name, ("gid", "is_abort", "made_at")))
    return quote_name(DECISIONS), columns
