"""Queries on mirrored tables run in the child's own database, and see what this process has written."""

import threading
from unittest.mock import patch

import pytest
from django.db import OperationalError, connections, transaction
from django.test.utils import CaptureQueriesContext

import causeway
from causeway.mirror import reading
from causeway.mirror.sync import Syncer, following
from tests.databases import placement
from tests.library.models import Article, Author
from tests.mirror.cases import MirrorTestCase
from tests.shop.models import Comment

pytestmark = pytest.mark.skipif(
    placement() == "linked", reason="Copies stand in for tables that would be staged."
)


class PlacementTestCase(MirrorTestCase):
    settings_entry = {"PLACEMENT": "mirrored"}

    def setUp(self):
        super().setUp()
        self.author = Author.objects.create(name="Ann")
        self.articles = [
            Article.objects.create(title=f"t{n}", slug=f"t{n}", author=self.author) for n in range(4)
        ]
        for article in self.articles[:2]:
            Comment.objects.create(article=article, text=f"on {article.title}")
        self.sync()
        reading.forget()
        self.addCleanup(reading.forget)

    def forget_writes(self):
        """As in a process that has written nothing."""
        reading.forget()
        connections["core"].wrote_mirrored = False

    def core_queries(self):
        return CaptureQueriesContext(connections["core"])


class ReadingTests(PlacementTestCase):
    def test_queries_run_in_the_child_alone(self):
        with self.core_queries() as asked:
            assert Article.objects.count() == 4
            assert list(Comment.objects.filter(article__title="t1").values_list("text", flat=True)) == [
                "on t1"
            ]
            assert Comment.objects.select_related("article__author").first().article.author.name == "Ann"
            assert Article.objects.filter(comments__text="on t1").get() == self.articles[1]
            assert self.articles[0].author.name == "Ann"
            assert [len(each.comments.all()) for each in Article.objects.prefetch_related("comments")] == [
                1,
                1,
                0,
                0,
            ]
        assert len(asked) == 0

    def test_rows_are_of_core(self):
        article = Article.objects.get(slug="t1")
        assert article._state.db == "core"
        assert Comment.objects.select_related("article").first().article._state.db == "core"

    def test_they_go_on_where_core_is_away(self):
        Article.objects.count()

        def refuse(*args, **kwargs):
            raise OperationalError("core is away")

        connections["core"].close()
        with patch.object(connections["core"], "connect", refuse):
            assert Article.objects.filter(comments__text="on t1").get().title == "t1"
            with pytest.raises(OperationalError):
                Article.objects.create(title="x", slug="x", author_id=self.author.pk)

    def test_a_process_that_starts_where_core_is_away_reads_the_copies(self):
        self.forget_writes()

        def refuse(*args, **kwargs):
            raise OperationalError("core is away")

        connections["core"].close()
        with (
            patch("causeway.mirror.reading.following", refuse),
            patch.object(connections["core"], "connect", refuse),
        ):
            assert Comment.objects.get(article__title="t1").text == "on t1"

    def test_what_was_written_before_core_went_away_does_not_keep_it_from_being_read(self):
        Article.objects.filter(slug="t0").update(title="last")

        def refuse(*args, **kwargs):
            raise OperationalError("core is away")

        with (
            patch("causeway.mirror.reading.following", refuse),
            patch("causeway.mirror.reading.can_reach", lambda home: False),
        ):
            assert Article.objects.count() == 4

    def test_core_itself_is_read_where_it_is_named_or_locked(self):
        self.in_core("UPDATE library_article SET title = 'new' WHERE slug = 't1'")
        self.forget_writes()
        assert Article.objects.get(slug="t1").title == "t1"
        assert Article.objects.using("core").get(slug="t1").title == "new"
        assert Article.objects.get_or_create(slug="t1")[0].title == "new"
        with transaction.atomic(using="core"):
            assert Article.objects.select_for_update().get(slug="t1").title == "new"

    def test_a_write_finds_its_rows_in_core(self):
        self.in_core("UPDATE library_article SET title = 'new' WHERE slug = 't1'")
        self.forget_writes()
        assert Article.objects.filter(title="new", comments__text="on t1").update(title="newer") == 1
        assert Article.objects.get(slug="t1").title == "newer"

    def test_a_suspect_table_is_staged(self):
        self.in_core("UPDATE causeway_epoch SET epoch = 'another'")
        self.follower.round(force=True)
        reading.forget()
        with self.core_queries() as asked:
            assert Comment.objects.get(article__title="t1").text == "on t1"
        assert len(asked) > 0

    def test_a_table_that_is_copied_anew_is_read_from_its_new_copy(self):
        self.in_core("UPDATE causeway_epoch SET epoch = 'another'")
        self.sync()
        reading.forget()
        with self.core_queries() as asked:
            assert Article.objects.count() == 4
        assert len(asked) == 0
        assert self.state("library_article").generation == 2

    def test_raw_sql_names_the_copy(self):
        with connections["default"].cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {causeway.table(Article)}")
            assert cursor.fetchone() == (4,)


