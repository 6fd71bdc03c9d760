class FeaturesMixin:
    # Does the engine hold a foreign key from one database of the server to another?
    supports_foreign_keys_across_databases = False

    def allows_group_by_selected_pks_on_model(self, model):
        # The rows that stand in for a staged table have no primary key.
        if self.connection.home_elsewhere(model._meta.db_table) in self.connection.ops.staged_homes:
            return False
        return super().allows_group_by_selected_pks_on_model(model)
