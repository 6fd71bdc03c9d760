from django.db.backends.postgresql.compiler import SQLAggregateCompiler as DjangoSQLAggregateCompiler
from django.db.backends.postgresql.compiler import SQLCompiler as DjangoSQLCompiler
from django.db.backends.postgresql.compiler import SQLDeleteCompiler as DjangoSQLDeleteCompiler
from django.db.backends.postgresql.compiler import SQLInsertCompiler as DjangoSQLInsertCompiler
from django.db.backends.postgresql.compiler import SQLUpdateCompiler as DjangoSQLUpdateCompiler

from causeway.backends.base.compiler import (
    SQLCompilerMixin,
    SQLDeleteCompilerMixin,
    SQLInsertCompilerMixin,
    SQLUpdateCompilerMixin,
)

__all__ = [
    "SQLAggregateCompiler",
    "SQLCompiler",
    "SQLDeleteCompiler",
    "SQLInsertCompiler",
    "SQLUpdateCompiler",
]


class SQLCompiler(SQLCompilerMixin, DjangoSQLCompiler):
    pass


class SQLInsertCompiler(SQLInsertCompilerMixin, DjangoSQLInsertCompiler):
    pass


class SQLDeleteCompiler(SQLDeleteCompilerMixin, DjangoSQLDeleteCompiler):
    pass


class SQLUpdateCompiler(SQLUpdateCompilerMixin, DjangoSQLUpdateCompiler):
    pass


class SQLAggregateCompiler(SQLCompilerMixin, DjangoSQLAggregateCompiler):
    pass