class ReadYourWritesTests(PlacementTestCase):
    def test_a_write_is_seen_by_the_next_query(self):
        for number in range(5):
            self.articles[0].title = f"n{number}"
            self.articles[0].save()
            assert Comment.objects.get(article__title=f"n{number}").text == "on t0"
            Article.objects.filter(pk=self.articles[0].pk).update(title=f"m{number}")
            assert Article.objects.get(pk=self.articles[0].pk).title == f"m{number}"
        self.articles[3].delete()
        assert Article.objects.count() == 3

    def test_a_block_sees_its_own_writes(self):
        with transaction.atomic(using="core"):
            Article.objects.filter(slug="t0").update(title="inside")
            assert Article.objects.get(slug="t0").title == "inside"
            assert Comment.objects.get(article__title="inside").text == "on t0"
        assert Article.objects.get(slug="t0").title == "inside"

    def test_what_a_block_rolled_back_is_not_seen(self):
        with pytest.raises(RuntimeError), transaction.atomic(using="core"):
            Article.objects.filter(slug="t0").update(title="inside")
            assert Article.objects.get(slug="t0").title == "inside"
            raise RuntimeError
        assert Article.objects.get(slug="t0").title == "t0"

    def test_raw_sql_on_core_counts_as_a_write(self):
        self.in_core("UPDATE library_article SET title = 'raw' WHERE slug = 't0'")
        assert Article.objects.get(slug="t0").title == "raw"

    def test_no_worker_reads_what_is_older_than_its_own_write(self):
        """With a process that follows core meanwhile."""
        self.stale, self.errors = [], []
        stop = threading.Event()
        daemon = threading.Thread(target=self.follow_until, args=[stop])
        workers = [threading.Thread(target=self.work, args=[number]) for number in range(4)]
        for thread in (daemon, *workers):
            thread.start()
        for worker in workers:
            worker.join()
        stop.set()
        daemon.join()
        assert self.stale == []
        assert len(self.errors) < len(workers)

    def follow_until(self, stop):
        with following("core") as follower:
            syncer = Syncer(follower)
            while not stop.wait(0.01):
                syncer.round()

    def work(self, number):
        """Write a row that is this worker's own, and read it, alone and joined with a local row."""
        try:
            for turn in range(15):
                title = f"{number}-{turn}"
                Article.objects.filter(slug=f"t{number}").update(title=title)
                if Article.objects.get(slug=f"t{number}").title != title:
                    self.stale.append(title)
                if number < 2 and not Comment.objects.filter(article__title=title).exists():
                    self.stale.append(f"{title} with its comment")
        except OperationalError as error:
            # An SQLite file has one writer.
            self.errors.append(error)
        finally:
            connections.close_all()
