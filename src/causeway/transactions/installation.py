"""What tells the child's database from others that share a core: its key, what it says of itself, and the settings.

A copy of the database has the same key, but says something else of itself. So it gives its
transactions other names, and does not roll back what its original may have decided since.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections
from django.db.models.signals import post_migrate

from causeway.backends.base.statements import Known
from causeway.conf import LOCAL_ALIAS, installation_name
from causeway.exceptions import TwoPhaseUnavailable
from causeway.transactions.connections import is_test_database

INSTALLATIONS = "causeway_installation"
# What every name of a prepared transaction of ours begins with.
PREFIX = "causeway_"
# For how many seconds a table that is missing is not looked for again: each commit would.
OBSTACLE_LASTS = 5
# For how many seconds a database is taken for the one that it was: another one may have taken its place.
LASTS = 60
ADDRESS = itemgetter("ENGINE", "HOST", "PORT", "NAME")
# What was looked up, or why it could not be, and until when, by the address in the settings.
_known: dict[tuple[Any, ...], tuple[Installation | TwoPhaseUnavailable, float]] = {}


class Installation(NamedTuple):
    """A key, what the database says of itself, and what those said of themselves that it was or is still."""

    key: str
    identity: str
    identities: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """What the names of its prepared transactions begin with."""
        return self.prefix_of(self.identity)

    @property
    def is_itself(self) -> bool:
        """Whether the database is the one that was given the key, or is known to have taken its place."""
        return not self.identities or self.identity in self.identities

    @property
    def other_prefixes(self) -> list[str]:
        """Those that the names began with where it was before; of a copy, those of its original."""
        return [self.prefix_of(identity) for identity in self.identities if identity != self.identity]

    def prefix_of(self, identity: str) -> str:
        told = "\0".join([self.key, identity, installation_name()])
        return f"{PREFIX}{hashlib.sha256(told.encode()).hexdigest()[:16]}_"


def prefix() -> str:
    """What the names of this installation's prepared transactions begin with. Raises what ``current()`` raises."""
    return current().prefix


def current() -> Installation:
    """This installation, asked for over the child's own connection, whatever transaction is open there.

    Raises TwoPhaseUnavailable where the table is missing, and the driver's error where the database cannot be asked.
    """
    connection: Any = connections[LOCAL_ALIAS]
    address = ADDRESS(connection.settings_dict)
    found, until = _known.get(address, (None, 0.0))
    if time.monotonic() > until or found is None:
        try:
            found, lasts = looked_up(connection), LASTS
        except TwoPhaseUnavailable as error:
            found, lasts = error, OBSTACLE_LASTS
        _known[address] = found, time.monotonic() + lasts
    if isinstance(found, TwoPhaseUnavailable):
        raise TwoPhaseUnavailable(str(found))
    return found


def forget_key() -> None:
    """Look the key up again when it is needed next."""
    _known.clear()


def looked_up(connection: Any) -> Installation:
    """What the database behind a connection has of it. Raises what ``current()`` raises."""
    if not connection.has_table(INSTALLATIONS):
        raise no_tables(f"has no table {INSTALLATIONS!r}")
    with connection.cursor() as cursor:
        cursor.execute(Known(f"SELECT * FROM {connection.ops.quote_name(INSTALLATIONS)} ORDER BY id"))
        names = [column[0] for column in cursor.description]
        row = cursor.fetchone()
    if "identities" not in names:
        raise no_tables("has an older version of its tables")
    if row is None:
        raise no_tables(f"has no row in {INSTALLATIONS!r}")
    found = dict(zip(names, row, strict=True))
    return Installation(
        str(found["key"]), connection.identity(), tuple(json.loads(found["identities"] or "[]"))
    )


def no_tables(what: str) -> TwoPhaseUnavailable:
    return TwoPhaseUnavailable(
        f"{LOCAL_ALIAS!r} {what}, and a transaction over two databases needs the tables of the app 'causeway' there. "
        f"Run migrate."
    )


def make_key(using: str, apps: Any = apps, **kwargs: Any) -> None:
    """Give the database a key where it has none: a new one, or one that flush emptied."""
    if using != LOCAL_ALIAS:
        return
    try:
        installation = apps.get_model("causeway", "Installation")
    except LookupError:
        return
    row, _ = installation.objects.using(using).get_or_create(id=1)
    # A core project's database may be one of Django's own backends: it decides nothing.
    if not row.identities and hasattr(connections[using], "identity"):
        add_identity(using)
    forget_key()


def add_identity(using: str = LOCAL_ALIAS) -> None:
    """Note that the database is this installation's, whatever it was made for."""
    connection: Any = connections[using]
    row = apps.get_model("causeway", "Installation").objects.using(using).get(id=1)
    identities = json.loads(row.identities or "[]")
    if (identity := connection.identity()) and identity not in identities:
        row.identities = json.dumps([*identities, identity])
        row.save(using=using, update_fields=["identities"])
    forget_key()


@contextmanager
def kept_key(using: str) -> Iterator[None]:
    """Leave a database the key that it has, whatever is emptied: processes that run know it."""
    has_key = (
        using == LOCAL_ALIAS
        and not is_test_database(using)
        and INSTALLATIONS in connections[using].introspection.table_names()
    )
    rows = list(apps.get_model("causeway", "Installation").objects.using(using)) if has_key else []
    yield
    for row in rows:
        row.save(using=using)
    forget_key()


def register_installation() -> None:
    post_migrate.connect(
        make_key, sender=apps.get_app_config("causeway"), dispatch_uid="causeway.transactions.installation"
    )
