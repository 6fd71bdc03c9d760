from django.db.backends.postgresql.base import CursorDebugWrapper as DjangoCursorDebugWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.db.backends.utils import CursorWrapper as DjangoCursorWrapper

from causeway.backends.base.cursor import BareNamesMixin, UnitCursorMixin


class CopyMixin(UnitCursorMixin):
    """Announces what copies rows, or streams them."""

    if is_psycopg3:

        def stream(self, query, *args, **kwargs):
            return self.announced(query, self.cursor.stream, query, *args, **kwargs)

        def copy(self, statement, *args, **kwargs):
            return self.announced(statement, self.cursor.copy, statement, *args, **kwargs)

    else:

        def copy_expert(self, sql, *args, **kwargs):
            return self.announced(sql, self.cursor.copy_expert, sql, *args, **kwargs)

        def copy_from(self, file, *args, **kwargs):
            return self.announced("COPY FROM STDIN", self.cursor.copy_from, file, *args, **kwargs)

        def copy_to(self, file, *args, **kwargs):
            return self.announced("COPY TO STDOUT", self.cursor.copy_to, file, *args, **kwargs)


class FullNamesMixin(BareNamesMixin):
    """Gives core tables their full name before a statement is sent.

    PostgreSQL looks a bare name up in the search path only, and a statement that failed has ended
    the transaction.
    """

    def _execute(self, sql, params, *ignored_wrapper_args):
        return super()._execute(self.in_full(sql, params is not None), params)

    def _executemany(self, sql, param_list, *ignored_wrapper_args):
        return super()._executemany(self.in_full(sql, has_parameters=True), param_list)

    def in_full(self, sql, has_parameters):
        return self.with_full_names(sql, has_parameters) if self.may_name_core(sql) else sql


class CoreCursorWrapper(CopyMixin, DjangoCursorWrapper):
    pass


class CoreCursorDebugWrapper(CopyMixin, DjangoCursorDebugWrapper):
    pass


class CursorWrapper(FullNamesMixin, CoreCursorWrapper):
    pass


class CursorDebugWrapper(FullNamesMixin, CoreCursorDebugWrapper):
    pass
