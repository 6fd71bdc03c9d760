"""What cursors do besides ``execute()`` and ``executemany()``, of which wrappers of these learn nothing."""

from contextlib import nullcontext


class UnitCursorMixin:
    """Tells its connection of what is to be executed, as a wrapper of ``execute()`` would."""

    def callproc(self, procname, *args, **kwargs):
        self.db.announce(f"CALL {procname}")
        return super().callproc(procname, *args, **kwargs)

    def announced(self, sql, method, *args, **kwargs):
        """Call a method of the driver's cursor that executes a statement."""
        self.db.validate_no_broken_transaction()
        self.db.announce(sql)
        # Of a cursor that logs.
        logging = getattr(self, "debug_sql", None)
        with logging(sql) if logging else nullcontext():
            return method(*args, **kwargs)
