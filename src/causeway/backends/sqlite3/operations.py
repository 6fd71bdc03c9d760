from django.db.backends.sqlite3.operations import DatabaseOperations as DjangoOperations

from causeway.backends.base.operations import OperationsMixin


class DatabaseOperations(OperationsMixin, DjangoOperations):
    compiler_module = "causeway.backends.sqlite3.compiler"
