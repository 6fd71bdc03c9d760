"""Syncers that are killed, and ways to read a log that lose rows."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from typing import Any
from unittest.mock import patch

from django.db import Error

from causeway.feed.sources.base import Changes
from causeway.feed.sources.mysql import MySQLSource
from causeway.feed.sources.postgresql import PostgreSQLSource, upper
from causeway.feed.triggers.base import LOG
from causeway.mirror.sync import Syncer, following

INTERVAL = 0.02


def keep_syncing(channel: Any, chunk: int, fault: str | None, stop: Any) -> None:
    """Rounds until ``stop`` is set, or the process is killed."""
    with faulty(fault):
        while not stop.is_set():
            with suppress(Error), following("core") as follower:
                syncer = Syncer(follower)
                while not stop.is_set():
                    syncer.round(chunk)
                    time.sleep(0 if syncer.is_copying else INTERVAL)
            time.sleep(0.05)
    channel.send("stopped")


# What is known to lose rows, to see that the harness finds it out


def last_id(self: Any, position: Any, head: Any) -> Changes:
    """Read on from the highest transaction id (or log id) that was seen."""
    at = position["at"]
    if self.session.vendor == "mysql":
        rows = self.session.execute(f"SELECT tbl, k, id FROM {LOG} WHERE id > %s", [at["high"]])
        high = max([at["high"], *(row[2] for row in rows)])
        return Changes([row[:2] for row in rows if row[0]], {"high": high, "holes": []})
    rows = self.session.execute(
        f"SELECT tbl, k, xid::text FROM {LOG} WHERE xid >= %s::xid8", [str(upper(at))]
    )
    high = max([upper(at), *(int(row[2]) + 1 for row in rows)])
    return Changes([row[:2] for row in rows], f"{high}:{high}:")


def horizon(self: Any, position: Any, head: Any) -> Changes:
    """Read up to the oldest open transaction, and the rows as they are now."""
    lower = int(head.own.split(":")[0])
    rows = self.session.execute(
        f"SELECT tbl, k FROM {LOG} WHERE xid >= %s::xid8 AND xid < %s::xid8",
        [str(upper(position["at"])), str(lower)],
    )
    return Changes([row[:2] for row in rows], f"{lower}:{lower}:")


def start_without_holes(self: Any, head: Any) -> Any:
    return {"high": head.own, "holes": []}


def faulty(fault: str | None) -> Any:
    """Meanwhile, the log is read in a way that loses rows."""
    patches: dict[Any, Any] = {
        None: nullcontext,
        "postgresql last id": lambda: patch.object(PostgreSQLSource, "changes", last_id),
        "postgresql horizon": lambda: patch.object(PostgreSQLSource, "changes", horizon),
        "mariadb last id": lambda: patch.object(MySQLSource, "changes", last_id),
        "mariadb start": lambda: patch.object(MySQLSource, "start", start_without_holes),
    }
    return patches[fault]()
