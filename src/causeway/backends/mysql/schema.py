from django.db.backends.mysql.schema import DatabaseSchemaEditor as DjangoSchemaEditor

from causeway.backends.base.schema import SchemaEditorMixin


class DatabaseSchemaEditor(SchemaEditorMixin, DjangoSchemaEditor):
    pass
