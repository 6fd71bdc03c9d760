"""PostgreSQL: what is new is what one snapshot sees and another one does not."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import DatabaseError

from causeway.feed.session import Row
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

# Planning it costs more than executing it. It is prepared on the connection, by SQL: parameters go to the server in
# text otherwise.
HEAD = f"""
    SELECT pg_current_snapshot()::text, pg_is_in_recovery(), pg_postmaster_start_time()::text,
        concat_ws('/', e.epoch, e.tableoid), m.n, m.stamp, k.stamp,
        p.n, p.position,
        (SELECT xid::text FROM {LOG} ORDER BY xid DESC LIMIT 1),
        EXISTS (SELECT 1 FROM {LOG} WHERE xid = ANY ($2))
    FROM {EPOCH} e LEFT JOIN (SELECT n, stamp FROM {MARKS} ORDER BY n DESC LIMIT 1) m ON true
        LEFT JOIN (SELECT n, position FROM {MARKS} WHERE is_pruned ORDER BY n DESC LIMIT 1) p ON true
        LEFT JOIN {MARKS} k ON k.n = $1
"""
PREPARE = f"PREPARE causeway_head (bigint, xid8[]) AS {HEAD}"
# The dump of a database has its log, but not the transaction ids of another cluster.
CLUSTER = """
    SELECT concat_ws('/', system_identifier, d.oid) FROM pg_control_system(), pg_database d
    WHERE datname = current_database()
"""
# With one old transaction open, this costs a third of a millisecond where the test of each row's visibility
# costs a hundred.
CHANGES = f"""
    SELECT tbl, k, xid::text, extract(epoch FROM at)::text FROM {LOG} WHERE xid >= %s::xid8
    UNION ALL
    SELECT tbl, k, xid::text, extract(epoch FROM at)::text FROM {LOG} WHERE xid = ANY (%s::xid8[])
"""
SUM = f"""
    SELECT count(*) || '/' || coalesce(sum(hashtextextended(concat_ws('/', xid, extract(epoch FROM at)), 0)), 0)
    FROM {LOG} WHERE (xid >= %s::xid8 OR xid = ANY (%s::xid8[])) AND xid < %s::xid8 AND NOT xid = ANY (%s::xid8[])
"""
DIGESTS = """
    SELECT c.relname,
        concat_ws(E'\\n', c.oid, c.relkind, c.relfilenode,
            (SELECT string_agg(concat_ws(' ', p.relid, i.relfilenode), ',' ORDER BY p.relid)
             FROM pg_partition_tree(c.oid) p JOIN pg_class i ON i.oid = p.relid WHERE c.relkind = 'p'),
            (SELECT string_agg(concat_ws(' ', attname, atttypid, atttypmod), ',' ORDER BY attnum)
             FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
            (SELECT string_agg(concat_ws(' ', tgname, oid, xmin, tgenabled), ',' ORDER BY tgname)
             FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'causeway\\_%%'
                AND tgrelid IN (SELECT c.oid UNION ALL SELECT relid FROM pg_partition_tree(c.oid)
                                WHERE c.relkind = 'p'))),
        ARRAY(SELECT tgname::text FROM pg_trigger WHERE tgrelid = c.oid AND tgname LIKE 'causeway\\_%%' AND tgenabled = 'A'),
        (SELECT count(*) FROM pg_partition_tree(c.oid) p JOIN pg_class i ON i.oid = p.relid AND i.relkind <> 'p'
         WHERE c.relkind = 'p' AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = p.relid
            AND tgname LIKE 'causeway\\_%%row' AND tgenabled = 'A'))
    FROM pg_class c WHERE c.relname = ANY (%s) AND c.oid = to_regclass(quote_ident(c.relname))
