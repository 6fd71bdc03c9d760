"""What this library raises: few exceptions, one base."""

from django.db import DatabaseError
from django.db.transaction import TransactionManagementError


class CausewayError(DatabaseError):
    """The base of every exception of this library."""


class CoreReadOnly(CausewayError):
    """A write was asked for in a core database that is declared ``READ_ONLY``."""


class CoreNotOwned(CausewayError):
    """A change of a core table was asked for in a project that does not own it."""


class CoreUnavailable(CausewayError):
    """A core database cannot be reached from the connection that needs it."""


class PlacementError(CausewayError):
    """A query needs a table in a database where no placement can put it."""


class TooManyStagedRows(PlacementError):
    """A query would stage more core rows than ``MAX_STAGED_ROWS`` allows."""


class TwoPhaseUnavailable(CausewayError):
    """Neither the child's own database nor a core that are written together can take part in a two-phase commit."""


class NotPrimary(CausewayError):
    """What a crash left cannot be ended by a server that is a standby, a replica or read-only."""


class TransactionsUnfinished(CausewayError):
    """It cannot be told which rows a core database has while transactions are prepared there."""


class PlainAtomicError(CausewayError, TransactionManagementError):
    """A block of Django's ``atomic()`` writes both homes, of which its transaction covers one."""
