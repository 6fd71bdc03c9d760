"""What anybody deletes in core reaches the local rows that refer to it, by what their relations ask for."""

import threading
import time
from unittest.mock import patch

from django.db import connections
from django.db.models.signals import post_delete

from causeway.mirror import state
from causeway.mirror.deletions import follow_deletions
from causeway.mirror.models import Tombstone
from causeway.signals import deletion_protected
from tests.databases import placement
from tests.library.models import Article, Author
from tests.mirror.cases import MirrorTestCase
from tests.shop.models import Bookmark, Comment, Pin, Shelf


class DeletionTests(MirrorTestCase):
    """Whether or not there is a copy of the tables."""

    # The articles are linked or staged, and only followed.
    settings_entry = {"PLACEMENT": {"ledger": "mirrored", "*": placement()}}

    def setUp(self):
        super().setUp()
        self.remove_constraints("library_article")
        author = Author.objects.using("core").create(name="Ann")
        self.articles = [
            Article.objects.using("core").create(title=f"t{n}", slug=f"t{n}", author=author) for n in range(6)
        ]
        self.sync()

    def delete_in_core(self, *articles):
        keys = ", ".join(str(article.pk) for article in articles)
        with self.unconstrained():
            self.in_core(
                f"DELETE FROM library_article_tags WHERE article_id IN ({keys})",
                f"DELETE FROM library_article WHERE id IN ({keys})",
            )

    def unconstrained(self):
        """As where no constraint reaches from the child's tables to core."""
        return connections["core"].constraint_checks_disabled()

    def test_cascade_deletes_with_signals(self):
        first, second = (Comment.objects.create(article=article, text="x") for article in self.articles[:2])
        told = []

        def receiver(sender, instance, **kwargs):
            told.append((sender, instance.text))

        post_delete.connect(receiver, sender=Comment)
        self.addCleanup(post_delete.disconnect, receiver, sender=Comment)
        self.delete_in_core(self.articles[0])
        self.syncer.round()
        assert list(Comment.objects.values_list("pk", flat=True)) == [second.pk]
        assert told == [(Comment, "x")]
        assert first.pk != second.pk

    def test_set_null_and_many_to_many(self):
        bookmark = Bookmark.objects.create(article=self.articles[0], reader="b")
        shelf = Shelf.objects.create(name="s")
        shelf.articles.add(self.articles[0], self.articles[1])
        self.delete_in_core(self.articles[0])
        self.syncer.round()
        bookmark.refresh_from_db()
        assert bookmark.article_id is None
        assert list(Shelf.articles.through.objects.values_list("article_id", flat=True)) == [
            self.articles[1].pk
        ]

    def test_protect_is_told_and_left(self):
        Pin.objects.create(article=self.articles[0], position=1)
        told = []

        def receiver(sender, relation, keys, **kwargs):
            told.append((sender, relation, keys))

        deletion_protected.connect(receiver)
        self.addCleanup(deletion_protected.disconnect, receiver)
        self.delete_in_core(self.articles[0])
        with self.assertLogs("causeway.mirror", "WARNING"):
            self.syncer.round()
        assert told == [(Pin, "shop.Pin.article", [self.articles[0].pk])]
        assert Pin.objects.count() == 1

    def test_a_row_that_refers_to_it_later_is_found_too(self):
        self.delete_in_core(self.articles[0])
        self.syncer.round()
        with connections["default"].constraint_checks_disabled():
            Comment.objects.create(article_id=self.articles[0].pk, text="late")
        Tombstone.objects.update(next_at=0)
        follow_deletions(self.follower)
        assert not Comment.objects.exists()
        assert Tombstone.objects.exists()

    def test_it_is_forgotten_once_no_transaction_can_have_read_it(self):
        self.delete_in_core(self.articles[0])
        self.syncer.round()
        Tombstone.objects.update(next_at=0, made_at=0)
        follow_deletions(self.follower)
        assert not Tombstone.objects.exists()

    def test_what_was_deleted_unseen_is_found_once_core_is_logged_again(self):
        from causeway.feed.install import install
        from causeway.feed.triggers import triggers_of
        from tests.mirror.cases import logged_tables

        Comment.objects.create(article=self.articles[0], text="x")
        triggers = triggers_of(connections["core"])
        self.in_core(*triggers.drop_statements("library_article", triggers.found()["library_article"]))
        self.delete_in_core(self.articles[0])
        self.syncer.round()
        assert Comment.objects.exists()
        install("core", logged_tables())
        self.sync()
        Tombstone.objects.update(next_at=0)
        follow_deletions(self.follower)
        assert not Comment.objects.exists()

    def test_a_restored_core_deletes_nothing(self):
        Comment.objects.create(article=self.articles[0], text="x")
        self.delete_in_core(self.articles[0])
        self.in_core("UPDATE causeway_epoch SET epoch = 'another'")
        self.follower.round(force=True)
        self.sync()
        assert Comment.objects.exists()
        assert not Tombstone.objects.exists()


class MirroredDeletionTests(DeletionTests):
    """The same where the articles are mirrored."""

    settings_entry = {}


class FanOutTests(MirrorTestCase):
    settings_entry = {"PLACEMENT": {"ledger": "mirrored", "*": placement()}}

    def test_no_orphan_is_left_where_local_rows_are_made_meanwhile(self):
        """Local writers refer to articles that they have just read; core deletes them."""
        self.remove_constraints("library_article")
        author = Author.objects.using("core").create(name="Ann")
        Article.objects.using("core").bulk_create(
            Article(title=f"t{n}", slug=f"t{n}", author=author) for n in range(200)
        )
        self.sync()
        stop = threading.Event()

        def write():
            try:
                while not stop.is_set():
                    connection = connections["default"]
                    with connection.constraint_checks_disabled():
                        keys = [row[0] for row in self.keys()][:50]
                        time.sleep(0.005)
                        Comment.objects.bulk_create(Comment(article_id=key, text="x") for key in keys[::7])
            finally:
                connections.close_all()

        writers = [threading.Thread(target=write) for _ in range(3)]
        for writer in writers:
            writer.start()
        for number in range(20):
            with connections["core"].constraint_checks_disabled():
                keys = [row[0] for row in self.keys()][: 5 + number % 3]
                self.in_core(f"DELETE FROM library_article WHERE id IN ({', '.join(map(str, keys))})")
            self.syncer.round()
        stop.set()
        for writer in writers:
            writer.join()
        for _ in range(2):
            with patch.object(state.time, "time", lambda: 1e10):
                follow_deletions(self.follower)
        present = {row[0] for row in self.keys()}
        assert set(Comment.objects.values_list("article_id", flat=True)) <= present
        assert Comment.objects.exists()

    def keys(self):
        with connections["core"].cursor() as cursor:
            cursor.execute("SELECT id FROM library_article ORDER BY id")
            return cursor.fetchall()
