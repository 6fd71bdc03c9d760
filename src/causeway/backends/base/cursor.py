"""What cursors do besides ``execute()`` and ``executemany()``, of which wrappers of these learn nothing."""


class UnitCursorMixin:
    """Tells its connection of what is to be executed, as a wrapper of ``execute()`` would."""

    def callproc(self, procname, *args, **kwargs):
        self.db.announce(f"CALL {procname}")
        return super().callproc(procname, *args, **kwargs)

    def announced(self, name, statement, *args, **kwargs):
        """Call a method of the driver's cursor that executes a statement."""
        self.db.validate_no_broken_transaction()
        self.db.announce(statement)
        method = getattr(super(), name, None) or getattr(self.cursor, name)
        return method(statement, *args, **kwargs)
