from django.db.backends.utils import CursorDebugWrapper as DjangoCursorDebugWrapper
from django.db.backends.utils import CursorWrapper as DjangoCursorWrapper


class GuardedMixin:
    """Tells the guard of the attached files what is executed."""

    def _execute(self, sql, params, *ignored_wrapper_args):
        return self.guarded(super()._execute, sql, params)

    def _executemany(self, sql, param_list, *ignored_wrapper_args):
        return self.guarded(super()._executemany, sql, param_list)

    def guarded(self, execute, sql, params):
        self.db.guard.begin(sql)
        try:
            return execute(sql, params)
        finally:
            self.db.guard.end()


class CursorWrapper(GuardedMixin, DjangoCursorWrapper):
    pass


class CursorDebugWrapper(GuardedMixin, DjangoCursorDebugWrapper):
    pass