"""


class PostgreSQLSource(Source):
    begin_statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def prepare(self) -> None:
        # Of a log that has just grown, or shrunk, the planner knows nothing.
        self.session.execute("SET enable_seqscan = off")
        # What it thinks to be dear then would be compiled first.
        self.session.execute("SET jit = off")
        # Which plan is right does not depend on the position.
        self.session.execute("SET plan_cache_mode = force_generic_plan")
        self.clusters: dict[str, str] = {}
        self.is_prepared = False

    def head(self, position: Position | None) -> Head:
        number, stamp = position["mark"] if position else (0, None)
        at = position["at"] if position else ""
        row = self.asked(number, f"{{{','.join(in_progress(at))}}}")
        snapshot, is_standby, server, epoch, last, its_stamp, known, pruned, pruned_at, newest, was_open = row
        if server not in self.clusters:
            # No server becomes another one while it runs.
            self.clusters = {server: self.session.one(CLUSTER)[0]}
        return Head(
            epoch=epoch and f"{epoch}/{self.clusters[server]}",
            server=server,
            mark=[last or 0, its_stamp],
            pruned=pruned or 0,
            pruned_at=int(pruned_at or 0),
            knows_mark=known == stamp,
            has_news=was_open or bool(newest and at and int(newest) >= upper(at)),
            is_behind=bool(at) and upper(snapshot) < upper(at) and not is_standby,
            own=on_standby(snapshot) if is_standby else snapshot,
        )

    def begin(self) -> None:
        if not self.is_prepared:
            # Within a transaction, what fails would end it.
            self.prepare_head()
        super().begin()

    def prepare_head(self) -> None:
        self.session.execute("DEALLOCATE ALL")
        self.session.execute(PREPARE)
        self.is_prepared = True

    def asked(self, number: int, in_progress: str) -> Row:
        if not self.is_prepared:
            self.prepare_head()
        try:
            return self.session.one("EXECUTE causeway_head (%s, %s)", [number, in_progress])
        except DatabaseError:
            # Behind a pooler, the connection to the server may be another one than a moment ago.
            self.is_prepared = False
            raise

    def start(self, head: Head) -> Any:
        return head.own

    def changes(self, position: Position, head: Head) -> Changes:
        at = position["at"]
        rows = self.session.execute(CHANGES, [str(upper(at)), in_progress(at)])
        edge: Any = sorted({(xid, moment) for _, _, xid, moment in rows})
        if len(edge) > EDGE:
            edge = {"after": at, "sum": self.sum_between(at, head.own)}
        return Changes([row[:2] for row in rows], head.own, edge)

    def sum_between(self, after: str, upto: str) -> str:
        """What one snapshot saw that another one had not, as one number."""
        (found,) = self.session.one(
            SUM, [str(upper(after)), in_progress(after), str(upper(upto)), in_progress(upto)]
        )
        return str(found)

    def has_edge(self, position: Position, pruned_at: int) -> bool:
        edge = position["edge"]
        if isinstance(edge, dict):
            return int(edge["after"].split(":")[0]) < pruned_at or bool(
                self.sum_between(edge["after"], position["at"]) == edge["sum"]
            )
        edge = [(xid, moment) for xid, moment in edge if int(xid) >= pruned_at]
        xids, moments = [xid for xid, _ in edge], [moment for _, moment in edge]
        (count,) = self.session.one(
            f"SELECT count(*) FROM unnest(%s::xid8[], %s::text[]) AS e (xid, moment) WHERE EXISTS "
            f"(SELECT 1 FROM {LOG} l WHERE l.xid = e.xid AND extract(epoch FROM l.at)::text = e.moment)",
            [xids, moments],
        )
        return bool(count == len(edge))

    def digests(self, tables: Collection[str]) -> dict[str, Digest]:
        rows = self.session.execute(DIGESTS, [list(tables)])
        return {
            name: Digest(text, is_complete(triggers, {"row", "truncate"}) and not unlogged)
            for name, text, triggers, unlogged in rows
        }

    def prune(self, retention: float, max_rows: int) -> int:
        if self.session.one("SELECT pg_is_in_recovery()")[0]:
            return 0
        self.mark(retention)
        rows = self.session.execute(
            f"SELECT n, position FROM {MARKS} WHERE at < now() - %s * interval '1 second' "
            f"OR position::xid8 <= (SELECT xid FROM {LOG} ORDER BY xid DESC OFFSET %s LIMIT 1) ORDER BY n DESC LIMIT 1",
            [retention, max_rows],
        )
        kept = self.session.execute(
            f"SELECT xid::text FROM {LOG} ORDER BY xid DESC OFFSET %s LIMIT 1", [KEPT]
        )
        if not rows or not kept:
            return 0
        limit = min(int(rows[0][1]), int(kept[0][0]))
        self.session.execute(
            f"UPDATE {MARKS} SET is_pruned = true WHERE n = %s AND NOT is_pruned", [rows[0][0]]
        )
        self.session.execute(f"DELETE FROM {MARKS} WHERE n < %s", [rows[0][0]])
        return self.delete(limit)

    def mark(self, retention: float) -> None:
        """Remember before which transaction id all are ended now, where that is due."""
        self.session.execute(
            f"INSERT INTO {MARKS} (position) SELECT pg_snapshot_xmin(pg_current_snapshot())::text "
            f"WHERE NOT EXISTS (SELECT 1 FROM {MARKS} WHERE at > now() - %s * interval '1 second')",
            [retention / MARKS_KEPT],
        )

    def delete(self, limit: int) -> int:
        deleted = 0
        while True:
            count: int
            (count,) = self.session.one(
                f"WITH gone AS (DELETE FROM {LOG} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {LOG} WHERE xid < %s::xid8 "
                f"ORDER BY xid LIMIT {PRUNED_AT_ONCE})) RETURNING 1) SELECT count(*) FROM gone",
                [str(limit)],
            )
            deleted += count
            if count < PRUNED_AT_ONCE:
                return deleted


def upper(snapshot: str) -> int:
    """The first transaction id that no snapshot before this one has seen."""
    return int(snapshot.split(":")[1])


def in_progress(snapshot: str) -> list[str]:
    """The transaction ids before that which it did not see either."""
    return [xid for xid in snapshot.rpartition(":")[2].split(",") if xid]


def on_standby(snapshot: str) -> str:
    """A standby leaves out what is in progress: what is not surely ended is read again."""
    lower = snapshot.split(":")[0]
    return f"{lower}:{lower}:"
