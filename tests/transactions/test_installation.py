"""Whose a prepared transaction is: of this installation, of one that has a copy of its database, or of another."""

import shutil
from unittest.mock import patch

from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections
from django.test import override_settings

import causeway
from causeway.backends.sqlite3.server import SQLiteServerMixin
from causeway.exceptions import NotPrimary
from causeway.transactions import decisions, installation, leftovers
from causeway.transactions.recovery import COMMITTED, IN_DOUBT, ROLLED_BACK
from tests.transactions.cases import write_core, write_local
from tests.transactions.prepared import PreparedTestCase, recovered
from tests.transactions.test_lost import settings_of_project


class InstallationTests(PreparedTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(installation.forget_key)

    def outcomes(self, **options):
        return {found.gid: found.outcome for found in recovered(**options)}

    def says_of_itself(self, identity):
        """From now on, the child's database, which was moved or copied."""
        self.enterContext(patch.object(type(connections["default"]), "identity", lambda self: identity))
        installation.forget_key()

    def test_it_does_not_depend_on_the_address(self):
        """Some workers reach it through a pooler, commands directly."""
        before = installation.prefix()
        with patch.dict(connection.settings_dict, HOST="pooler.example.org", PORT="6432"):
            assert installation.prefix() == before

    def test_databases_tell_themselves_apart(self):
        """On one server, or in one folder, and whoever asks."""
        own, other = connections["default"].copy(), connections["core"].copy()
        self.addCleanup(own.close)
        self.addCleanup(other.close)
        assert own.identity() == connections["default"].identity() != other.identity()

    def test_it_depends_on_its_name_in_the_settings(self):
        before = installation.prefix()
        with override_settings(CAUSEWAY={**settings_of_project(), "INSTALLATION": "staging"}):
            assert installation.prefix() != before
            gid = self.prepare(gid=f"{before}5f000000_0{'0' * 19}")
            assert self.outcomes() == {}
        assert self.outcomes() == {gid: ROLLED_BACK}

    def test_a_copy_rolls_back_nothing_of_its_original_s(self):
        """What it knows to be decided was decided before it was made."""
        undecided, decided = self.prepare(), decisions.new_gid()
        self.says_of_itself("another")
        assert self.outcomes() == {undecided: IN_DOUBT}
        assert undecided in connections["core"].prepared()
        connections["core"].rollback_prepared(undecided)
        self.prepare(gid=decided)
        self.decide(decided)
        assert self.outcomes() == {decided: COMMITTED}

    def test_a_copy_gives_other_names(self):
        before = installation.prefix()
        self.says_of_itself("another")
        assert installation.prefix() != before

    def test_a_database_that_was_moved(self):
        """Once that is said it is remembered, also where the roles are turned back."""
        gid = self.prepare()
        self.says_of_itself("another")
        call_command("causeway", "recover", "--moved", verbosity=0)
        assert gid not in connections["core"].prepared()
        own = self.prepare()
        self.says_of_itself("a third")
        assert self.outcomes() == {own: IN_DOUBT}
        self.says_of_itself("another")
        assert self.outcomes() == {own: ROLLED_BACK}

    def test_the_first_block_of_a_process_does_without_a_further_connection(self):
        """The server has no room for one, and is asked again a little later."""
        installation.forget_key()
        full = patch(
            "causeway.transactions.recovery.opened", side_effect=OperationalError("too many clients")
        )
        with patch.object(leftovers, "_due", {}):
            with full, causeway.atomic():
                write_local()
                write_core()
            assert all(due is not None for due in leftovers._due.values())
        self.assert_rows(core=["core"], local=["local"])


class PrimaryTests(PreparedTestCase):
    def server_is_a_standby(self, alias):
        def why_not_primary(connection):
            return "its server is a standby" if connection.alias == alias else None

        backend = type(connections[alias])
        return patch.object(backend, "why_not_primary", why_not_primary)

    def test_nothing_is_changed_unless_both_are_primaries(self):
        """A standby shows nothing that is prepared: the decision of what is not there is needed all the same."""
        gid = self.prepare()
        self.decide(gid)
        for alias in ("core", "default"):
            with (
                self.subTest(alias),
                self.server_is_a_standby(alias),
                self.assertRaisesMessage(
                    NotPrimary, f"Cannot recover by '{alias}': its server is a standby."
                ),
            ):
                recovered()
            assert gid in connections["core"].prepared()
            assert self.decisions() == [gid]
        assert [found.outcome for found in recovered()] == [COMMITTED]

    def test_the_command_says_so(self):
        with self.server_is_a_standby("core"), self.assertRaises(CommandError) as caught:
            call_command("causeway", "recover", verbosity=0)
        assert caught.exception.returncode == 1
        assert "Let the alias lead to the primary." in str(caught.exception)

    def test_sessions_that_are_read_only(self):
        if connections["core"].vendor != "postgresql":
            self.skipTest("This is a setting of PostgreSQL's sessions.")
        core = connections["core"].copy()
        self.addCleanup(core.close)
        with core.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        assert core.why_not_primary() == "its sessions are read-only"


class File(SQLiteServerMixin):
    def __init__(self, name):
        self.settings_dict = {"NAME": name}


def test_a_copy_of_a_file_is_another_database(tmp_path):
    """It is one by whatever path, as in another container."""
    file, copied, path = (tmp_path / name for name in ("child.sqlite3", "copied.sqlite3", "path.sqlite3"))
    file.write_text("")
    shutil.copy(file, copied)
    path.symlink_to(file)
    assert File(file).identity() == File(path).identity() != File(copied).identity()
    assert File(":memory:").identity() == ""
