from django.db import connections
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.utils.functional import cached_property

from causeway.backends.base.creation import CreationMixin
from causeway.backends.postgresql.search_path import first_in
from causeway.conf import LOCAL_ALIAS, cores, staged_cores
from causeway.names import quoted


class PostgreSQLCreationMixin(CreationMixin):
    """Makes one test database for a child and the cores that are schemas of its database."""

    def __init__(self, connection):
        super().__init__(connection)
        settings = connection.settings_dict
        # As the settings have it: NAME changes while test databases are made.
        self.database = settings["HOST"], settings["PORT"], settings["NAME"]

    @cached_property
    def sharing(self):
        """The creation objects of the others to the same database, of the child and its cores."""
        linked = set(cores()) - staged_cores()
        aliases = [LOCAL_ALIAS, *(alias for alias in linked if alias in connections.settings)]
        if self.connection.alias not in aliases:
            return []
        creations = [connections[alias].creation for alias in aliases if alias != self.connection.alias]
        return [creation for creation in creations if getattr(creation, "database", None) == self.database]

    def placed_cores(self):
        if self.connection.alias != LOCAL_ALIAS:
            return []
        schemas = [creation for creation in self.sharing if creation.connection.own_schema]
        return [*schemas, *(creation for creation in super().placed_cores() if creation not in schemas)]

    def test_db_signature(self):
        # Of the aliases with one signature a runner makes the first, and takes it for the others.
        return (*super().test_db_signature(), self.connection.own_schema)

    def _get_test_db_name(self):
        # A core is a schema of the child's test database, whatever its own settings say.
        for creation in self.sharing:
            if creation.connection.alias == LOCAL_ALIAS:
                return creation._get_test_db_name()
        # A spawned process has been told of the child's test database before that of core's.
        return self.connection.settings_dict["TEST"]["NAME"] or TEST_DATABASE_PREFIX + self.database[-1]

    def create_database(self, verbosity, autoclobber, keepdb):
        name = self._get_test_db_name()
        if not any(creation.stands for creation in self.sharing):
            self.close_sharing()
            super().create_database(verbosity, autoclobber, keepdb)
        self.create_schema(name)
        return name

    def create_schema(self, database):
        """Make the schema where new tables go, a core's own or the first of a search path."""
        # As Django names a connection that is no alias's: whoever registers types when one is made would ask
        # this alias's own, which is still that to production.
        connection = self.connection.copy(NO_DB_ALIAS)
        connection.settings_dict["NAME"] = database
        connection.settings_dict["OPTIONS"].pop("pool", None)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_schema(), current_setting('search_path'), current_user")
                schema, search_path, user = cursor.fetchone()
                first = self.connection.own_schema or first_in(search_path)
                # Where no schema has the user's name, the path goes on: to ``public``, as a rule.
                if schema is None or first != "$user":
                    first = quoted(self.connection.ops, user if first == "$user" else first)
                    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {first}")
        finally:
            connection.close()

    def _clone_test_db(self, suffix, verbosity, keepdb=False):
        if not any(suffix in creation.clones for creation in self.sharing):
            self.close_sharing()
            super()._clone_test_db(suffix, verbosity, keepdb)

    def _destroy_test_db(self, test_database_name, verbosity):
        self.close_sharing()
        with self._nodb_cursor() as cursor:
            stands = self._database_exists(cursor, test_database_name)
        if stands:
            super()._destroy_test_db(test_database_name, verbosity)

    def close_sharing(self):
        """No connection may be open to a database that is dropped, or copied from."""
        for creation in self.sharing:
            creation.connection.close()
            creation.connection.close_pool()
