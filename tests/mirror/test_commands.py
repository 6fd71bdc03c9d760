"""``manage.py causeway sync``, ``mirror`` and ``feed``."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from causeway.feed.triggers import triggers_of
from causeway.mirror.tables import mirror_name
from tests.feed.ledger.models import Account, Word
from tests.mirror.cases import MirrorTestCase

MIRRORED = {"PLACEMENT": {"ledger": "mirrored", "*": "staged"}}


class CommandTests(MirrorTestCase):
    settings_entry = {**MIRRORED, "MODELS": ["ledger"]}

    def setUp(self):
        super().setUp()
        Word.objects.using("core").bulk_create(Word(text=f"w{n}", count=n) for n in range(10))
        Account.objects.using("core").bulk_create(Account(balance=n, slug=f"s{n}") for n in range(10))

    def run_verb(self, *arguments):
        output, errors = StringIO(), StringIO()
        call_command("causeway", *arguments, stdout=output, stderr=errors)
        return output.getvalue()

    def output_of_failing(self, *arguments):
        output = StringIO()
        with pytest.raises(CommandError) as raised:
            call_command("causeway", *arguments, stdout=output)
        return output.getvalue() + str(raised.value)

    def told(self):
        (core,) = json.loads(self.run_verb("mirror", "--format", "json"))
        return {table["table"]: table for table in core["tables"]}

    def test_sync_copies_and_tells(self):
        assert "core: in step" in self.run_verb("sync")
        table = self.told()["ledger_word"]
        assert (table["state"], table["rows"], table["core_rows"]) == ("whole", 10, 10)
        assert "ledger_word: whole, 10 rows" in self.run_verb("mirror")

    def test_sync_fails_where_a_table_is_not_logged(self):
        triggers = triggers_of(connections["core"])
        self.in_core(*triggers.drop_statements("ledger_word", triggers.found()["ledger_word"]))
        with pytest.raises(CommandError, match="1 of the tables of 'core' cannot be used"):
            self.run_verb("sync")

    def test_verify_finds_a_row_that_differs_and_sync_repairs(self):
        self.run_verb("sync")
        self.run_verb("mirror", "--verify")
        assert self.state("ledger_account").verified_at
        q = connections["default"].ops.quote_name
        copy = q(mirror_name("core", "ledger_account", 1))
        for damage in (
            f"UPDATE {copy} SET balance = 99 WHERE slug = 's3'",
            f"DELETE FROM {copy} WHERE slug = 's4'",
        ):
            with connections["default"].cursor() as cursor:
                cursor.execute(
                    damage.replace(copy, q(mirror_name("core", "ledger_account", self.generation())))
                )
            with pytest.raises(CommandError, match="ledger_account"):
                self.run_verb("mirror", "--verify")
            self.assert_suspect("ledger_account", "1 of 10 rows compared differ from core")
            self.run_verb("mirror", "--repair")
            self.assert_whole("ledger_account")

    def generation(self):
        return self.state("ledger_account").generation

    def test_verify_finds_a_row_too_many_of_a_table_with_texts_for_keys(self):
        self.run_verb("sync")
        self.in_core("SELECT 1")
        copy = mirror_name("core", "ledger_word", 1)
        store = self.follower.stores["ledger_word"]
        store.insert(copy, [("more", 1)])
        with pytest.raises(CommandError, match="ledger_word"):
            self.run_verb("mirror", "--verify", "--table", "ledger_word")

    def test_feed_lists_what_is_logged_and_prints_the_sql_of_what_is_not(self):
        # Local rows refer to further models of this core, which nobody logs.
        told = self.output_of_failing("feed", "--database", "core")
        assert "ledger_word: logged" in told
        assert "orm_place: not logged" in told
        triggers = triggers_of(connections["core"])
        self.in_core(*triggers.drop_statements("ledger_word", triggers.found()["ledger_word"]))
        sql = self.run_verb("feed", "--database", "core", "--sql")
        assert "CREATE TRIGGER" in sql
        assert "ON ledger_account" not in sql.replace('"', "").replace("`", "")
        assert "ledger_word: not logged" in self.output_of_failing("feed", "--database", "core")
        assert "ledger_word" in self.run_verb("feed", "--database", "core", "--install")
        assert "ledger_word: logged" in self.run_verb("feed", "--database", "core")


def test_migrations_of_the_core_project_keep_the_triggers_in_step(core_project):
    core_project.add_settings("""
        INSTALLED_APPS += ["causeway", "causeway.feed"]
        CAUSEWAY = {"feed": {"MODELS": ["articles"]}}
    """)
    core_project.migrate()
    assert "articles_article: logged" in core_project.manage("causeway", "feed").stdout
    models = core_project.shared / "articles" / "models.py"
    text = models.read_text()
    models.write_text(
        text.replace("name = models.CharField(max_length=100)", "name = models.CharField(max_length=300)")
        + "\n\nclass Extra(models.Model):\n    name = models.CharField(max_length=10)\n"
    )
    core_project.migrate()
    logged = core_project.manage("causeway", "feed").stdout
    assert "articles_author: logged" in logged
    assert "articles_extra: logged" in logged
    models.write_text(text)
    core_project.migrate()
    assert "articles_author: logged" in core_project.manage("causeway", "feed").stdout
    core_project.shell("Author.objects.create(name='Ann')")
    assert core_project.rows("SELECT count(*) FROM causeway_change WHERE tbl = 'articles_author'") == [(1,)]
