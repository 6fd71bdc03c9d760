from django.db.backends.sqlite3.introspection import DatabaseIntrospection as DjangoIntrospection

from causeway.backends.base.introspection import IntrospectionMixin


class DatabaseIntrospection(IntrospectionMixin, DjangoIntrospection):
    pass
