"""The project of a pair of engines: its settings, transfers, and what must be true of it."""

from __future__ import annotations

import random
from collections.abc import Collection
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.db.models import F, Sum

ACCOUNTS = 5
BALANCE = 1_000_000
# Of the accounts of both sides.
TOTAL = 2 * ACCOUNTS * BALANCE
PREPARED = {"mysql": "XA RECOVER", "postgresql": "SELECT gid FROM pg_prepared_xacts"}


# The tokens of transfers for which a hook has run.
hooks = Path()


def set_up(databases: dict[str, dict[str, Any]], folder: Path, decisions_kept: float = 0) -> None:
    """By default, what was carried out is forgotten by the next transaction."""
    global hooks
    hooks = folder / "hooks"
    # Connections outlive the servers, as they do those of a site.
    common = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    settings.configure(
        DATABASES={alias: database | common for alias, database in databases.items()},
        DATABASE_ROUTERS=["causeway.routers.CoreRouter"],
        CAUSEWAY={
            "core": {"MODELS": ["bank.CoreAccount", "bank.CoreEntry"], "PLACEMENT": "staged", "OWNER": True},
            "DECISIONS_KEPT": decisions_kept,
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
    from causeway.transactions import branch_rows, decisions
    from tests.crash.bank.models import CoreAccount, CoreEntry, LocalAccount, LocalEntry

    for alias in connections:
        for gid in connections[alias].prepared(decisions.PREFIX):
            connections[alias].rollback_prepared(gid)
        with connections[alias].cursor() as cursor:
            for table in (branch_rows.BRANCHES, decisions.DECISIONS):
                cursor.execute(f"DELETE FROM {table}")
    for model in (LocalEntry, CoreEntry, LocalAccount, CoreAccount):
        model.objects.all().delete()
    hooks.write_text("")
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
        gid = connections["default"].unit.name()
        transaction.on_commit(lambda: note_hook(token))
        LocalAccount.objects.filter(pk=local).update(balance=F("balance") - amount)
        CoreAccount.objects.filter(pk=core).update(balance=F("balance") + amount)
        entry = CoreEntry.objects.create(token=token, gid=gid)
        LocalEntry.objects.create(token=token, gid=gid, entry=entry)


def note_hook(token: str) -> None:
    with hooks.open("a") as file:
        file.write(f"{token}\n")


def recover(decisions_kept: float = 0) -> list[str]:
    """Recover, in a process of its own; what became of each transaction that was found.

    Who waits for a reply learns what was decided as long as decisions are kept.
    """
    from causeway.transactions.recovery import recover

    settings.CAUSEWAY["DECISIONS_KEPT"] = decisions_kept or settings.CAUSEWAY["DECISIONS_KEPT"]
    return [found.outcome for found in recover()]


def repair_orphans() -> str:
    """Delete local rows whose core row is gone: there is none, whatever is under way."""
    try:
        call_command("causeway", "orphans", "--fix", stdout=StringIO(), stderr=StringIO())
    except CommandError as error:
        # A server is away, or what is prepared does not end in time.
        return f"orphans: {str(error).partition(':')[0]}"
    return "orphans"


def violations(told: Collection[str]) -> list[str]:
    """What is not as it must be once all is recovered. ``told`` are the tokens that were told to be committed."""
    from causeway.transactions import decisions
    from tests.crash.bank.models import CoreAccount, CoreEntry, LocalAccount, LocalEntry

    found: list[str] = []
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
        ("a hook has run for", set(hooks.read_text().split()) - local - core),
    ):
        if tokens:
            found.append(f"{what} {sorted(tokens)[:5]}")
    for alias in connections:
        if prepared := prepared_on(alias):
            found.append(f"prepared on {alias}: {prepared[:5]}")
        if decided := decisions.names_in(connections[alias], decisions.DECISIONS, decisions.PREFIX):
            found.append(f"decisions left on {alias}: {decided[:5]}")
    return found


def prepared_on(alias: str) -> list[Any]:
    connection = connections[alias]
    if connection.vendor not in PREPARED:
        return []
    with connection.cursor() as cursor:
        cursor.execute(PREPARED[connection.vendor])
        return list(cursor.fetchall())


def losses() -> dict[str, Any]:
    """Recover: by side, the names of the transactions that it has lost in truth and as it is told; and what refers to what.

    ``behind`` are the tokens of local entries that are told to refer to what core has lost, ``mistaken`` those that
    refer to another entry by now.
    """
    from causeway.orphans.behind import rows_behind
    from causeway.transactions.recovery import LOST, recover
    from tests.crash.bank.models import CoreEntry, LocalEntry

    found = [each for each in recover() if each.outcome == LOST]
    local, core = (dict(model.objects.values_list("gid", "token")) for model in (LocalEntry, CoreEntry))
    behind: set[str] = set()
    for each in found:
        for rows in rows_behind(each.created or {}):
            behind.update(LocalEntry.objects.filter(pk__in=rows.rows).values_list("token", flat=True))
    entries = dict(CoreEntry.objects.values_list("pk", "token"))
    refer = LocalEntry.objects.values_list("token", "entry_id")
    return {
        "lost": {"core": sorted(local.keys() - core), "default": sorted(core.keys() - local)},
        "told": {side: sorted(each.gid for each in found if each.home == side) for side in connections},
        "behind": sorted(behind),
        "tokens": sorted({*local.values(), *core.values()}),
        "without_core": sorted(local[gid] for gid in local.keys() - core),
        "mistaken": sum(pk in entries and entries[pk] != token for token, pk in refer),
    }


def accept(gids: Collection[str]) -> list[str]:
    """Say that what is lost is put right; what became of each transaction that was found."""
    from causeway.transactions.recovery import recover

    return [found.outcome for found in recover(accepted=gids)]


def say_that_it_moved() -> None:
    """Say that the server that was the child's before is gone."""
    with suppress(CommandError):
        # It tells also what is lost.
        call_command("causeway", "recover", "--moved", stdout=StringIO(), stderr=StringIO())


def lags_behind(alias: str) -> bool:
    """Whether the server says that its standbys may lack what it has committed."""
    return bool(connections[alias].why_standbys_lag())


def refused_by_standby() -> bool:
    """Whether recovery changes nothing on a standby."""
    from causeway.exceptions import NotPrimary
    from causeway.transactions.recovery import recover

    try:
        recover()
    except NotPrimary:
        return True
    return False


def is_there(token: str) -> bool:
    from tests.crash.bank.models import LocalEntry

    return LocalEntry.objects.filter(token=token).exists()
