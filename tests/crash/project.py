"""The project of a pair of engines: its settings, transfers, and what must be true of it."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.models import F, Sum

ACCOUNTS = 5
BALANCE = 1_000_000
# Of the accounts of both sides.
TOTAL = 2 * ACCOUNTS * BALANCE
PREPARED = {"mysql": "XA RECOVER", "postgresql": "SELECT gid FROM pg_prepared_xacts"}


def set_up(databases: dict[str, dict[str, Any]]) -> None:
    # Connections outlive the servers, as they do those of a site.
    common = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    settings.configure(
        DATABASES={alias: database | common for alias, database in databases.items()},
        DATABASE_ROUTERS=["causeway.routers.CoreRouter"],
        CAUSEWAY={
            "core": {"MODELS": ["bank.CoreAccount", "bank.CoreEntry"], "PLACEMENT": "staged", "OWNER": True},
            # What was carried out is forgotten by the next one.
            "DECISIONS_KEPT": 0,
        },
        INSTALLED_APPS=["causeway", "tests.crash.bank"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        LOGGING={"version": 1, "loggers": {"causeway": {"handlers": [], "level": "CRITICAL"}}},
    )
    django.setup()
    from causeway.transactions import finished, lost, recovery

    # Every transaction takes every step, and recovery races with those that live.
    finished.AT_A_TIME = 1
    recovery.YOUNG = lost.YOUNG = -1
    lost.PAUSE = 0.1


def make_tables() -> None:
    for alias in connections:
        call_command("migrate", database=alias, verbosity=0)
    start_again()


def start_again() -> None:
    """Accounts as they are at the start, and nothing else, whatever there was."""
    from causeway.transactions import decisions
    from causeway.transactions.models import Branch, Decision
    from tests.crash.bank.models import CoreAccount, CoreEntry, LocalAccount, LocalEntry

    core = connections["core"]
    for gid in core.prepared(decisions.PREFIX):
        core.rollback_prepared(gid)
    Branch.objects.using("core").all().delete()
    for model in (Decision, LocalEntry, CoreEntry, LocalAccount, CoreAccount):
        model.objects.all().delete()
    for model in (LocalAccount, CoreAccount):
        model.objects.bulk_create(model(pk=number + 1, balance=BALANCE) for number in range(ACCOUNTS))


def transfer(token: str, chance: random.Random) -> None:
    """Move an amount between a local and a core account, one way or the other."""
    import causeway
    from tests.crash.bank.models import CoreAccount, CoreEntry, LocalAccount, LocalEntry

    amount = chance.randint(-100, 100)
    # Always in this order: nobody waits for who waits for them.
    with causeway.atomic():
        local, core = (chance.randint(1, ACCOUNTS) for _ in range(2))
        LocalAccount.objects.filter(pk=local).update(balance=F("balance") - amount)
        LocalEntry.objects.create(token=token)
        CoreAccount.objects.filter(pk=core).update(balance=F("balance") + amount)
        CoreEntry.objects.create(token=token)


def recover() -> list[str]:
    """Recover; what became of each transaction that was found."""
    from causeway.transactions.recovery import recover

    return [found.outcome for found in recover()]


def violations(told: Collection[str]) -> list[str]:
    """What is not as it must be once all is recovered. ``told`` are the tokens that were told to be committed."""
    from causeway.transactions.models import Decision
    from tests.crash.bank.models import CoreAccount, CoreEntry, LocalAccount, LocalEntry

    found = []
    total = sum(
        model.objects.aggregate(total=Sum("balance"))["total"] for model in (LocalAccount, CoreAccount)
    )
    if total != TOTAL:
        found.append(f"the sum of all accounts is {total:,}, not {TOTAL:,}")
    local, core = (set(model.objects.values_list("token", flat=True)) for model in (LocalEntry, CoreEntry))
    for what, tokens in (
        ("only the local side has", local - core),
        ("only core has", core - local),
        ("nobody has, whom their worker was told of,", set(told) - local - core),
    ):
        if tokens:
            found.append(f"{what} {sorted(tokens)[:5]}")
    with connections["core"].cursor() as cursor:
        cursor.execute(PREPARED[connections["core"].vendor])
        if prepared := cursor.fetchall():
            found.append(f"prepared on core: {prepared[:5]}")
    if decisions := list(Decision.objects.values_list("gid", "is_abort")):
        found.append(f"decisions left: {decisions[:5]}")
    return found


def is_there(token: str) -> bool:
    from tests.crash.bank.models import LocalEntry

    return LocalEntry.objects.filter(token=token).exists()
