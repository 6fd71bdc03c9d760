from django.db.backends.postgresql.schema import DatabaseSchemaEditor as DjangoSchemaEditor

from causeway.backends.base.schema import SchemaEditorMixin


class DatabaseSchemaEditor(SchemaEditorMixin, DjangoSchemaEditor):
    pass
