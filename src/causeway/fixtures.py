"""The order in which a test case brings rows into its databases: what is referred to comes first.

Django goes from one database to the next, the child's own first, whose rows refer to those of core.
So core's are brought when it is the child's turn, and not again when it is theirs.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connections

from causeway import homes
from causeway.conf import LOCAL_ALIAS, cores
from causeway.placements import is_placed
from causeway.transactions.connections import is_test_database

# What has been brought into core ahead of its turn: pairs of a kind and an alias, with what it was.
_ahead: ContextVar[dict[tuple[str, str], Hashable]] = ContextVar("causeway_ahead")


def homes_of_test() -> list[str]:
    """The core databases that the running test case may use, those first to which others refer; none in production."""
    if not is_test_database(LOCAL_ALIAS):
        return []
    return _by_reference([home for home in cores() if is_placed(home) and _may_be_used(home)])


def _may_be_used(home: str) -> bool:
    if not is_test_database(home):
        return False
    try:
        with connections[home].cursor():
            return True
    except AssertionError:  # what Django raises for a database that a test case does not name
        return False


def _by_reference(aliases: list[str]) -> list[str]:
    """The aliases, each after those to whose models its own refer, as far as that can be."""
    if len(aliases) < 2:
        return aliases
    references = set(_references())
    ordered: list[str] = []
    while rest := [alias for alias in aliases if alias not in ordered]:
        free = (alias for alias in rest if not any((alias, other) in references for other in rest))
        ordered.append(next(free, rest[0]))
    return ordered


def _references() -> Iterator[tuple[str | None, str | None]]:
    """The pairs of homes of which one has models that refer to those of the other."""
    for model in homes.registered_models():
        for field in model._meta.local_fields:
            target: Any = field.remote_field and field.remote_field.model
            if target and not isinstance(target, str) and target is not model:
                pair = homes.stamped_home(model), homes.stamped_home(target)
                if pair[0] != pair[1]:
                    yield pair


@contextmanager
def ahead(kind: str, aliases: Iterable[str], what: Hashable = None) -> Iterator[None]:
    """Meanwhile something is brought into these databases ahead of their turn; once it is done, that is known."""
    # A test case that failed may have left something.
    _ahead.set({key: value for key, value in _ahead.get({}).items() if key[0] != kind})
    yield
    _ahead.set(_ahead.get() | {(kind, alias): what for alias in aliases})


def was_ahead(kind: str, alias: str, what: Hashable = None) -> bool:
    """Whether this has been brought into the database already, this once."""
    known = dict(_ahead.get({}))
    found = (kind, alias) in known and known.pop((kind, alias)) == what
    _ahead.set(known)
    return found
