"""The log of a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterable

from causeway.feed.keys import BYTES, MOMENT, KeyColumn, Watched
from causeway.feed.triggers.base import EPOCH, LOG, MARKS, OURS, Triggers

FOUND = """
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgname LIKE 'causeway\\_%%'
        AND c.relnamespace = quote_ident(current_schema())::regnamespace
"""

# Rows of any role's writes are logged with the rights of the log's owner. (A trigger must never NOTIFY: a
# transaction that did cannot be prepared.)
FUNCTION = """CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp AS {code}"""
CODE = """
BEGIN
    {body}
    RETURN NULL;
END """


class PostgreSQLTriggers(Triggers):
    def log_statements(self) -> list[str]:
        return [
            f"CREATE TABLE IF NOT EXISTS {LOG} (xid xid8 NOT NULL DEFAULT pg_current_xact_id(), "
            f"at timestamptz NOT NULL DEFAULT now(), tbl text NOT NULL, k text)",
            f"CREATE INDEX IF NOT EXISTS {LOG}_xid ON {LOG} (xid)",
            f"CREATE TABLE IF NOT EXISTS {MARKS} (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
            f"at timestamptz NOT NULL DEFAULT now(), stamp bigint NOT NULL DEFAULT (random() * 1e18)::bigint, "
            f"position text NOT NULL, is_pruned boolean NOT NULL DEFAULT false)",
            f"CREATE TABLE IF NOT EXISTS {EPOCH} (id int PRIMARY KEY, epoch text NOT NULL)",
            f"INSERT INTO {EPOCH} VALUES (1, md5(random()::text || clock_timestamp())) ON CONFLICT (id) DO NOTHING",
        ]

    def key(self, table: Watched, row: str) -> str:
        parts = [self.part(column, row) for column in table.key]
        return parts[0] if len(parts) == 1 else f"json_build_array({', '.join(parts)})::text"

    def part(self, column: KeyColumn, row: str) -> str:
        value = f"{row}.{self.name(column.name)}"
        if column.kind == BYTES:
            return f"encode({value}, 'hex')"
        # In ISO 8601, whatever DateStyle the session has.
        return f"(to_jsonb({value}) #>> '{{}}')" if column.kind == MOMENT else f"{value}::text"

    def bodies(self, table: Watched) -> dict[str, str]:
        old, new = self.old_and_new(table)
        return {
            "row": f"IF TG_OP <> 'INSERT' THEN {self.log(table, old)}; END IF; "
            f"IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND {old} COLLATE \"C\" IS DISTINCT FROM {new}) "
            f"THEN {self.log(table, new)}; END IF;",
            "truncate": f"{self.log(table, 'NULL')};",
        }

    # Without FOR EACH ROW, a partition that is written directly would go unseen.
    EVENTS = {
        "row": "AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW",
        "truncate": "AFTER TRUNCATE ON {} FOR EACH STATEMENT",
    }

    def create_statements(self, table: Watched, prefix: str, bodies: dict[str, str]) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            schema = self.name(cursor.fetchone()[0])
        target = self.name(table.name)
        statements = []
        for what, body in bodies.items():
            name = self.name(f"{prefix}_{what}")
            code = in_dollars(CODE.format(body=body))
            statements += [
                FUNCTION.format(name=name, schema=schema, code=code),
                f"CREATE TRIGGER {name} {self.EVENTS[what].format(target)} EXECUTE FUNCTION {name}()",
                # Also where session_replication_role is replica.
                f"ALTER TABLE {target} ENABLE ALWAYS TRIGGER {name}",
            ]
        return statements

    def found(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        with self.connection.cursor() as cursor:
            cursor.execute(FOUND.replace("%%", "%"))
            for table, name in cursor.fetchall():
                if OURS.fullmatch(name):
                    found.setdefault(table, set()).add(name)
        return found

    def drop_statements(self, table: str, names: Iterable[str]) -> list[str]:
        return [
            statement
            for name in map(self.name, sorted(names))
            for statement in (
                f"DROP TRIGGER {name} ON {self.name(table)}",
                f"DROP FUNCTION IF EXISTS {name}()",
            )
        ]


def in_dollars(code: str) -> str:
    """A text in SQL, in which quotation marks stay as they are."""
    tag = "causeway"
    while f"${tag}$" in code:
        tag += "_"
    return f"${tag}${code}${tag}$"
