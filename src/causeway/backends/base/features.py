class FeaturesMixin:
    # Must a selected column be grouped by, or depend on a primary key that is?
    groups_by_all_columns = True
    # Does the engine hold a foreign key from one database of the server to another?
    supports_foreign_keys_across_databases = False

    def allows_group_by_selected_pks_on_model(self, model):
        # Neither the rows that stand in for a staged table have a primary key, nor a query that maps a linked one.
        if self.groups_by_all_columns and self.stands_as_query(model._meta.db_table):
            return False
        return super().allows_group_by_selected_pks_on_model(model)

    def stands_as_query(self, table):
        ops = self.connection.ops
        return self.connection.home_elsewhere(table) in ops.staged_homes or ops.mapped(table)
