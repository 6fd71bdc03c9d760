from django.db.backends.mysql.operations import DatabaseOperations as DjangoOperations

from causeway.backends.base.operations import OperationsMixin


class DatabaseOperations(OperationsMixin, DjangoOperations):
    compiler_module = "causeway.backends.mysql.compiler"
