"""What is being done with core databases in this context: made for tests, migrated, or read and loaded by a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from causeway.conf import LOCAL_ALIAS, cores
from causeway.contexts import holding

# Aliases of the core databases whose test database is being made.
_under_construction: ContextVar[frozenset[str]] = ContextVar(
    "causeway_under_construction", default=frozenset()
)

# Aliases of the databases that are being migrated.
_migrated: ContextVar[frozenset[str]] = ContextVar("causeway_migrated", default=frozenset())

# The core databases whose rows a command reads or writes over the child's connection; None if no command says.
_over_link: ContextVar[frozenset[str] | None] = ContextVar("causeway_over_link", default=None)

# Whether the child's database answers queries on a linked core for rows of its own.
_are_answered: ContextVar[bool] = ContextVar("causeway_local_rows_answered", default=False)


@contextmanager
def under_construction(alias: str) -> Iterator[None]:
    """While the test database of a core alias is being made, its tables may be changed."""
    with holding(_under_construction, _under_construction.get() | {alias}):
        yield


def is_under_construction(alias: str) -> bool:
    """Whether the test database of this alias is being made in this context."""
    return alias in _under_construction.get()


def may_migrate(alias: str) -> bool:
    """Whether this project may change tables of the core database, now."""
    return cores()[alias].owner or is_under_construction(alias)


@contextmanager
def migrating(alias: str) -> Iterator[None]:
    """While this database is migrated, with what receivers of signals do before and after."""
    with holding(_migrated, _migrated.get() | {alias}):
        yield


def is_migrated(alias: str) -> bool:
    """Whether this database is being migrated in this context."""
    return alias in _migrated.get() or is_under_construction(alias)


def is_any_migrated() -> bool:
    """Whether some database is being migrated in this context."""
    return bool(_migrated.get() or _under_construction.get())


def is_as_it_was(home: str) -> bool:
    """Whether the tables of a core database are what a model of a migration says, and not of today.

    Where this project owns them, whoever runs migrations without the command may mean either.
    """
    return is_migrated(home) or (cores()[home].owner and not is_migrated(LOCAL_ALIAS))


@contextmanager
def over_link(*aliases: str) -> Iterator[None]:
    """While rows of these core databases, and of no others, are asked for over the child's connection."""
    with holding(_over_link, frozenset(aliases)):
        yield


@contextmanager
def over_link_as_said() -> Iterator[None]:
    """While rows are asked for over the child's connection of the core databases that a command has said, else of none."""
    with over_link(*(_over_link.get() or ())):
        yield


def goes_over_link(alias: str) -> bool:
    """Whether a command asks for rows of this core database over the child's connection."""
    return alias in (_over_link.get() or ())


def may_make_rows(home: str) -> bool:
    """Whether one who asks for an installed model may make rows of this core database over the child's connection.

    Not where a command has said which databases it means.
    """
    return _over_link.get() is None and not cores()[home].read_only


@contextmanager
def local_rows_answered() -> Iterator[None]:
    """Meanwhile a query on a linked core for rows of the child's own is answered by the child's database.

    A fixture holds rows of both, and Django asks for what each refers to before it asks whether the row is loaded.
    """
    with holding(_are_answered, True):
        yield


def are_local_rows_answered() -> bool:
    """Whether the child's database answers queries on a linked core for rows of its own."""
    return _are_answered.get()
