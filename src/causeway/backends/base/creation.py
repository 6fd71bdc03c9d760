"""Test databases: a child's brings along the core databases that its queries reach.

The test runner makes only the databases that its tests name, the child's first. A query on
the child's connection reaches the core tables all the same, so their test databases must
stand before the child's is migrated, whether or not a test names their alias: they are made
when the child's is there, and empty.
"""

from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction

from causeway import underway
from causeway.conf import LOCAL_ALIAS, cores
from causeway.fixtures import ahead, homes_of_test, was_ahead
from causeway.placements import obstacle
from causeway.underway import under_construction

# Under TEST, what a core has for MIRROR.
LEFT_OUT = "MIRROR_LEFT_OUT"


class CreationMixin:
    def __init__(self, connection):
        super().__init__(connection)
        if connection.alias in cores():
            self.leave_out_mirror(connection.settings_dict.get("TEST", {}))
        # Whether the test database stands, and whether the runner destroys it itself.
        self.stands = False
        self.adopted = False
        self.name_before = None
        # Those of create_test_db(), for its cores.
        self.arguments = (), {}
        self.clones = set()
        self.worker_name = None

    def leave_out_mirror(self, test):
        """A core's test database is its own: as that of another alias it would be neither flushed nor found."""
        if test.get("MIRROR"):
            test[LEFT_OUT], test["MIRROR"] = test["MIRROR"], None

    @property
    def is_test_database(self):
        return self.stands or self.worker_name is not None

    def placed_cores(self):
        """The creation objects of the core databases whose tables queries of this child reach."""
        if self.connection.is_core or not self.connection.reaches_core:
            return []
        creations = [
            connections[home].creation for home in cores() if obstacle(self.connection, home) is None
        ]
        return [creation for creation in creations if isinstance(creation, CreationMixin)]

    def create_test_db(self, *args, **kwargs):
        if self.stands:
            self.adopted = True
            return self.connection.settings_dict["NAME"]
        self.name_before = self.connection.settings_dict["NAME"]
        self.stands = self.adopted = True
        self.arguments = args, kwargs
        with under_construction(self.connection.alias):
            return super().create_test_db(*args, **kwargs)

    def _create_test_db(self, verbosity, autoclobber, keepdb=False):
        name = self.create_database(verbosity, autoclobber, keepdb)
        with self.out_of_reach(name):
            for creation in self.placed_cores():
                if not creation.stands:
                    args, kwargs = self.arguments
                    creation.create_test_db(*args, **kwargs)
                    creation.adopted = False
        return name

    def create_database(self, verbosity, autoclobber, keepdb):
        """Make the test database, empty; returns its name."""
        self.refuse_quotes(self._get_test_db_name())
        return super()._create_test_db(verbosity, autoclobber, keepdb)

    def refuse_quotes(self, name):
        """Raise ImproperlyConfigured for a name that Django's CREATE DATABASE and DROP DATABASE would cut short."""
        quote = self.connection.ops.quote_name("x")[0]
        if quote in str(name) and self.connection.vendor != "sqlite":
            raise ImproperlyConfigured(
                f"Cannot make the test database {str(name)!r} of {self.connection.alias!r}: Django puts its name into "
                f"statements as it is, and it has the character {quote} in it. Set another NAME under TEST."
            )

    @contextmanager
    def out_of_reach(self, test_name):
        """Meanwhile this connection is to the test database, which is empty still, and never to production.

        While its cores are made and migrated, migrations and receivers of signals may use it, as any app does.
        """
        settings = self.connection.settings_dict
        name = settings["NAME"]
        self.connection.close()
        settings["NAME"] = test_name
        try:
            yield
        finally:
            self.connection.close()
            settings["NAME"] = name

    def serialize_db_to_string(self):
        with underway.over_link():
            return super().serialize_db_to_string()

    def deserialize_db_from_string(self, data):
        alias = self.connection.alias
        if was_ahead("contents", alias):
            return
        found = homes_of_test() if alias == LOCAL_ALIAS else []
        first = [home for home in found if hasattr(connections[home], "_test_serialized_contents")]
        with ahead("contents", first):
            for home in first:
                core = connections[home]
                # Rows of a linked core are written over the child's connection, which Django's own block does not cover.
                with transaction.atomic(LOCAL_ALIAS):
                    core.creation.deserialize_db_from_string(core._test_serialized_contents)
            super().deserialize_db_from_string(data)

    def clone_test_db(self, suffix, *args, **kwargs):
        for creation in self.placed_cores():
            creation.clone_test_db(suffix, *args, **kwargs)
        if suffix not in self.clones:
            self.clones.add(suffix)
            super().clone_test_db(suffix, *args, **kwargs)

    def destroy_test_db(self, old_database_name=None, verbosity=1, keepdb=False, suffix=None):
        super().destroy_test_db(old_database_name, verbosity, keepdb, suffix)
        for creation in self.placed_cores():
            if creation.stands and not creation.adopted:
                # Django puts the name back as soon as it is given one: not before the last clone is gone.
                name = creation.name_before if suffix is None else None
                creation.destroy_test_db(name, verbosity, keepdb, suffix)
        if suffix is None:
            self.stands = self.adopted = False
            self.clones.clear()

    def _destroy_test_db(self, test_database_name, verbosity):
        if str(test_database_name) == str(self.name_before):
            raise RuntimeError(
                f"Refusing to destroy {str(test_database_name)!r}, which is the database of {self.connection.alias!r} "
                f"itself and not its test database."
            )
        super()._destroy_test_db(test_database_name, verbosity)

    def setup_worker_connection(self, worker_id):
        for creation in self.placed_cores():
            if creation.worker_name is None and not creation.stands:
                # A spawned process was not told the name of a database no test names.
                creation.connection.settings_dict["NAME"] = creation._get_test_db_name()
            creation.setup_worker_connection(worker_id)
        if self.worker_name is None:
            super().setup_worker_connection(worker_id)
            self.worker_name = self.connection.settings_dict["NAME"]
        else:
            self.connection.settings_dict["NAME"] = self.worker_name
