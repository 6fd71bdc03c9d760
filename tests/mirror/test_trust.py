"""What the triggers cannot see ends *suspect*, never *whole* and wrong; then it is copied anew."""

import time
from unittest.mock import patch

import pytest
from django.db import OperationalError, connections

from causeway.feed.install import install
from causeway.feed.sources import mysql, postgresql, source_on, sqlite3
from causeway.feed.triggers import triggers_of
from causeway.transactions.connections import opened
from tests.feed.ledger.models import Account, Word
from tests.mirror.cases import MirrorTestCase, logged_tables

TABLE = "ledger_word"


class TrustTestCase(MirrorTestCase):
    def setUp(self):
        super().setUp()
        Word.objects.using("core").bulk_create(Word(text=f"w{n}", count=n) for n in range(10))
        Account.objects.using("core").bulk_create(Account(balance=n, slug=f"s{n}") for n in range(10))
        self.sync()
        self.assert_whole()

    def assert_repaired(self):
        """It is copied anew, once core logs what changes."""
        install("core", logged_tables())
        self.sync()
        self.assert_whole()


class TrustTests(TrustTestCase):
    def test_dropped_triggers(self):
        triggers = triggers_of(connections["core"])
        names = triggers.found()[TABLE]
        self.in_core(*triggers.drop_statements(TABLE, names))
        self.in_core(f"DELETE FROM {TABLE} WHERE text = 'w1'")
        self.follower.round()
        self.assert_suspect(TABLE, "does not log")
        self.assert_repaired()

    def test_triggers_that_were_made_anew_between_two_rounds(self):
        triggers = triggers_of(connections["core"])
        self.in_core(*triggers.drop_statements(TABLE, triggers.found()[TABLE]))
        self.in_core(f"DELETE FROM {TABLE} WHERE text = 'w1'")
        install("core", logged_tables())
        self.follower.round()
        self.assert_suspect(TABLE, "made anew")
        self.assert_repaired()

    def test_table_swapped_by_renaming(self):
        q = connections["core"].ops.quote_name
        self.in_core(
            f"CREATE TABLE other AS SELECT * FROM {TABLE} WHERE text <> 'w3'",
            f"ALTER TABLE {TABLE} RENAME TO {q('before')}",
            f"ALTER TABLE other RENAME TO {TABLE}",
        )
        self.addCleanup(self.in_core, f"DROP TABLE {TABLE}", f"ALTER TABLE {q('before')} RENAME TO {TABLE}")
        self.follower.round()
        self.assert_suspect(TABLE, "does not log")

    def test_added_column_and_rewritten_rows(self):
        self.in_core(f"ALTER TABLE {TABLE} ADD COLUMN more integer DEFAULT 5 NOT NULL")
        self.addCleanup(self.in_core, f"ALTER TABLE {TABLE} DROP COLUMN more")
        self.follower.round()
        self.assert_suspect(TABLE, "altered")
        self.assert_repaired()

    def test_log_of_another_core(self):
        self.in_core("UPDATE causeway_epoch SET epoch = 'another'", f"DELETE FROM {TABLE} WHERE text = 'w1'")
        self.follower.round(force=True)
        self.assert_suspect(TABLE, "replaced")
        self.assert_repaired()

    def test_log_without_what_was_read_last(self):
        """As after a backup was put back, or after the failover to a standby that lacked it."""
        self.in_core(f"UPDATE {TABLE} SET count = 5 WHERE text = 'w2'")
        self.follower.round()
        self.assert_whole()
        self.in_core("DELETE FROM causeway_change", f"UPDATE {TABLE} SET count = 2 WHERE text = 'w2'")
        self.in_core("DELETE FROM causeway_change")
        self.follow()
        self.follower.round()
        self.assert_suspect(TABLE, "lost its last changes")
        self.assert_repaired()

    def test_away_for_longer_than_the_log_is_kept(self):
        self.keep_nothing()
        for number in range(5):
            self.in_core(f"UPDATE {TABLE} SET count = {number} WHERE text = 'w2'")
            self.prune()
        self.follower.round()
        self.assert_suspect(TABLE, "no longer in core's change log")
        self.assert_repaired()

    def test_pruning_leaves_those_alone_who_have_read_it(self):
        self.keep_nothing()
        for number in range(5):
            self.in_core(f"UPDATE {TABLE} SET count = {number} WHERE text = 'w2'")
            self.prune()
            self.follower.round()
        self.assert_whole()
        assert self.in_core("SELECT count(*) FROM causeway_change")[0][0] <= 4

    def keep_nothing(self):
        """What is settled is deleted, but for the last row."""
        for module in (mysql, postgresql, sqlite3):
            self.stack.enter_context(patch.object(module, "KEPT", 1))

    def prune(self):
        with opened("core") as connection:
            source_on(connection).prune(0.2, 10**9)
        # Until the mark is old enough for the next time.
        time.sleep(0.25)

    def test_renamed_key_column_of_core(self):
        self.in_core(f"ALTER TABLE {TABLE} RENAME COLUMN text TO word")
        self.addCleanup(self.in_core, f"ALTER TABLE {TABLE} RENAME COLUMN word TO text")
        self.follower.round()
        self.assert_suspect(TABLE, "")

    def test_replaced_rows(self):
        if connections["core"].vendor == "postgresql":
            self.skipTest("PostgreSQL has no REPLACE")
        self.in_core(
            "REPLACE INTO ledger_account (id, balance, slug) VALUES (4711, 1, 's3')",
            "REPLACE INTO ledger_account (id, balance, slug) VALUES (4711, 2, 's4')",
        )
        self.follower.round()
        self.assert_whole("ledger_account")


