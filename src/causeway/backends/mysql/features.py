from causeway.backends.base.features import FeaturesMixin


class MySQLFeaturesMixin(FeaturesMixin):
    supports_foreign_keys_across_databases = True
