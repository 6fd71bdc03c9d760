from django.db.backends.postgresql.features import DatabaseFeatures as DjangoFeatures

from causeway.backends.base.features import FeaturesMixin


class DatabaseFeatures(FeaturesMixin, DjangoFeatures):
    supports_foreign_keys_across_databases = True