@pytest.mark.sqlite3
class SQLiteTrustTests(TrustTestCase):
    def test_table_that_django_made_anew(self):
        from django.db import models

        from causeway.underway import under_construction

        connection = connections["core"]
        field = Word._meta.get_field("count")
        wider = models.BigIntegerField(null=True)
        wider.set_attributes_from_name("count")
        with under_construction("core"), connection.schema_editor() as editor:
            editor.alter_field(Word, field, wider)
        self.in_core(f"UPDATE {TABLE} SET count = 77 WHERE text = 'w2'")
        self.follower.round()
        self.assert_suspect(TABLE, "does not log")
        self.assert_repaired()

    def test_update_or_replace_that_displaces(self):
        self.in_core("UPDATE OR REPLACE ledger_account SET slug = 's3' WHERE slug = 's4'")
        self.follower.round()
        self.assert_whole("ledger_account")

    def test_file_that_another_one_replaced(self):
        import os
        import shutil

        name = str(connections["core"].settings_dict["NAME"])
        connections["core"].close()
        shutil.copy(name, name + ".backup")
        self.in_core(f"UPDATE {TABLE} SET count = 5 WHERE text = 'w2'")
        self.follower.round()
        connections["core"].close()
        os.replace(name + ".backup", name)
        self.in_core(f"UPDATE {TABLE} SET count = 6 WHERE text = 'w1'")
        self.follower.round()
        self.assert_suspect(TABLE, "lost its last changes")
        self.assert_repaired()


