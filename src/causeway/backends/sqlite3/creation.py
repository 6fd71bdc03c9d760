from django.db.backends.base.creation import TEST_DATABASE_PREFIX

from causeway.backends.base.creation import CreationMixin


class SQLiteCreationMixin(CreationMixin):
    def _get_test_db_name(self):
        # A runner that tells SQLite by Django's ENGINE alone (pytest-django under pytest-xdist)
        # sets the name a server's test database would have, which is no file's.
        settings = self.connection.settings_dict
        name = str(settings["TEST"]["NAME"] or "")
        if name.startswith(f"{TEST_DATABASE_PREFIX}{settings['NAME']}"):
            return f"file:memorydb_{self.connection.alias}?mode=memory&cache=shared"
        return super()._get_test_db_name()
