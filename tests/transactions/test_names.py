"""Names of prepared transactions that others gave: whoever may prepare one on the server may choose any."""

from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db import Error, connections

import causeway
from causeway.backends.mysql.branches import FORMAT_ID
from causeway.transactions import checks, decisions, installation, leftovers
from causeway.transactions.connections import opened
from causeway.transactions.recovery import FOREIGN, ROLLED_BACK, recover
from tests.library.models import Author
from tests.transactions.cases import write_core, write_local
from tests.transactions.prepared import PreparedTestCase, recovered

# After the beginning that all names of this installation have. By XA, 38 of 64 bytes are left.
HOSTILE = [
    "';DELETE FROM library_author;#",
    "zz_y",
    "zz",
    "",
    "_1_x",
    "5f000000_0123456789abcdef012g",
    "%s%(a)s",
    "\\",
]
NOT_TEXT = b"\xff\xfe'"


def literal(data):
    return f"X'{data.hex()}'"


class Named:
    """A unit of which a branch asks the name alone."""

    def __init__(self, gid):
        self.gid = gid

    def has_name(self):
        return True

    def name(self):
        return self.gid


class NamesTests(PreparedTestCase):
    @contextmanager
    def prepared_by_another(self, *names, alias=b"core"):
        """Meanwhile, sessions that stay connected have prepared transactions under these names, as bytes."""
        core = connections["core"]
        sessions = []
        for number, name in enumerate(names):
            session = core.copy()
            session.ensure_connection()
            with session.cursor() as cursor:
                for statement in self.statements(name, alias):
                    cursor.execute(statement.replace("NUMBER", str(1000 + number)))
            sessions.append(session)
        try:
            yield
        finally:
            for session, name in zip(sessions, names, strict=True):
                with session.cursor() as cursor:
                    cursor.execute(self.end(name, alias))
                session.close()

    def statements(self, name, alias):
        insert = "INSERT INTO library_author (id, name) VALUES (NUMBER, 'another')"
        if connections["core"].vendor == "mysql":
            xid = f"{literal(name)},{literal(alias)},{FORMAT_ID}"
            return [f"XA START {xid}", insert, f"XA END {xid}", f"XA PREPARE {xid}"]
        whole = (name + b"." + alias).decode().replace("'", "''")
        return ["BEGIN", insert, f"PREPARE TRANSACTION '{whole}'"]

    def end(self, name, alias):
        if connections["core"].vendor == "mysql":
            return f"XA ROLLBACK {literal(name)},{literal(alias)},{FORMAT_ID}"
        whole = (name + b"." + alias).decode().replace("'", "''")
        return f"ROLLBACK PREPARED '{whole}'"

    def hostile(self):
        names = [(installation.prefix() + ending).encode() for ending in HOSTILE]
        # PostgreSQL's are texts.
        return [*names, NOT_TEXT] if connections["core"].vendor == "mysql" else names

    def test_recovery_ends_what_has_a_name_of_ours_alone(self):
        gid = self.prepare()
        with self.prepared_by_another(*self.hostile()):
            found = recover()
            assert [(each.gid, each.outcome) for each in found if each.outcome != FOREIGN] == [
                (gid, ROLLED_BACK)
            ]
            (strangers,) = (each for each in found if each.outcome == FOREIGN)
            assert strangers.why.startswith(f"{len(self.hostile())} prepared under names")
            assert connections["core"].prepared(installation.prefix()) == {}
        self.assert_author("Ada")

    def test_the_first_block_of_a_process(self):
        """It looks for what was left, beside such names."""
        looked = patch.object(leftovers, "_due", {})
        with self.prepared_by_another(*self.hostile()), looked, causeway.atomic():
            write_local()
            write_core()
        self.assert_rows(core=["core"], local=["local"])
        assert Author.objects.count() == 1

    def test_the_check_of_what_has_been_prepared_for_long(self):
        with (
            self.prepared_by_another(*self.hostile()),
            patch.object(checks, "OLD", -1),
        ):
            issues = checks.check_core(connections["core"])
        assert not [issue for issue in issues if installation.prefix() in issue.msg]

    def test_what_is_prepared_for_another_alias(self):
        with self.prepared_by_another(decisions.new_gid().encode(), alias=b"archive"):
            assert recovered() == []

    def test_an_alias_may_be_any_text(self):
        """It is part of the name, and some are longer than a name may be."""
        for alias in ("it's", 'a "b" `c` %s %(d)s \\', "ü" * 200, "x" * 300):
            core = connections["core"].copy(alias)
            gid = decisions.new_gid()
            core.ensure_connection()
            core.begin_branch(Named(gid))
            with core.cursor() as cursor:
                cursor.execute("UPDATE library_author SET name = 'renamed'")
            core.prepare_branch(gid)
            assert list(core.prepared(installation.prefix())) == [gid]
            assert core.rollback_prepared(gid)
            core.close()

    def test_what_recovers_sends_one_statement_at_a_time(self):
        if connections["core"].vendor != "mysql":
            self.skipTest("A setting of MySQL's protocol.")
        with opened("core") as core, core.cursor() as cursor, pytest.raises(Error):
            cursor.execute("SELECT 1; SELECT 2")
