"""What cursors do besides ``execute()`` and ``executemany()``, of which wrappers of these learn nothing."""

import re
from contextlib import nullcontext
from functools import lru_cache

from causeway import homes
from causeway.backends.base.guards import refuse_write
from causeway.backends.base.raw import Statement
from causeway.names import with_parameters


@lru_cache(maxsize=8)
def bare_names(tables):
    """A pattern that finds one of the tables where a statement may name it by its bare name."""
    names = "|".join(map(re.escape, tables))
    return re.compile(
        rf'(?:\b(?:FROM|INTO|JOIN|ONLY|TABLE|UPDATE|USING)\b|,)[\s(]*["`]?(?:{names})(?![\w.])(?!["`]\.)',
        re.IGNORECASE,
    )


class BareNamesMixin:
    """Finds core tables to which raw SQL gives their bare name, as third-party code does."""

    def may_name_core(self, sql):
        """Whether a statement may have the bare name of a core table. It costs little."""
        tables = homes.core_tables()
        return bool(tables) and isinstance(sql, str) and bare_names(tuple(tables)).search(sql) is not None

    def with_full_names(self, sql, has_parameters):
        """The statement with the full names of core tables. Raises CoreReadOnly if it writes to one that is not to be."""
        ops = self.db.ops
        statement = Statement(sql, ops.lexer_rules, ops.fold_name)
        for table in map(homes.core_tables().get, statement.written()):
            if table is not None and ops.linked_core_table(table):
                refuse_write(table.model, self.db.alias, "write")
        return statement.with_names(self.named_with_parameters if has_parameters else ops.linked_core_table)

    def named_with_parameters(self, name):
        full = self.db.ops.linked_core_table(name)
        return full and with_parameters(full)


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
