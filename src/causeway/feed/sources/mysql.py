"""MariaDB and MySQL: the highest id that was seen, and the ids below it that were missing.

A missing id belongs to an open transaction, to one that was rolled back, or to a row about to be
inserted. Which it is, is found out by inserting it: see ``settle()``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db import DatabaseError, Error

from causeway.feed.sources.base import (
    EDGE,
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
from causeway.feed.triggers.mysql import literal

# A hole: the first id, the last one, and when it was first seen.
Hole = list[Any]

# How long a missing id is left alone: its row may be on its way.
HOLE_SECONDS = 2
FENCED_AT_ONCE = 1_000
FENCED_A_ROUND = 20_000
LOCKED, DUPLICATE, NOWAIT = 1205, 1062, 3572

HEAD = """
    SELECT (SELECT epoch FROM {epoch}), CONCAT_WS('/', @@hostname, @@port, @@server_id),
        (SELECT MAX(id) FROM {log}), (SELECT MAX(n) FROM {marks}),
        (SELECT stamp FROM {marks} ORDER BY n DESC LIMIT 1), (SELECT MAX(n) FROM {marks} WHERE is_pruned),
        (SELECT JSON_EXTRACT(position, '$.high') FROM {marks} WHERE is_pruned ORDER BY n DESC LIMIT 1),
        (SELECT stamp FROM {marks} WHERE n = %s), (SELECT UNIX_TIMESTAMP(at) FROM {log} WHERE id = %s),
        EXISTS (SELECT 1 FROM {log} WHERE {holes})
"""
DIGESTS = """
    SELECT t.TABLE_NAME, CONCAT_WS('\\n', t.CREATE_TIME, t.ENGINE,
        (SELECT GROUP_CONCAT(CONCAT_WS(' ', COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME) ORDER BY ORDINAL_POSITION)
         FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = t.TABLE_NAME))
    FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME IN ({tables})
"""
# What TRUNCATE changes of a table, and nothing else that can be asked for. It takes the privilege PROCESS.
IDENTITIES = """
    SELECT NAME, TABLE_ID FROM information_schema.{view} WHERE NAME IN ({tables})
"""
TRIGGERS = """
    SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, CONCAT_WS(' ', TRIGGER_NAME, CREATED), ACTION_STATEMENT
    FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME LIKE 'causeway\\_%'
    ORDER BY 1, 2
