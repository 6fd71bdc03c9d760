from contextlib import contextmanager

from causeway.homes import Table


class SchemaEditorMixin:
    def quote_name(self, name):
        # A schema editor names tables only as targets: REFERENCES, above all.
        return self.connection.ops.placed_table(name) or super().quote_name(name)

    def has_constraint(self, field):
        """Whether the engine can hold the constraint of a foreign key of a table made here."""
        if not (field.remote_field and getattr(field, "db_constraint", False)):
            return True
        target = field.remote_field.model
        if isinstance(target, str):
            return True
        own, other = self.home_on_this_connection(field.model), self.home_on_this_connection(target)
        return own == other or (
            other is not None and self.connection.features.supports_foreign_keys_across_databases
        )

    def home_on_this_connection(self, model):
        table = model._meta.db_table
        return table.home if isinstance(table, Table) else None

    @contextmanager
    def possible_constraints(self, *fields):
        """Leave out, meanwhile, the constraints that cannot be: the column and its index stay."""
        left_out = [field for field in fields if not self.has_constraint(field)]
        for field in left_out:
            field.db_constraint = False
        try:
            yield
        finally:
            for field in left_out:
                field.db_constraint = True

    def table_sql(self, model):
        with self.possible_constraints(*model._meta.local_fields):
            return super().table_sql(model)

    def add_field(self, model, field):
        with self.possible_constraints(field):
            return super().add_field(model, field)

    def alter_field(self, model, old_field, new_field, strict=False):
        with self.possible_constraints(old_field, new_field):
            return super().alter_field(model, old_field, new_field, strict)
