from django.db.backends.mysql.creation import DatabaseCreation as DjangoCreation

from causeway.backends.base.creation import CreationMixin


class DatabaseCreation(CreationMixin, DjangoCreation):
    pass
