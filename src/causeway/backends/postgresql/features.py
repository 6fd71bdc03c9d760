from causeway.backends.base.features import FeaturesMixin


class PostgreSQLFeaturesMixin(FeaturesMixin):
    supports_foreign_keys_across_databases = True
