"""The project of a pair of engines: its settings and its tables."""

from __future__ import annotations

import random
from contextlib import closing
from typing import Any

import django
from django.conf import settings
from django.db import connections

ACCOUNTS = 400
WORDS = 60
GROUP = 5
BALANCE = 1_000
# Accounts that others refer to keep their keys.
FIXED = 40


def set_up(databases: dict[str, dict[str, Any]]) -> None:
    settings.configure(
        DATABASES=databases,
        DATABASE_ROUTERS=["causeway.routers.CoreRouter"],
        CAUSEWAY={
            "core": {"MODELS": ["ledger"], "PLACEMENT": "mirrored", "OWNER": True},
            "feed": {"MODELS": ["ledger"]},
        },
        INSTALLED_APPS=["causeway", "tests.feed.ledger"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        LOGGING={"version": 1, "loggers": {"causeway": {"handlers": [], "level": "CRITICAL"}}},
    )
    django.setup()


def make_tables() -> None:
    from django.core.management import call_command

    from causeway.feed.install import install, own_tables

    for alias in connections:
        connection = connections[alias]
        if connection.vendor == "sqlite":
            with closing(connection.cursor()) as cursor:
                cursor.execute("PRAGMA journal_mode = wal")
        call_command("migrate", database=alias, verbosity=0, run_syncdb=True)
    install("core", own_tables())


def make_rows(extra: int = 0) -> None:
    """What there is at the start: the sums that have to stay."""
    from tests.feed.ledger.models import Account, Cell, Club, Member, Savings, Word

    core = {"using": "core"}
    Account.objects.using("core").bulk_create(
        [Account(balance=BALANCE, slug=f"account-{number}") for number in range(ACCOUNTS + extra)],
        batch_size=500,
    )
    Word.objects.using("core").bulk_create([Word(text=f"word-{n}", count=BALANCE) for n in range(WORDS)])
    Cell.objects.using("core").bulk_create(
        [Cell(row=n, column=random.choice("abc"), value=BALANCE) for n in range(WORDS)]
    )
    parents = list(Account.objects.using("core").order_by("pk")[:FIXED])
    for parent in parents:
        child = Savings(account_ptr_id=parent.pk, rate=1)
        child.__dict__.update({name: value for name, value in vars(parent).items() if name != "_state"})
        child.save_base(raw=True, **core)
    club = Club.objects.using("core").create()
    club.accounts.add(*parents)
    Member.objects.using("core").bulk_create([Member(group=1, part=part) for part in range(GROUP)])
    for connection in connections.all():
        connection.close()