@pytest.mark.postgresql
class PostgreSQLTrustTests(TrustTestCase):
    def test_truncated_table(self):
        self.in_core(f"TRUNCATE {TABLE}")
        self.follower.round()
        self.assert_suspect(TABLE, "truncated")
        self.assert_repaired()

    def test_truncated_by_cascade(self):
        self.in_core("TRUNCATE ledger_account CASCADE")
        self.follower.round()
        self.assert_suspect("ledger_savings", "truncated")
        self.assert_repaired()

    def test_replica_role(self):
        self.in_core(
            "SET session_replication_role = replica",
            f"UPDATE {TABLE} SET count = 55 WHERE text = 'w2'",
            "RESET session_replication_role",
        )
        self.follower.round()
        self.assert_whole(TABLE)

    def test_disabled_and_enabled_triggers(self):
        names = triggers_of(connections["core"]).found()[TABLE]
        self.in_core(
            f"ALTER TABLE {TABLE} DISABLE TRIGGER ALL",
            f"DELETE FROM {TABLE} WHERE text = 'w2'",
            *(f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}" for name in names),
        )
        self.follower.round()
        self.assert_suspect(TABLE, "altered")
        self.assert_repaired()

    def test_copy_merge_and_upsert(self):
        self.in_core(
            f"INSERT INTO {TABLE} VALUES ('w2', 99), ('new', 1) ON CONFLICT (text) DO UPDATE SET count = 98",
            f"MERGE INTO {TABLE} t USING (VALUES ('w3')) v (text) ON v.text = t.text WHEN MATCHED THEN DELETE",
        )
        with connections["core"].cursor() as cursor, cursor.copy(f"COPY {TABLE} FROM STDIN") as copy:
            copy.write("copied\t5\n")
        self.follower.round()
        self.assert_whole(TABLE)

    def test_deletions_of_the_server(self):
        self.in_core(
            "CREATE TABLE kept AS SELECT * FROM ledger_savings",
            "ALTER TABLE ledger_savings RENAME TO before",
            "CREATE TABLE ledger_savings (account_ptr_id bigint PRIMARY KEY REFERENCES ledger_account ON DELETE CASCADE, "
            "rate integer)",
            "INSERT INTO ledger_savings SELECT id, 1 FROM ledger_account",
        )
        self.addCleanup(
            self.in_core,
            "DROP TABLE ledger_savings",
            "ALTER TABLE before RENAME TO ledger_savings",
            "DROP TABLE kept",
        )
        self.assert_repaired()
        self.in_core("DELETE FROM ledger_account WHERE slug = 's1'")
        self.follower.round()
        self.assert_whole("ledger_savings", "ledger_account")

    def test_partition_that_is_written_directly(self):
        self.in_core(
            f"ALTER TABLE {TABLE} RENAME TO before",
            f"CREATE TABLE {TABLE} (text varchar(100) PRIMARY KEY, count integer) PARTITION BY RANGE (text)",
            f"CREATE TABLE part_1 PARTITION OF {TABLE} FOR VALUES FROM (MINVALUE) TO ('w5')",
            f"CREATE TABLE part_2 PARTITION OF {TABLE} FOR VALUES FROM ('w5') TO (MAXVALUE)",
            f"INSERT INTO {TABLE} SELECT * FROM before",
        )
        self.addCleanup(self.in_core, f"DROP TABLE {TABLE}", f"ALTER TABLE before RENAME TO {TABLE}")
        self.assert_repaired()
        self.in_core("UPDATE part_1 SET count = 66 WHERE text = 'w2'", "DELETE FROM part_2 WHERE text = 'w7'")
        self.follower.round()
        self.assert_whole(TABLE)
        self.in_core("TRUNCATE part_1")
        self.follower.round()
        self.assert_suspect(TABLE, "altered")
        self.assert_repaired()


@pytest.mark.mysql
class MySQLTrustTests(TrustTestCase):
    def test_truncated_table_is_refused(self):
        with pytest.raises(OperationalError) as raised:
            self.in_core(f"TRUNCATE {TABLE}")
        assert raised.value.args[0] == 1701

    def test_truncated_without_checks(self):
        self.in_core(
            "SET SESSION foreign_key_checks = 0", f"TRUNCATE {TABLE}", "SET SESSION foreign_key_checks = 1"
        )
        self.follower.round()
        self.assert_suspect(TABLE, "")
        self.assert_repaired()

    def test_truncated_and_filled_again(self):
        self.in_core(
            "SET SESSION foreign_key_checks = 0",
            f"TRUNCATE {TABLE}",
            "SET SESSION foreign_key_checks = 1",
            f"INSERT INTO {TABLE} VALUES ('w0', 1), ('w9', 5)",
        )
        self.follower.round()
        self.assert_right_or_suspect(TABLE)

    def test_deletions_of_the_server(self):
        self.in_core(
            "ALTER TABLE ledger_savings ADD CONSTRAINT gone FOREIGN KEY (account_ptr_id) REFERENCES ledger_account (id) "
            "ON DELETE CASCADE",
        )
        self.addCleanup(self.in_core, "ALTER TABLE ledger_savings DROP FOREIGN KEY gone")
        install("core", logged_tables())
        self.in_core("INSERT INTO ledger_savings SELECT id, 1 FROM ledger_account")
        self.sync()
        (before,) = self.in_core("SELECT count(*) FROM ledger_savings")[0]
        found = self.in_core(
            "SELECT constraint_name FROM information_schema.key_column_usage WHERE table_schema = DATABASE() AND "
            "table_name = 'ledger_savings' AND constraint_name <> 'gone' AND referenced_table_name IS NOT NULL"
        )
        for (name,) in found:
            self.in_core(f"ALTER TABLE ledger_savings DROP FOREIGN KEY {name}")
        self.sync()
        self.in_core("DELETE FROM ledger_account WHERE slug = 's1'")
        assert self.in_core("SELECT count(*) FROM ledger_savings")[0][0] == before - 1
        self.follower.round()
        self.assert_whole("ledger_savings")
