from causeway.backends.base.schema import SchemaEditorMixin


class SQLiteSchemaEditorMixin(SchemaEditorMixin):
    # DROP TABLE of a missing local table would drop the core table of that name.
    def __enter__(self):
        editor = super().__enter__()
        self.connection.guard.is_editing = True
        return editor

    def __exit__(self, *exc_info):
        self.connection.guard.is_editing = False
        return super().__exit__(*exc_info)

    def drop_constraints_of(self, field):
        # They go with the table, which is made anew.
        pass

    def repair_constraint(self, field, wrong):
        self._remake_table(field.model)

    def alter_type(self, old, new):
        with self.possible_constraints(old, new):
            self._remake_table(old.model, alter_fields=[(old, new)])
