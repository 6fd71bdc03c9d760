"""SQLite: ids are in the order of commits, as there is one writer at a time."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from causeway.feed.sources.base import (
    KEPT,
    MARKS_KEPT,
    PRUNED_AT_ONCE,
    Changes,
    Digest,
    Head,
    Position,
    Source,
    is_complete,
)
from causeway.feed.triggers.base import EPOCH, LOG, MARKS

HEAD = f"""
    SELECT (SELECT epoch FROM {EPOCH}), (SELECT max(id) FROM {LOG}),
        (SELECT max(n) FROM {MARKS}), (SELECT stamp FROM {MARKS} ORDER BY n DESC LIMIT 1),
        (SELECT max(n) FROM {MARKS} WHERE is_pruned),
        (SELECT CAST(position AS integer) FROM {MARKS} WHERE is_pruned ORDER BY n DESC LIMIT 1),
        (SELECT stamp FROM {MARKS} WHERE n = %s), (SELECT stamp FROM {LOG} WHERE id = %s)
"""
SECONDS = 86_400


class SQLiteSource(Source):
    begin_statement = "BEGIN"

    def prepare(self) -> None:
        self.open_file = self.file()

    def reopen(self) -> None:
        """Another file that was moved to the place is not the one that is open."""
        if self.open_file != (found := self.file()):
            self.session.connection.close()
            self.open_file = found

    def begin(self) -> None:
        self.reopen()
        super().begin()
        # It begins with the first that is read.
        self.session.execute("SELECT 1 FROM sqlite_master LIMIT 1")

    def file(self) -> str:
        """Which file the name leads to."""
        name = str(self.session.connection.settings_dict["NAME"])
        if name.startswith("file:") or name == ":memory:":
            return name
        found = os.stat(name)
        return f"{found.st_dev}:{found.st_ino}"

    def head(self, position: Position | None) -> Head:
        if not self.session.in_transaction:
            self.reopen()
        at, mark = (position["at"], position["mark"]) if position else (0, [0, None])
        edge: Any = position["edge"][-1] if position and position["edge"] else None
        row = self.session.one(HEAD, [mark[0], edge[0] if edge else -1])
        epoch, last, number, stamp, pruned, pruned_at, known, of_edge = row
        is_kept = bool(edge) and edge[0] > (pruned_at or 0)
        last = last or 0
        return Head(
            epoch=epoch,
            server=self.open_file,
            mark=[number or 0, stamp],
            pruned=pruned or 0,
            pruned_at=pruned_at or 0,
            knows_mark=known == mark[1],
            has_news=last > at,
            is_behind=last < at or (is_kept and of_edge != edge[1]),
            own=last,
        )

    def start(self, head: Head) -> Any:
        return head.own

    def changes(self, position: Position, head: Head) -> Changes:
        rows = self.session.execute(
            f"SELECT id, stamp, tbl, k FROM {LOG} WHERE id > %s ORDER BY id", [position["at"]]
        )
        if not rows:
            return Changes([], position["at"])
        # It is the last that is lost first.
        return Changes([(row[2], row[3]) for row in rows], rows[-1][0], [rows[-1][:2]])

    def has_edge(self, position: Position, pruned_at: int) -> bool:
        (last,) = position["edge"]
        return last[0] <= pruned_at or bool(
            self.session.execute(f"SELECT 1 FROM {LOG} WHERE id = %s AND stamp = %s", last)
        )

    def digests(self, tables: Collection[str]) -> dict[str, Digest]:
        found: dict[str, list[tuple[str, str, str]]] = {name: [] for name in tables}
        for kind, name, table, sql in self.session.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('table', 'trigger') ORDER BY type, name"
        ):
            if table in found:
                found[table].append((kind, name, sql))
        digests = {}
        for table, parts in found.items():
            if any(kind == "table" for kind, _, _ in parts):
                triggers = [name for kind, name, _ in parts if kind == "trigger"]
                is_logged = is_complete(triggers, {"insert", "update", "delete"})
                digests[table] = Digest("\n".join(f"{name}: {sql}" for _, name, sql in parts), is_logged)
        return digests

    def prune(self, retention: float, max_rows: int) -> int:
        (last,) = self.session.one(f"SELECT max(id) FROM {LOG}")
        if last is None:
            return 0
        self.session.begin("BEGIN IMMEDIATE")
        (due,) = self.session.one(
            f"SELECT count(*) = 0 FROM {MARKS} WHERE at > julianday('now') - %s",
            [retention / MARKS_KEPT / SECONDS],
        )
        if due:
            self.session.execute(f"INSERT INTO {MARKS} (position) VALUES (%s)", [str(last)])
        rows = self.session.execute(
            f"SELECT n, CAST(position AS integer) FROM {MARKS} WHERE at < julianday('now') - %s "
            f"OR CAST(position AS integer) <= %s ORDER BY n DESC LIMIT 1",
            [retention / SECONDS, last - max_rows],
        )
        limit = min(rows[0][1], last - KEPT) if rows else 0
        deleted = 0
        if limit > 0:
            self.session.execute(f"UPDATE {MARKS} SET is_pruned = 1 WHERE n = %s", [rows[0][0]])
            self.session.execute(f"DELETE FROM {MARKS} WHERE n < %s", [rows[0][0]])
        self.session.commit()
        while limit > 0:
            first = self.session.one(f"SELECT min(id) FROM {LOG}")[0] or 0
            upto = min(limit, first + PRUNED_AT_ONCE - 1)
            if first > limit:
                break
            deleted += self.session.one(f"SELECT count(*) FROM {LOG} WHERE id <= %s", [upto])[0]
            self.session.execute(f"DELETE FROM {LOG} WHERE id <= %s", [upto])
        return deleted
