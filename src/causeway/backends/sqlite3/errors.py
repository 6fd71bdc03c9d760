from django.db import connections

from causeway.backends.base.errors import MissingTableExplainer
from causeway.conf import LOCAL_ALIAS, cores
from causeway.placements import is_linked


class LockedFileExplainer(MissingTableExplainer):
    """Says so where a locked file is held by this very thread, over its other connection; and what the guard refused."""

    def __exit__(self, exc_type, exc_value, traceback):
        if exc_type is not None and (refusal := self.wrapper.guard.refusal):
            raise refusal from exc_value
        if exc_type is not None and "locked" in str(exc_value) and (holder := self.holder()):
            exc_value.args = (
                f"{exc_value} (the transaction that is open on {holder!r} holds it: on SQLite, write core rows over "
                f"one connection in a transaction, or end the one on {holder!r} before you write over "
                f"{self.wrapper.alias!r})",
            )
        super().__exit__(exc_type, exc_value, traceback)

    def holder(self):
        """The alias of this thread's other road to the core file, where a transaction is open on it."""
        if self.wrapper.is_core:
            others = [LOCAL_ALIAS] if is_linked(self.wrapper.alias) else []
        else:
            others = [home for home in cores() if is_linked(home)]
        return next((alias for alias in others if connections[alias].in_atomic_block), None)
