class FeaturesMixin:
    # Must a selected column be grouped by, or depend on a primary key that is?
    groups_by_all_columns = True
    # Does the engine hold a foreign key from one database of the server to another?
    supports_foreign_keys_across_databases = False

    def allows_group_by_selected_pks_on_model(self, model):
        # The rows that stand in for a staged table have no primary key.
        home = self.connection.home_elsewhere(model._meta.db_table)
        if home in self.connection.ops.staged_homes and self.groups_by_all_columns:
            return False
        return super().allows_group_by_selected_pks_on_model(model)
