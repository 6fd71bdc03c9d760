import re
from functools import lru_cache

from django.db.backends.postgresql.base import CursorDebugWrapper as DjangoCursorDebugWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.db.backends.utils import CursorWrapper as DjangoCursorWrapper

from causeway import homes
from causeway.backends.base.cursor import UnitCursorMixin
from causeway.backends.base.raw import qualify_select


@lru_cache(maxsize=8)
def bare_names(tables):
    """A pattern that finds one of the tables where a statement may read it under its bare name."""
    names = "|".join(map(re.escape, tables))
    return re.compile(
        rf'(?:\b(?:FROM|JOIN|ONLY|TABLE)\b|,)[\s(]*"?(?:{names})(?![\w.])(?!"\.)', re.IGNORECASE
    )


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


class BareNamesMixin:
    """Finds core tables that a raw SELECT gives their bare name, as SQLite does by itself.

    PostgreSQL looks a bare name up in the search path only, and a statement that failed has
    ended the transaction: so, unlike on MySQL, the statement is looked at before it is sent.
    """

    def _execute(self, sql, params, *ignored_wrapper_args):
        tables = homes.core_tables()
        if tables and isinstance(sql, str) and bare_names(tuple(tables)).search(sql):
            # A name without quotes is in small letters here.
            sql = qualify_select(sql, self.db.ops.linked_core_table, fold=str.lower)
        return super()._execute(sql, params)


class CoreCursorWrapper(CopyMixin, DjangoCursorWrapper):
    pass


class CoreCursorDebugWrapper(CopyMixin, DjangoCursorDebugWrapper):
    pass


class CursorWrapper(BareNamesMixin, CoreCursorWrapper):
    pass


class CursorDebugWrapper(BareNamesMixin, CoreCursorDebugWrapper):
    pass
