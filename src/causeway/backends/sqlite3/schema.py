from django.db.backends.sqlite3.schema import DatabaseSchemaEditor as DjangoSchemaEditor

from causeway.backends.base.schema import SchemaEditorMixin


class DatabaseSchemaEditor(SchemaEditorMixin, DjangoSchemaEditor):
    pass
