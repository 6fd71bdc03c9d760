class FeaturesMixin:
    # Does the engine hold a foreign key from one database of the server to another?
    supports_foreign_keys_across_databases = False
