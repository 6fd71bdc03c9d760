"""The log of a MariaDB or MySQL database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from causeway.feed.keys import BYTES, Watched
from causeway.feed.triggers.base import EPOCH, LOG, MARKS, OURS, Triggers
from causeway.names import in_quotes

TABLE_OPTIONS = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
# A table that holds nothing and refers to a logged one, which so cannot be truncated: no trigger would see it.
GUARD = "causeway_guard_"

FOUND = """
    SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS
    WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME LIKE 'causeway\\_%'
"""
RULES = """
    SELECT k.TABLE_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE
    FROM information_schema.REFERENTIAL_CONSTRAINTS r
    JOIN information_schema.KEY_COLUMN_USAGE k ON k.CONSTRAINT_SCHEMA = r.CONSTRAINT_SCHEMA
        AND k.CONSTRAINT_NAME = r.CONSTRAINT_NAME AND k.TABLE_NAME = r.TABLE_NAME
    WHERE r.CONSTRAINT_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_SCHEMA = DATABASE()
        AND (r.DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') OR r.UPDATE_RULE IN ('CASCADE', 'SET NULL'))
    ORDER BY 1, 2, 3, 4
"""


class Rule(NamedTuple):
    """A constraint by which the server changes rows of ``table`` without a trigger."""

    table: str
    column: str
    target: str
    target_column: str
    on_delete: str
    on_update: str


def literal(text: str) -> str:
    """A text in SQL, whatever a backslash means to the session."""
    return f"_utf8mb4 X'{text.encode().hex()}'" if "\\" in text else in_quotes(text, "'")


class MySQLTriggers(Triggers):
    _rules: list[Rule] | None = None
    tables: Sequence[Watched] = ()

    def log_statements(self) -> list[str]:
        now = "timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"
        return [
            f"CREATE TABLE IF NOT EXISTS {LOG} (id bigint AUTO_INCREMENT PRIMARY KEY, at {now}, "
            f"tbl varchar(64) NOT NULL, k text) {TABLE_OPTIONS}",
            f"CREATE TABLE IF NOT EXISTS {MARKS} (n bigint AUTO_INCREMENT PRIMARY KEY, at {now}, "
            f"stamp varchar(36) NOT NULL, position longtext NOT NULL, is_pruned bool NOT NULL DEFAULT 0) "
            f"{TABLE_OPTIONS}",
            f"CREATE TABLE IF NOT EXISTS {EPOCH} (id int PRIMARY KEY, epoch varchar(64) NOT NULL) {TABLE_OPTIONS}",
            f"INSERT IGNORE INTO {EPOCH} VALUES (1, UUID())",
        ]

    def key(self, table: Watched, row: str) -> str:
        parts = [
            f"HEX({row}.{self.name(name)})"
            if kind == BYTES
            else f"CAST({row}.{self.name(name)} AS char CHARACTER SET utf8mb4)"
            for name, kind in table.key
        ]
        return parts[0] if len(parts) == 1 else f"JSON_ARRAY({', '.join(parts)})"

    def literal(self, text: str) -> str:
        return literal(text)

    def bodies(self, table: Watched) -> dict[str, str]:
        bodies = {}
        if table.key:
            old, new = self.old_and_new(table)
            bodies = {
                "insert": self.log(table, new),
                "update": f"BEGIN {self.log(table, old)}; IF NOT (CAST({old} AS BINARY) <=> CAST({new} AS BINARY)) "
                f"THEN {self.log(table, new)}; END IF; END",
                "delete": self.log(table, old),
            }
        for what, body in self.cascades(table.name).items():
            bodies[what] = body
        return bodies

    EVENTS = {
        "insert": "AFTER INSERT",
        "update": "AFTER UPDATE",
        "delete": "AFTER DELETE",
        "cascade_delete": "BEFORE DELETE",
        "cascade_update": "BEFORE UPDATE",
    }

    def create_statements(self, table: Watched, prefix: str, bodies: dict[str, str]) -> list[str]:
        statements = [
            f"CREATE TRIGGER {self.name(f'{prefix}_{what}')} {self.EVENTS[what]} ON {self.name(table.name)} "
            f"FOR EACH ROW {body}"
            for what, body in bodies.items()
        ]
        return statements + (self.guard(table, prefix) if table.key else [])

    def guard(self, table: Watched, prefix: str) -> list[str]:
        """The table that keeps another from being truncated. (It would be dropped and made anew.)"""
        guard = self.name(GUARD + prefix.removeprefix("causeway_"))
        columns = ", ".join(self.name(column.name) for column in table.key)
        target = self.name(table.name)
        return [
            f"CREATE TABLE {guard} ENGINE=InnoDB SELECT {columns} FROM {target} LIMIT 0",
            f"ALTER TABLE {guard} ADD FOREIGN KEY ({columns}) REFERENCES {target} ({columns})",
        ]

    def found(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        with self.connection.cursor() as cursor:
            cursor.execute(FOUND)
            for table, name in cursor.fetchall():
                if OURS.fullmatch(name):
                    found.setdefault(table, set()).add(name)
        return found

    def drop_statements(self, table: str, names: Iterable[str]) -> list[str]:
        names = sorted(names)
        guards = sorted({GUARD + "_".join(name.split("_")[1:3]) for name in names})
        return [
            *(f"DROP TABLE IF EXISTS {self.name(guard)}" for guard in guards),
            *(f"DROP TRIGGER IF EXISTS {self.name(name)}" for name in names),
        ]

    # What the server does itself

    @property
    def rules(self) -> list[Rule]:
        if self._rules is None:
            with self.connection.cursor() as cursor:
                cursor.execute(RULES)
                rules = [Rule(*row) for row in cursor.fetchall()]
            self._rules = [rule for rule in rules if not rule.table.startswith(GUARD)]
        return self._rules

    def statements(self, tables: Sequence[Watched], found: dict[str, set[str]]) -> Iterable[str]:  # type: ignore[override]
        self.tables = tables
        return super().statements(tables, found)

    def further_tables(self, tables: Sequence[Watched]) -> list[Watched]:
        logged = {table.name for table in tables}
        targets = sorted({rule.target for rule in self.rules} - logged)
        return [Watched(target, ()) for target in targets if self.cascades(target)]

    def cascades(self, target: str) -> dict[str, str]:
        """What logs the keys of rows that the server is about to change because a row of ``target`` changes."""
        bodies = {}
        for what, rows in (
            ("delete", self.touched(target, "on_delete")),
            ("update", self.touched(target, "on_update")),
        ):
            if rows:
                bodies[f"cascade_{what}"] = f"BEGIN {' '.join(rows)} END"
        return bodies

    def touched(self, target: str, event: str) -> list[str]:
        statements = []
        for rule in self.rules:
            action = getattr(rule, event)
            if rule.target != target or action in {"RESTRICT", "NO ACTION"}:
                continue
            where = f"{self.name(rule.column)} = OLD.{self.name(rule.target_column)}"
            logs = self.logged(rule.table, where, action, (rule.table,))
            if event == "on_update":
                column = self.name(rule.target_column)
                logs = [f"IF NOT (OLD.{column} <=> NEW.{column}) THEN {log} END IF;" for log in logs]
            statements += logs
        return statements

    def logged(self, table: str, where: str, action: str, path: tuple[str, ...]) -> list[str]:
        """Log the rows of a table that meet a condition, and what the server changes because of them.

        ``where`` is to come after the name of the table, and a dot.
        """
        watched = next((each for each in self.tables if each.name == table), None)
        alias = f"t{len(path)}"
        own = [
            rule for rule in self.rules if rule.target == table == rule.table and rule.on_delete == "CASCADE"
        ]
        if own and action == "CASCADE":
            where = self.descendants(own[0], where)
        condition = f"{alias}.{where}"
        logs = []
        if watched:
            logs.append(
                f"INSERT INTO {LOG} (tbl, k) SELECT {self.literal(table)}, {self.key(watched, alias)} "
                f"FROM {self.name(table)} {alias} WHERE {condition};"
            )
        for rule in self.rules:
            follows = (
                rule.target == table
                and rule.table not in path
                and rule.on_delete not in {"RESTRICT", "NO ACTION"}
            )
            if action == "CASCADE" and follows:
                inner = (
                    f"{self.name(rule.column)} IN (SELECT {alias}.{self.name(rule.target_column)} "
                    f"FROM {self.name(table)} {alias} WHERE {condition})"
                )
                logs += self.logged(rule.table, inner, rule.on_delete, (*path, rule.table))
        return logs

    def descendants(self, rule: Rule, where: str) -> str:
        """The condition that holds for rows that meet another one, and for those that go with them."""
        key, parent = self.name(rule.target_column), self.name(rule.column)
        table = self.name(rule.table)
        return (
            f"{key} IN (WITH RECURSIVE gone AS (SELECT r.{key} AS id FROM {table} r WHERE r.{where} "
            f"UNION SELECT c.{key} FROM {table} c JOIN gone ON c.{parent} = gone.id) SELECT id FROM gone)"
        )
