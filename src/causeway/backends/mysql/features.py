from django.utils.functional import cached_property

from causeway.backends.base.features import FeaturesMixin


class MySQLFeaturesMixin(FeaturesMixin):
    supports_foreign_keys_across_databases = True

    @cached_property
    def groups_by_all_columns(self):
        return "ONLY_FULL_GROUP_BY" in self.connection.sql_mode