"""


class MySQLSource(Source):
    may_identify = True
    begin_statement = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"

    def prepare(self) -> None:
        self.session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.session.execute("SET SESSION group_concat_max_len = 1000000")
        # MySQL waits for a second at least.
        self.session.execute(f"SET SESSION innodb_lock_wait_timeout = {0 if self.session.is_mariadb else 1}")

    def head(self, position: Position | None) -> Head:
        at: Any = position["at"] if position else {"high": 0, "holes": []}
        number, stamp = position["mark"] if position else (0, None)
        found = position["edge"] if position else None
        edge: Any = found[-1] if isinstance(found, list) and found else None
        sql = HEAD.format(log=LOG, marks=MARKS, epoch=EPOCH, holes=within(at["holes"]))
        row = self.session.one(sql, [number, edge[0] if edge else -1])
        epoch, server, high, last, its_stamp, pruned, pruned_at, known, of_edge, are_filled = row
        is_kept = bool(edge) and edge[0] > int(pruned_at or 0)
        high = high or 0
        return Head(
            epoch=epoch,
            server=server,
            mark=[last or 0, its_stamp],
            pruned=pruned or 0,
            pruned_at=int(pruned_at or 0),
            knows_mark=known == stamp,
            has_news=high > at["high"] or bool(are_filled),
            is_behind=high < at["high"] or (is_kept and str(of_edge) != edge[1]),
            own=high,
        )

    def start(self, head: Head) -> Any:
        """Also the ids that are missing at the start are those of open transactions."""
        rows = self.session.execute(f"SELECT position FROM {MARKS} WHERE is_pruned ORDER BY n DESC LIMIT 1")
        at = json.loads(rows[0][0]) if rows else {"high": 0, "holes": []}
        return self.advanced(at, self.ids_since(at))

    def ids_since(self, at: Any) -> list[int]:
        rows = self.session.execute(
            f"SELECT id FROM {LOG} WHERE id > %s OR {within(at['holes'])}", [at["high"]]
        )
        return [row[0] for row in rows]

    def changes(self, position: Position, head: Head) -> Changes:
        at = position["at"]
        columns = f"SELECT id, tbl, k, UNIX_TIMESTAMP(at) FROM {LOG} WHERE"
        rows = self.session.execute(f"{columns} id > %s", [at["high"]])
        if at["holes"]:
            rows += self.session.execute(f"{columns} {within(at['holes'])}")
        # Ids that were fenced have no table.
        changed = [row for row in rows if row[1]]
        edge: Any = sorted([row[0], str(row[3])] for row in changed)
        after, at = at, self.advanced(at, [row[0] for row in rows])
        if len(edge) > EDGE:
            edge = {"after": after, "sum": self.sum_between(after, at)}
        return Changes([row[1:3] for row in changed], at, edge)

    def sum_between(self, after: Any, upto: Any) -> str:
        """What one position saw that another one had not, as one number. (Ids that are fenced later were missing.)"""
        (found,) = self.session.one(
            f"SELECT CONCAT_WS('/', COUNT(*), COALESCE(SUM(CRC32(CONCAT_WS('/', id, UNIX_TIMESTAMP(at)))), 0)) FROM {LOG} "
            f"WHERE (id BETWEEN %s AND %s OR {within(after['holes'])}) AND NOT {within(upto['holes'])}",
            [after["high"] + 1, upto["high"]],
        )
        return str(found)

    @staticmethod
    def advanced(at: Any, ids: list[int]) -> Any:
        """The position after these ids were seen."""
        now = int(time.time())
        high = max([at["high"], *ids])
        ranges: list[Hole] = [*at["holes"], [at["high"] + 1, high, now]]
        return {"high": high, "holes": list(without(ranges, sorted(ids)))}

    def has_edge(self, position: Position, pruned_at: int) -> bool:
        edge = position["edge"]
        if isinstance(edge, dict):
            lowest = min([edge["after"]["high"] + 1, *(hole[0] for hole in edge["after"]["holes"])])
            return lowest <= pruned_at or bool(self.sum_between(edge["after"], position["at"]) == edge["sum"])
        edge = [(number, moment) for number, moment in edge if number > pruned_at]
        if not edge:
            return True
        ids = ", ".join(str(int(number)) for number, _ in edge)
        rows = self.session.execute(f"SELECT id, UNIX_TIMESTAMP(at) FROM {LOG} WHERE id IN ({ids})")
        found = {row[0]: str(row[1]) for row in rows}
        return all(found.get(number) == moment for number, moment in edge)

    def digests(self, tables: Collection[str]) -> dict[str, Digest]:
        names = list(tables)
        if not names:
            return {}
        sql = DIGESTS.format(tables=", ".join(["%s"] * len(names)))
        texts = {row[0]: row[1] for row in self.session.execute(sql, names)}
        identities = self.identities(names)
        triggers = self.session.execute(TRIGGERS)
        digests = {}
        for name, text in texts.items():
            own = [row for row in triggers if row[0] == name or literal(name) in str(row[3])]
            whole = "\n".join([str(text), identities.get(name, ""), *(str(row[2]) for row in own)])
            is_logged = is_complete([row[1] for row in own if row[0] == name], {"insert", "update", "delete"})
            digests[name] = Digest(whole, is_logged)
        return digests

    def identities(self, names: list[str]) -> dict[str, str]:
        """What InnoDB has for the names of tables, where this role may ask for it."""
        if not self.may_identify:
            return {}
        view = "INNODB_SYS_TABLES" if self.session.is_mariadb else "INNODB_TABLES"
        prefix = f"{self.session.connection.settings_dict['NAME']}/"
        sql = IDENTITIES.format(view=view, tables=", ".join(["%s"] * len(names)))
        try:
            rows = self.session.execute(sql, [prefix + name for name in names])
        except DatabaseError:
            self.may_identify = False
            return {}
        return {str(row[0]).removeprefix(prefix): str(row[1]) for row in rows}

    # Holes

    def settle(self, position: Position) -> None:
        """Fence the ids that have been missing for a while: insert them, so that none can come any more.

        What is inserted belonged to nobody; a row whose transaction is open keeps it from being
        inserted, and is waited for. The next round finds the fence in the log, and the hole is closed.
        """
        old = [hole for hole in position["at"]["holes"] if time.time() - hole[2] >= HOLE_SECONDS]
        left = FENCED_A_ROUND
        for first, last, _ in old:
            last = min(last, first + left - 1)
            for begin in range(first, last + 1, FENCED_AT_ONCE):
                if not self.fence(begin, min(last, begin + FENCED_AT_ONCE - 1)):
                    return
            left -= last - first + 1
            if left <= 0:
                return

    def fence(self, first: int, last: int) -> bool:
        """Fence a range, its halves where one of it is there or open; whether it may be done at all."""
        try:
            if not self.session.is_mariadb:
                self.session.execute(
                    f"SELECT id FROM {LOG} WHERE id BETWEEN %s AND %s FOR UPDATE NOWAIT", [first, last]
                )
            rows = ", ".join(f"({number}, '')" for number in range(first, last + 1))
            self.session.execute(f"INSERT INTO {LOG} (id, tbl) VALUES {rows}")
        except Error as error:
            if not error.args or error.args[0] not in {LOCKED, DUPLICATE, NOWAIT}:
                # A role without the right, or a server that is read only: others fence.
                return False
            if first == last:
                return True
            middle = (first + last) // 2
            return self.fence(first, middle) and self.fence(middle + 1, last)
        return True

    def prune(self, retention: float, max_rows: int) -> int:
        self.mark(retention)
        (last,) = self.session.one(f"SELECT MAX(id) FROM {LOG}")
        rows = self.session.execute(
            f"SELECT n, position FROM {MARKS} WHERE at < NOW(6) - INTERVAL %s SECOND ORDER BY n DESC LIMIT 1",
            [retention],
        )
        every = self.session.execute(f"SELECT n, position FROM {MARKS} ORDER BY n DESC")
        over = [(n, text) for n, text in every if json.loads(text)["high"] <= (last or 0) - max_rows]
        found = max([*rows, *over], default=None)
        if found is None or last is None:
            return 0
        at = json.loads(found[1])
        limit = min(at["high"], last - KEPT)
        if limit <= 0:
            return 0
        self.session.execute(f"UPDATE {MARKS} SET is_pruned = 1 WHERE n = %s", [found[0]])
        self.session.execute(f"DELETE FROM {MARKS} WHERE n < %s", [found[0]])
        return self.delete(limit, at["holes"])

    def mark(self, retention: float) -> None:
        """Remember which ids can be seen now, where that is due: a position as a child has it."""
        (is_due,) = self.session.one(
            f"SELECT NOT EXISTS (SELECT 1 FROM {MARKS} WHERE at > NOW(6) - INTERVAL %s SECOND)",
            [retention / MARKS_KEPT],
        )
        if not is_due:
            return
        rows = self.session.execute(f"SELECT position FROM {MARKS} ORDER BY n DESC LIMIT 1")
        at = json.loads(rows[0][0]) if rows else {"high": 0, "holes": []}
        self.begin()
        try:
            at = self.advanced(at, self.ids_since(at))
        finally:
            self.end()
        self.session.execute(f"INSERT INTO {MARKS} (stamp, position) VALUES (UUID(), %s)", [json.dumps(at)])
        self.settle({"at": at})

    def delete(self, limit: int, holes: list[Hole]) -> int:
        deleted = 0
        while True:
            rows = self.session.execute(
                f"SELECT id FROM {LOG} WHERE id <= %s AND NOT {within(holes)} ORDER BY id LIMIT {PRUNED_AT_ONCE}",
                [limit],
            )
            if not rows:
                return deleted
            for first, last in runs([row[0] for row in rows]):
                self.session.execute(f"DELETE FROM {LOG} WHERE id BETWEEN %s AND %s", [first, last])
            deleted += len(rows)


def within(holes: Sequence[Hole]) -> str:
    """The condition of ids in one of the holes."""
    if not holes:
        return "(1 = 0)"
    single = ", ".join(str(int(first)) for first, last, _ in holes if first == last)
    ranges = [f"id BETWEEN {int(first)} AND {int(last)}" for first, last, _ in holes if first != last]
    return f"({' OR '.join([*([f'id IN ({single})'] if single else []), *ranges])})"


def without(holes: list[Hole], ids: list[int]) -> Iterator[Hole]:
    """The holes without ids that were seen, which are in order, as the holes are."""
    position = 0
    for first, last, since in holes:
        while position < len(ids) and ids[position] <= last:
            seen = ids[position]
            position += 1
            if seen > first:
                yield [first, seen - 1, since]
            first = max(first, seen + 1)
        if first <= last:
            yield [first, last, since]


def runs(ids: list[int]) -> Iterator[tuple[int, int]]:
    """Ids in order, as ranges without a gap."""
    begin = previous = ids[0]
    for number in ids[1:]:
        if number != previous + 1:
            yield begin, previous
            begin = number
        previous = number
    yield begin, previous
