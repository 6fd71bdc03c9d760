from django.db.backends.utils import CursorDebugWrapper as DjangoCursorDebugWrapper
from django.db.backends.utils import CursorWrapper as DjangoCursorWrapper
from django.db.utils import ProgrammingError

from causeway.backends.base.cursor import UnitCursorMixin
from causeway.backends.base.raw import qualify_select

NO_SUCH_TABLE = 1146


class CursorMixin(UnitCursorMixin):
    """Finds core tables that a raw SELECT gives their bare name, as SQLite does by itself.

    A server looks a bare name up in the child's own database only. The statement is qualified
    and sent again after it failed for that, so no other statement costs anything.
    """

    def _execute(self, sql, params, *ignored_wrapper_args):
        try:
            return super()._execute(sql, params)
        except ProgrammingError as error:
            if error.args[0] != NO_SUCH_TABLE:
                raise
            qualified = qualify_select(sql, self.db.ops.linked_core_table)
            if qualified == sql:
                raise
            return super()._execute(qualified, params)


class CursorWrapper(CursorMixin, DjangoCursorWrapper):
    pass


class CursorDebugWrapper(CursorMixin, DjangoCursorDebugWrapper):
    pass
