from django.db.backends.utils import CursorDebugWrapper as DjangoCursorDebugWrapper
from django.db.backends.utils import CursorWrapper as DjangoCursorWrapper
from django.db.utils import ProgrammingError

from causeway.backends.base.cursor import BareNamesMixin, UnitCursorMixin

NO_SUCH_TABLE = 1146


class CursorMixin(BareNamesMixin, UnitCursorMixin):
    """Gives core tables their full name where a statement has failed for their bare one.

    A server looks a bare name up in the child's own database only. The statement is sent again, so
    no other costs anything. What failed for that has done nothing.
    """

    def _execute(self, sql, params, *ignored_wrapper_args):
        self.db.heed_child()
        return self.with_core_tables(super()._execute, sql, params, has_parameters=params is not None)

    def _executemany(self, sql, param_list, *ignored_wrapper_args):
        self.db.heed_child()
        # It is sent again from the beginning.
        return self.with_core_tables(super()._executemany, sql, list(param_list), has_parameters=True)

    def with_core_tables(self, execute, sql, params, has_parameters):
        try:
            return execute(sql, params)
        except ProgrammingError as error:
            if error.args[0] != NO_SUCH_TABLE or not self.may_name_core(sql):
                raise
            full = self.with_full_names(sql, has_parameters)
            if full == sql:
                raise
            return execute(full, params)


class CursorWrapper(CursorMixin, DjangoCursorWrapper):
    pass


class CursorDebugWrapper(CursorMixin, DjangoCursorDebugWrapper):
    pass
