"""A child whose core models are mirrored, over the session's databases."""

from contextlib import ExitStack
from unittest.mock import patch

from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connections
from django.test import TransactionTestCase, override_settings

from causeway.feed.install import install
from causeway.feed.keys import claimed_models, watched_tables
from causeway.feed.triggers import triggers_of
from causeway.homes import stamped_home
from causeway.mirror import rounds
from causeway.mirror.models import MirrorPosition, MirrorTable, Tombstone
from causeway.mirror.sync import Syncer, following
from causeway.mirror.tables import mirror_name
from tests.databases import placement
from tests.feed.checking import rows_of

MIRRORED = {"ledger": "mirrored", "library": "mirrored", "orm": placement()}


def mirrored_settings(**entry):
    core = {**settings.CAUSEWAY["core"], "PLACEMENT": MIRRORED, **entry}
    return override_settings(CAUSEWAY={"core": core})


def logged_tables():
    return watched_tables(claimed_models(lambda app, model: app in {"ledger", "library"}))


class MirrorTestCase(TransactionTestCase):
    """Triggers in core, and a follower of it: ``self.follower``."""

    databases = {"default", "core"}
    settings_entry = {}

    def setUp(self):
        self.stack = ExitStack()
        self.addCleanup(self.stack.close)
        self.stack.enter_context(mirrored_settings(**self.settings_entry))
        self.addCleanup(self.remove_all)
        install("core", logged_tables())
        # Each round looks at how core's tables are made.
        self.stack.enter_context(patch.object(rounds, "LOOK_SECONDS", 0))
        self.follow()

    def follow(self):
        """Follow core as a new process does."""
        if hasattr(self, "following"):
            self.following.__exit__(None, None, None)
        self.following = following("core")
        self.follower = self.following.__enter__()
        self.addCleanup(self.follower.close)
        self.syncer = Syncer(self.follower)

    def remove_all(self):
        """Leave neither log nor copies to other tests."""
        with connections["default"].cursor() as cursor:
            for table in MirrorTable.objects.all():
                for generation in range(1, table.generation + 1):
                    name = connections["default"].ops.quote_name(mirror_name("core", table.name, generation))
                    cursor.execute(f"DROP TABLE IF EXISTS {name}")
        for model in (MirrorPosition, MirrorTable, Tombstone):
            model.objects.all().delete()
        triggers = triggers_of(connections["core"])
        with connections["core"].cursor() as cursor:
            for table, names in triggers.found().items():
                for statement in triggers.drop_statements(table, names):
                    cursor.execute(statement)
            for table in ("causeway_change", "causeway_mark", "causeway_epoch"):
                cursor.execute(f"DROP TABLE IF EXISTS {table}")

    def _fixture_teardown(self):
        # To flush all tables of both databases takes seconds.
        for alias, labels in (("default", ("shop",)), ("core", ("ledger", "library"))):
            connection = connections[alias]
            models = [model for label in labels for model in apps.get_app_config(label).get_models(True)]
            tables = {model._meta.db_table for model in models if stamped_home(model) in {alias, None}}
            with connection.constraint_checks_disabled(), connection.cursor() as cursor:
                for sql in connection.ops.sql_flush(no_style(), sorted(map(str, tables)), allow_cascade=True):
                    cursor.execute(sql)

    def sync(self):
        for _ in range(100):
            if not self.syncer.round().is_copying:
                return
        raise AssertionError([(each.name, each.state, each.reason) for each in MirrorTable.objects.all()])

    def in_core(self, *statements):
        """Execute statements in core, as anybody may; the rows of the last one."""
        with connections["core"].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def remove_constraints(self, table):
        """Until the end of the test, no constraint reaches from the child's tables to this one of core.

        As in a child that is not linked, or whose foreign keys have none: core may delete what local rows refer to.
        PostgreSQL cannot leave off the constraints of one session and yet execute the triggers of the log.
        """
        if connections["core"].vendor != "postgresql":
            return
        referring = self.in_core(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(pg_constraint.oid)"
            " FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
            f" WHERE contype = 'f' AND confrelid = '{table}'::regclass"
            " AND relnamespace <> current_schema()::regnamespace"
        )
        for referrer, name, definition in referring:
            self.in_core(f"ALTER TABLE {referrer} DROP CONSTRAINT {name}")
            self.addCleanup(self.in_core, f"ALTER TABLE {referrer} ADD CONSTRAINT {name} {definition}")
        self.addCleanup(self._fixture_teardown)

    def state(self, name):
        return MirrorTable.objects.get(home="core", name=name)

    def assert_whole(self, *names):
        """The copies are whole, and core."""
        for name in names or self.follower.stores:
            state = self.state(name)
            assert state.state == "whole", (name, state.state, state.reason)
            core, copy = rows_of(self.follower, name, state.generation)
            assert core == copy, (name, core ^ copy)

    def assert_suspect(self, name, reason):
        state = self.state(name)
        assert state.state == "suspect", (name, state.state)
        assert reason in state.reason, state.reason

    def assert_right_or_suspect(self, name):
        """What must hold whatever was done to core."""
        state = self.state(name)
        if state.state == "whole":
            core, copy = rows_of(self.follower, name, state.generation)
            assert core == copy, (name, core ^ copy)
