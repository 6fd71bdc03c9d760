"""Finds core tables that a raw SELECT gives their bare name, as SQLite does by itself."""

import re
from functools import cache, lru_cache

from causeway import homes
from causeway.backends.base.raw import qualify_select


@lru_cache(maxsize=8)
def bare_names(tables):
    """A pattern that finds one of the tables where a statement may read it under its bare name."""
    names = "|".join(map(re.escape, tables))
    return re.compile(rf'(?:FROM|JOIN|from|join|From|Join|,)\s+"?(?:{names})(?![\w.])(?!"\.)')


@cache
def qualifying(cursor_class):
    """A subclass of a driver's cursor that qualifies the bare names of core tables in raw SQL.

    PostgreSQL looks a bare name up in the search path only, and a statement that failed has
    ended the transaction: so, unlike on MySQL, the statement is looked at before it is sent.
    """

    class QualifyingCursor(cursor_class):
        place = None

        def execute(self, query, params=None, **kwargs):
            if self.place is not None and isinstance(query, str):
                tables = homes.core_tables()
                if tables and bare_names(tuple(tables)).search(query):
                    query = qualify_select(query, self.place)
            return super().execute(query, params, **kwargs)

    return QualifyingCursor
