from django.db.backends.sqlite3.features import DatabaseFeatures as DjangoFeatures

from causeway.backends.base.features import FeaturesMixin


class DatabaseFeatures(FeaturesMixin, DjangoFeatures):
    pass
