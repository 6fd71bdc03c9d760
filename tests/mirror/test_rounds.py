"""A copy is core at the moment of the last round, whatever was written and whoever wrote."""

import uuid

import pytest
from django.db import connections, transaction

from causeway.signals import core_changed
from tests.feed.ledger.models import Account, Cell, Club, Member, Savings, Word
from tests.library.models import Article, Author, Tag
from tests.mirror.cases import MirrorTestCase


class RoundTests(MirrorTestCase):
    def make_rows(self):
        Account.objects.using("core").bulk_create(Account(balance=n, slug=f"s{n}") for n in range(25))
        Word.objects.using("core").bulk_create(
            Word(text=text, count=1) for text in ("a", "b c", "Ö", "x'y", "7")
        )
        Cell.objects.using("core").bulk_create(Cell(row=n % 3, column=f"c{n}", value=n) for n in range(9))
        Member.objects.using("core").bulk_create(Member(group=1, part=n) for n in range(5))

    def test_first_copy_in_chunks_takes_every_row(self):
        self.make_rows()
        for _ in range(60):
            self.syncer.round(chunk=4)
        self.assert_whole()

    def test_changes_while_it_is_copied_are_neither_lost_nor_doubled(self):
        self.make_rows()
        keys = sorted(Account.objects.using("core").values_list("pk", flat=True))
        accounts = Account.objects.using("core")
        for number in range(30):
            self.syncer.round(chunk=4)
            accounts.filter(pk=keys[number % len(keys)]).update(balance=1000 + number)
            accounts.create(balance=1, slug=f"new-{number}")
            accounts.filter(pk=keys[(number * 7) % len(keys)]).delete()
            Word.objects.using("core").create(text=f"word {number}", count=number)
        self.sync()
        self.assert_whole()

    def test_inserts_updates_and_deletions_arrive(self):
        self.make_rows()
        self.sync()
        Account.objects.using("core").filter(slug="s1").update(balance=-1)
        Account.objects.using("core").filter(slug="s2").delete()
        Account.objects.using("core").create(balance=7, slug="new")
        Member.objects.using("core").filter(part=2).delete()
        Word.objects.using("core").filter(text="a").update(count=9)
        Cell.objects.using("core").filter(row=1).delete()
        self.syncer.round()
        self.assert_whole()

    def test_another_key_takes_the_old_one_away(self):
        self.make_rows()
        self.sync()
        q = connections["core"].ops.quote_name
        self.in_core(
            "UPDATE ledger_account SET id = 1000000 WHERE slug = 's3'",
            "UPDATE ledger_word SET text = 'A' WHERE text = 'a'",
            f"UPDATE ledger_cell SET {q('column')} = 'other' WHERE value = 4",
        )
        self.syncer.round()
        self.assert_whole()

    def test_rows_that_swap_a_unique_value_arrive(self):
        self.make_rows()
        self.sync()
        self.in_core(
            "UPDATE ledger_account SET slug = 'x' WHERE slug = 's4'",
            "UPDATE ledger_account SET slug = 's4' WHERE slug = 's5'",
            "UPDATE ledger_account SET slug = 's5' WHERE slug = 'x'",
        )
        self.syncer.round()
        self.assert_whole()

    def test_what_was_rolled_back_does_not_arrive(self):
        self.make_rows()
        self.sync()
        with pytest.raises(RuntimeError), transaction.atomic(using="core"):
            Account.objects.using("core").update(balance=0)
            raise RuntimeError
        with transaction.atomic(using="core"):
            with pytest.raises(RuntimeError), transaction.atomic(using="core"):
                Account.objects.using("core").filter(slug="s1").delete()
                raise RuntimeError
            Account.objects.using("core").filter(slug="s2").update(balance=5)
        self.syncer.round()
        self.assert_whole()
        self.syncer.round()
        self.assert_whole()

    def test_inherited_rows_and_many_to_many_tables_are_followed(self):
        self.sync()
        savings = Savings.objects.using("core").create(balance=1, slug="saved", rate=3)
        club = Club.objects.using("core").create()
        club.accounts.add(savings)
        author = Author.objects.using("core").create(name="Ann")
        article = Article.objects.using("core").create(title="T", slug="t", author=author)
        article.tags.add(Tag.objects.using("core").create(name="tag"))
        self.syncer.round()
        self.assert_whole()
        savings.delete()
        article.tags.clear()
        self.syncer.round()
        self.assert_whole()

    def test_keys_of_every_type_arrive_in_other_letters(self):
        self.sync()
        Word.objects.using("core").create(text="word", count=1)
        Member.objects.using("core").create(pk=uuid.UUID(int=10), group=1, part=1)
        self.syncer.round()
        self.in_core("UPDATE ledger_word SET text = 'WORD'")
        self.syncer.round()
        self.assert_whole()

    def test_a_round_that_finds_nothing_sends_one_statement(self):
        from causeway.mirror import rounds

        self.make_rows()
        self.sync()
        rounds.LOOK_SECONDS = 1000
        self.follower.round()
        sent = []
        execute = self.follower.core.session.execute
        self.follower.core.session.execute = lambda *args: sent.append(args) or execute(*args)
        assert self.follower.round().is_look
        assert len(sent) == 1

    def test_another_process_goes_on_where_one_stopped(self):
        self.make_rows()
        for _ in range(3):
            self.syncer.round(chunk=4)
        self.follow()
        Account.objects.using("core").filter(slug="s1").update(balance=-1)
        self.sync()
        self.assert_whole()
        assert {self.state(name).generation for name in self.follower.stores} == {1}

    def test_two_processes_follow_one_core(self):
        from causeway.mirror.sync import Syncer, following

        self.make_rows()
        with following("core") as other:
            others = Syncer(other)
            for number in range(20):
                Account.objects.using("core").filter(slug=f"s{number}").update(balance=-number)
                (self.syncer, others)[number % 2].round(chunk=4)
            self.sync()
        self.assert_whole()

    def test_signal_names_the_keys_that_were_touched(self):
        self.make_rows()
        self.sync()
        told = []

        def receiver(sender, keys, **kwargs):
            told.append((sender, keys))

        core_changed.connect(receiver)
        self.addCleanup(core_changed.disconnect, receiver)
        account = Account.objects.using("core").get(slug="s1")
        account.balance = 3
        account.save(using="core")
        self.syncer.round()
        assert told == [(Account, {account.pk})]
