"""How far the copies of a core database are."""

from __future__ import annotations

import time
from typing import Any

from django.db import Error

from causeway.feed.triggers.base import LOG
from causeway.mirror.rounds import Follower
from causeway.mirror.state import COPYING, WHOLE
from causeway.mirror.tables import mirror_name

SIZES = {
    "postgresql": "SELECT pg_total_relation_size(to_regclass(%s))",
    "mysql": "SELECT DATA_LENGTH + INDEX_LENGTH FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
    "sqlite": "SELECT SUM(pgsize) FROM dbstat WHERE name = %s",
}


def status(follower: Follower) -> dict[str, Any]:
    """What ``manage.py causeway mirror`` prints, as JSON has it."""
    position = follower.state.peek()
    read_at = position.read_at if position else None
    states = follower.state.tables()
    return {
        "core": follower.home,
        "lag": None if read_at is None else max(0.0, time.time() - read_at),
        "position": position.position if position else None,
        "round": position.number if position else 0,
        "log_rows": follower.core.session.one(f"SELECT count(*) FROM {LOG}")[0],
        "tables": [table_status(follower, states[name]) for name in sorted(states)],
    }


def table_status(follower: Follower, state: Any) -> dict[str, Any]:
    rows = size = core_rows = None
    if state.name in follower.stores and state.state in {COPYING, WHOLE}:
        name = mirror_name(state.home, state.name, state.generation)
        rows = follower.stores[state.name].count(name)
        size = table_size(follower, name)
        reader = follower.reader(state.name)
        core_rows = reader.core.one(f"SELECT count(*) {reader.from_sql}")[0]
    return {
        "table": state.name,
        "state": state.state,
        "is_mirrored": state.name in follower.stores,
        "reason": state.reason,
        "rows": rows,
        "core_rows": core_rows,
        "bytes": size,
        "since": state.since,
        "verified_at": state.verified_at,
        "version": state.version,
    }


def table_size(follower: Follower, name: str) -> int | None:
    """The bytes of a copy with its indexes; None where the engine does not say."""
    child = follower.child
    asked = child.name(name) if child.vendor == "postgresql" else name
    try:
        (size,) = child.one(SIZES[child.vendor], [asked])
    except Error:
        return None
    return int(size) if size is not None else None
