"""``causeway.atomic()``: a transaction over the child's own database and its cores."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, overload

from django.db import connections, transaction

from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.placements import is_linked
from causeway.transactions.tries import Tries

Function = TypeVar("Function", bound=Callable[..., Any])


class Atomic(transaction.Atomic):
    """A block of ``atomic()`` on the child's own connection that covers the cores as well."""

    def __init__(self, savepoint: bool, durable: bool, best_effort: bool) -> None:
        super().__init__(LOCAL_ALIAS, savepoint, durable)
        self.best_effort = best_effort

    def __enter__(self) -> None:
        depth = len(connections[LOCAL_ALIAS].atomic_blocks)
        try:
            super().__enter__()
            if not self.best_effort:
                insist()
        except BaseException as error:
            # It is not left by whoever did not enter it.
            if len(connections[LOCAL_ALIAS].atomic_blocks) > depth:
                super().__exit__(type(error), error, error.__traceback__)
            raise


def insist() -> None:
    """Have the block that was entered be all or nothing; warn of SQLite files in WAL mode.

    Raises TwoPhaseUnavailable where the blocks around it have written what cannot be committed so.
    """
    staged = staged_cores()
    unit = getattr(connections[LOCAL_ALIAS], "unit", None) if staged else None
    if unit is not None:
        unit.be_strict()
    for home in cores():
        if home not in staged and connections[home].vendor == "sqlite" and is_linked(home):
            warn_of_wal(home)


def warn_of_wal(home: str) -> None:
    local: Any = connections[LOCAL_ALIAS]
    local.ensure_connection()
    if home in local.attached and (names := local.files_in_wal(home)):
        warnings.warn(
            f"causeway.atomic() commits {LOCAL_ALIAS!r} and {home!r} together, but a loss of power may keep one of the "
            f"two only: in WAL mode SQLite commits each file by itself, and {' and '.join(map(repr, names))} is in it. "
            f"Set journal_mode to DELETE for both files.",
            RuntimeWarning,
            stacklevel=4,
        )


@overload
def atomic(using: Function) -> Function: ...
@overload
def atomic(*, savepoint: bool = True, durable: bool = False, best_effort: bool = False) -> Atomic: ...
@overload
def atomic(*, tries: int, durable: bool = False) -> Tries: ...
def atomic(
    using: Any = None,
    *,
    savepoint: bool = True,
    durable: bool = False,
    best_effort: bool = False,
    tries: int | None = None,
) -> Any:
    """A transaction over the child's own database and every core, as a context manager or a decorator.

    It is Django's ``atomic()`` on the child's connection, and nests with it on either side;
    ``savepoint`` and ``durable`` mean what they mean there. What is written in it, in whatever home,
    is committed or rolled back together, at the end of the outermost block. On linked cores that is
    one transaction. On staged ones each home has its own: one that was written alone is committed as
    ever, of several the cores are prepared (PostgreSQL's ``PREPARE TRANSACTION``, XA on MariaDB and
    MySQL) and committed once the child's database has the decision. A crash between leaves what
    ``manage.py causeway recover`` makes up for. Others may see one side before the other for a
    moment: it is both or neither, not both at once. ``on_commit()`` runs when both are decided.

    A core that cannot be prepared (SQLite, PostgreSQL with ``max_prepared_transactions = 0``, MariaDB
    with Galera) keeps the decision itself, and the child's database is prepared. Where neither can be,
    TwoPhaseUnavailable is raised before the second of the two is written.

    With ``best_effort`` it uses such a core all the same. Then the cores are committed first, the
    child's database after them: if the process, the machine or the child's server fails in between,
    or the child's commit is refused, what was written in core stays, without its local part.

    With ``tries`` it is a decorator only: where the transaction met a deadlock, a serialization failure,
    a certification conflict of a cluster, or a lock that it waited for in vain, all is rolled back and the
    function called again, so many times in all. What it does beside the databases it does again, too. It
    raises RuntimeError where it is called within a block, ValueError together with ``best_effort``.
    """
    if tries is not None:
        if best_effort:
            raise ValueError(
                "Cannot combine 'tries' and 'best_effort' of causeway.atomic(): what was committed in core would be "
                "written again."
            )
        return Tries(tries, partial(Atomic, savepoint, durable, best_effort))
    if callable(using):
        return Atomic(savepoint, durable, best_effort)(using)
    return Atomic(savepoint, durable, best_effort)
