"""What the writers do in core."""

from __future__ import annotations

import random
import time
import uuid
from contextlib import suppress
from itertools import count
from typing import Any

from django.db import Error

from causeway.feed.session import Session
from causeway.transactions.connections import opened
from tests.feed.project import FIXED, GROUP

WAIT = {
    "mysql": "SET SESSION innodb_lock_wait_timeout = 2",
    "postgresql": "SET lock_timeout = '2s'",
    "sqlite": "PRAGMA busy_timeout = 20000",
}


class Writer:
    """Transactions of all kinds, one after the other."""

    def __init__(self, session: Session, chance: random.Random, is_slow: bool) -> None:
        self.session = session
        self.chance = chance
        self.is_slow = is_slow
        self.is_sqlite = session.vendor == "sqlite"
        self.numbers = count()
        self.name = f"{chance.randrange(10**9)}"
        q = session.name
        self.account, self.word, self.cell, self.member = map(
            q, ("ledger_account", "ledger_word", "ledger_cell", "ledger_member")
        )
        self.group, self.row, self.column, self.value = map(q, ("group", "row", "column", "value"))
        session.execute(WAIT[session.vendor])

    def pause(self) -> None:
        if self.is_slow:
            time.sleep(self.chance.uniform(0, 0.1) if self.is_sqlite else self.chance.uniform(0.2, 1.5))
        elif self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0, 0.004 if self.is_sqlite else 0.02))

    def work(self) -> bool:
        """One transaction; whether it was committed."""
        do = self.session.execute
        end = self.chance.random()
        is_prepared = not self.is_sqlite and end > 0.95
        gid = f"{self.name}-{next(self.numbers)}"
        self.begin(gid if is_prepared else None)
        for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
            self.chance.choice(self.changes)(self)
            if self.chance.random() < 0.1:
                do("SAVEPOINT a")
                self.chance.choice(self.changes)(self)
                do("ROLLBACK TO SAVEPOINT a")
            self.pause()
        if is_prepared:
            self.prepare(gid)
        elif end < 0.2:
            do("ROLLBACK")
        else:
            do("COMMIT")
        self.session.in_transaction = False
        return end >= 0.2

    def begin(self, gid: str | None) -> None:
        statement = "BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN"
        if gid and self.session.vendor == "mysql":
            statement = f"XA START '{gid}'"
        self.session.begin(statement)

    def prepare(self, gid: str) -> None:
        steps = (
            (f"XA END '{gid}'", f"XA PREPARE '{gid}'", f"XA COMMIT '{gid}'")
            if self.session.vendor == "mysql"
            else (f"PREPARE TRANSACTION '{gid}'", f"COMMIT PREPARED '{gid}'")
        )
        for number, step in enumerate(steps):
            if number == len(steps) - 1:
                self.pause()
            self.session.execute(step)

    def keys(self, table: str, key: str, number: int, where: str = "") -> list[Any]:
        rows = self.session.execute(f"SELECT {key} FROM {table} {where} ORDER BY {key}")
        return sorted(self.chance.sample([row[0] for row in rows], number))

    def transfer(self, table: str, key: str, value: str, where: str = "") -> None:
        keys = self.keys(table, key, 2, where)
        amount = self.chance.randint(-50, 50)
        for each, change in zip(keys, (amount, -amount), strict=True):
            self.update(f"UPDATE {table} SET {value} = {value} + %s WHERE {key} = %s", [change, each])
            self.pause()

    def update(self, sql: str, params: list[Any]) -> None:
        """Change one row. Raises Error where it is not there: somebody may have given it another key meanwhile."""
        cursor = self.session.cursor()
        with self.session.connection.wrap_database_errors:
            cursor.execute(sql, params)
            if cursor.rowcount != 1:
                raise Error("a key has changed")

    def transfer_accounts(self) -> None:
        self.transfer(self.account, "id", "balance")

    def transfer_words(self) -> None:
        self.transfer(self.word, "text", self.session.name("count"))

    def transfer_cells(self) -> None:
        self.transfer(self.cell, self.row, self.value)

    def change_key(self) -> None:
        new = self.chance.randrange(10**6, 10**9)
        (key,) = self.keys(self.account, "id", 1, f"WHERE id > {FIXED}")
        self.session.execute(f"UPDATE {self.account} SET id = %s WHERE id = %s", [new, key])

    def change_word(self) -> None:
        (key,) = self.keys(self.word, "text", 1)
        new = f"{self.chance.choice('aBcÖ')}-{self.name}-{next(self.numbers)}"
        self.session.execute(f"UPDATE {self.word} SET text = %s WHERE text = %s", [new, key])

    def change_cell(self) -> None:
        (key,) = self.keys(self.cell, self.row, 1)
        new = self.chance.choice(("a", "b", "c", "A", "ü"))
        self.session.execute(f"UPDATE {self.cell} SET {self.column} = %s WHERE {self.row} = %s", [new, key])

    def swap_slugs(self) -> None:
        first, second = self.keys(self.account, "id", 2, f"WHERE id > {FIXED}")
        slugs = [
            row[0]
            for key in (first, second)
            for row in self.session.execute(f"SELECT slug FROM {self.account} WHERE id = %s", [key])
        ]
        if len(slugs) == 2:
            for key, slug in ((first, f"x-{self.name}"), (second, slugs[0]), (first, slugs[1])):
                self.session.execute(f"UPDATE {self.account} SET slug = %s WHERE id = %s", [slug, key])

    def add_group(self) -> None:
        group = self.chance.randrange(10**12)
        for part in range(GROUP):
            key = uuid.uuid4()
            self.session.execute(
                f"INSERT INTO {self.member} (id, {self.group}, part, mark) VALUES (%s, %s, %s, 0)",
                [key if self.session.connection.features.has_native_uuid_field else key.hex, group, part],
            )
        self.pause()

    def mark_group(self) -> None:
        group = self.some_group()
        self.session.execute(f"UPDATE {self.member} SET mark = mark + 1 WHERE {self.group} = %s", [group])

    def delete_group(self) -> None:
        self.session.execute(f"DELETE FROM {self.member} WHERE {self.group} = %s", [self.some_group()])

    def some_group(self) -> int:
        rows = self.session.execute(
            f"SELECT DISTINCT {self.group} FROM {self.member} WHERE {self.group} > 1 LIMIT 20"
        )
        return int(self.chance.choice(rows)[0]) if rows else 0

    changes = (
        *([transfer_accounts] * 5),
        *(transfer_words, transfer_words, transfer_cells, change_key, change_word, change_cell, swap_slugs),
        *(add_group, add_group, mark_group, mark_group, delete_group),
    )


def keep_writing(channel: Any, number: int, seed: int, stop: Any) -> None:
    """Write until ``stop`` is set; sends how many transactions were committed."""
    chance = random.Random(seed * 1000 + number)
    committed = 0
    while not stop.is_set():
        with suppress(Error), opened("core") as connection:
            writer = Writer(Session(connection), chance, is_slow=number == 0)
            while not stop.is_set():
                try:
                    committed += writer.work()
                except (Error, ValueError):
                    rollback(writer)
        time.sleep(0.05)
    channel.send(committed)


def rollback(writer: Writer) -> None:
    session = writer.session
    session.rollback()
    connection = session.connection
    if connection.vendor == "mysql":
        # A branch that has failed is not ended by ROLLBACK.
        connection.close()
    if connection.connection is None:
        connection.ensure_connection()
        session.execute(WAIT[session.vendor])
