"""Operations that write tables of both homes: all of them are written, or none."""

import re
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, connections
from django.db.models import ProtectedError
from django.db.models.signals import m2m_changed, post_delete

import causeway
from causeway.homes import stamped_home
from tests.library.models import Article, Author, Tag
from tests.orm.models import Booth, Feature, Issue, Place, Signing, Theatre, Venue
from tests.shop.models import Bookmark, Comment, Pin, Shelf
from tests.transactions.cases import AUTHOR, SpanningTestCase, write_core, write_local

MODELS = (
    *(Article, Article.tags.through, Author, Place, Tag),
    *(Booth, Bookmark, Comment, Feature, Issue, Pin, Shelf, Shelf.articles.through, Signing, Theatre, Venue),
)


class Refused(Exception):
    pass


def home_of(model):
    return stamped_home(model) or "default"


@pytest.mark.staged("one transaction covers both where core is linked")
class SeveralTablesTestCase(SpanningTestCase):
    def atomic(self):
        """Where core can be prepared, all or nothing; on SQLite, what there is."""
        return causeway.atomic(best_effort=connections["core"].never_prepares is not None)

    def seen(self):
        """All rows that other connections see, by table."""
        found = {}
        for alias in ("core", "default"):
            other = connections[alias].copy()
            with other.cursor() as cursor:
                for model in MODELS:
                    if home_of(model) == alias:
                        cursor.execute(f"SELECT * FROM {model._meta.db_table} ORDER BY 1")
                        found[model._meta.db_table] = cursor.fetchall()
            other.close()
        return found

    @contextmanager
    def undone(self, error, **sent):
        """The block raises the error after these statements were sent, by alias, and nothing of them stays."""
        before, said = self.seen(), []

        def keep(execute, sql, *rest):
            said.append((rest[-1]["connection"].alias, re.sub(r'["`]', "", sql)))
            return execute(sql, *rest)

        with (
            connections["core"].execute_wrapper(keep),
            connection.execute_wrapper(keep),
            pytest.raises(error),
        ):
            yield
        for alias, beginning in sent.items():
            assert any(by == alias and sql.startswith(beginning) for by, sql in said), said
        assert self.seen() == before


@contextmanager
def refusing(signal, sender, **expected):
    """Meanwhile, a receiver raises."""

    def receiver(**given):
        if expected.items() <= given.items():
            raise Refused

    signal.connect(receiver, sender)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender)


@contextmanager
def held(model, when=""):
    """Meanwhile, rows of a table that Django knows nothing of refer to the rows of a model."""
    with connections[home_of(model)].cursor() as cursor:
        table = model._meta.db_table
        cursor.execute(
            f"CREATE TABLE holding (held bigint, FOREIGN KEY (held) REFERENCES {table} (id) {when})"
        )
        cursor.execute(f"INSERT INTO holding SELECT id FROM {table}")
    try:
        yield
    finally:
        with connections[home_of(model)].cursor() as cursor:
            cursor.execute("DROP TABLE holding")


class DeletionTests(SeveralTablesTestCase):
    """Of a core row that local rows go with."""

    def setUp(self):
        super().setUp()
        self.article = write_core()
        self.article.tags.add(Tag.objects.create(name="water"))
        Comment.objects.create(article=self.article, text="goes with it")
        Bookmark.objects.create(article=self.article, reader="forgets it")
        write_local().articles.add(self.article)

    def assert_deleted(self):
        assert not Article.objects.exists()
        assert not Article.tags.through.objects.exists()
        assert not Comment.objects.exists()
        assert not Shelf.articles.through.objects.exists()
        assert Bookmark.objects.get().article_id is None
        self.assert_rows(local=["local"])

    def test_all_is_deleted(self):
        self.article.delete()
        self.assert_deleted()

    def test_a_receiver_fails_once_the_core_row_is_deleted(self):
        sent = {"default": "DELETE FROM shop_comment", "core": "DELETE FROM library_article "}
        with self.undone(Refused, **sent), refusing(post_delete, Article):
            self.article.delete()
        with self.undone(Refused, **sent), refusing(post_delete, Article):
            Article.objects.filter(title="core").delete()
        self.article.delete()
        self.assert_deleted()

    def test_a_receiver_fails_once_the_local_rows_are_deleted(self):
        sent = {"default": "DELETE FROM shop_comment", "core": "DELETE FROM library_article_tags"}
        with self.undone(Refused, **sent), refusing(post_delete, Comment):
            self.article.delete()

    def test_a_constraint_in_core(self):
        sent = {"default": "DELETE FROM shop_comment", "core": "DELETE FROM library_article "}
        with held(Article), self.undone(IntegrityError, **sent):
            self.article.delete()
        self.article.delete()
        self.assert_deleted()

    def test_a_constraint_in_the_childs_database(self):
        """Of the rows that go last."""
        with self.atomic():
            issue = Issue.objects.create(name="May")
            Feature.objects.create(title="May", slug="may", author_id=AUTHOR, issue=issue)
        sent = {"default": "DELETE FROM orm_issue", "core": "DELETE FROM library_article "}
        with held(Issue), self.undone(IntegrityError, **sent):
            issue.delete()
        issue.delete()
        assert not Feature.objects.exists()
        self.assert_rows(core=["core"], local=["local"])

    def test_a_constraint_in_core_that_the_end_checks(self):
        if connections["core"].vendor == "mysql":
            self.skipTest("MariaDB checks constraints at once.")
        sent = {"default": "DELETE FROM shop_comment", "core": "DELETE FROM library_article "}
        with held(Article, "DEFERRABLE INITIALLY DEFERRED"), self.undone(IntegrityError, **sent):
            self.article.delete()

    def test_a_constraint_in_the_childs_database_that_the_end_checks(self):
        """Core is prepared by then."""
        if connection.vendor == "mysql" or connections["core"].never_prepares:
            self.skipTest("It is checked at once, or core is committed before.")
        sent = {"default": "DELETE FROM shop_comment", "core": "DELETE FROM library_article "}
        with held(Comment, "DEFERRABLE INITIALLY DEFERRED"), self.undone(IntegrityError, **sent):
            self.article.delete()
        self.article.delete()
        self.assert_deleted()

    def test_a_protected_row_among_several(self):
        Pin.objects.create(article=write_core("pinned"), position=1)
        with self.undone(ProtectedError):
            Article.objects.all().delete()
        sent = {"default": "DELETE FROM shop_comment", "core": "DELETE FROM library_article "}
        with self.undone(ProtectedError, **sent), self.atomic():
            self.article.delete()
            Article.objects.get(title="pinned").delete()


class InheritanceTests(SeveralTablesTestCase):
    """Of a local model whose parent is a core model."""

    def test_both_rows_are_written(self):
        Theatre.objects.create(name="Globe", country="EN", seats=900, stages=1)
        seen = self.seen()
        assert [len(seen[model._meta.db_table]) for model in (Place, Venue, Theatre)] == [1, 1, 1]

    def test_a_constraint_of_the_child(self):
        with self.undone(IntegrityError, core="INSERT INTO orm_place", default="INSERT INTO orm_venue"):
            Venue.objects.create(name="Globe", country="EN", seats=None)

    def test_a_constraint_of_the_childs_child(self):
        with self.undone(IntegrityError, core="INSERT INTO orm_place", default="INSERT INTO orm_theatre"):
            Theatre.objects.create(name="Globe", country="EN", seats=900, stages=None)

    def test_a_constraint_of_the_child_on_an_update(self):
        venue = Venue.objects.create(name="Globe", country="EN", seats=900)
        venue.name, venue.seats = "Swan", None
        with self.undone(IntegrityError, core="UPDATE orm_place", default="UPDATE orm_venue"):
            venue.save()

    def test_a_constraint_of_the_child_that_the_end_checks(self):
        """Core is prepared by then, where the engine does not check it at once."""
        if connections["core"].never_prepares:
            self.skipTest("Core is committed before.")
        with self.undone(
            IntegrityError, core="INSERT INTO library_article", default="INSERT INTO orm_feature"
        ):
            Feature.objects.create(title="Lost", slug="lost", author_id=AUTHOR, issue_id=1000)


class ManyToManyTests(SeveralTablesTestCase):
    """The table between is local, one end of it in core."""

    def test_a_core_row_and_its_row_between(self):
        booth = Booth.objects.create(name="North")
        with self.atomic():
            booth.authors.create(name="Ben", through_defaults={"hour": 9})
        assert Signing.objects.get(booth=booth).author.name == "Ben"
        assert len(self.seen()["library_author"]) == 2

    def test_a_constraint_of_the_table_between(self):
        booth = Booth.objects.create(name="North")
        sent = {"core": "INSERT INTO library_author", "default": "INSERT INTO orm_signing"}
        with self.undone(IntegrityError, **sent), self.atomic():
            booth.authors.create(name="Ben", through_defaults={"hour": None})

    def test_a_core_row_is_given_other_local_rows(self):
        article, before, after = write_core(), write_local("before"), write_local("after")
        article.shelves.add(before)

        def change():
            with self.atomic():
                article.title = "changed"
                article.save()
                article.shelves.set([after])

        sent = {"core": "UPDATE library_article", "default": "DELETE FROM shop_shelf_articles"}
        refused = refusing(m2m_changed, Shelf.articles.through, action="post_add")
        with self.undone(Refused, **sent), refused:
            change()
        change()
        assert Article.objects.get(title="changed").shelves.get() == after

    def test_a_core_row_that_is_deleted_with_its_rows_between(self):
        Signing.objects.create(booth=Booth.objects.create(name="North"), author_id=AUTHOR, hour=9)
        sent = {"default": "DELETE FROM orm_signing", "core": "DELETE FROM library_author"}
        with held(Author), self.undone(IntegrityError, **sent):
            Author.objects.get().delete()
        Author.objects.get().delete()
        assert not Signing.objects.exists()


class BlockTests(SeveralTablesTestCase):
    """Of many operations."""

    def setUp(self):
        super().setUp()
        for title in ("first", "second"):
            Comment.objects.create(article=write_core(title), text=title)

    def write(self, name):
        """Rows of both homes, and what refers from one to the other."""
        article = write_core(name)
        Comment.objects.create(article=article, text=name)
        write_local(name).articles.add(article)
        Venue.objects.create(name=name, country="EN", seats=1)

    def change(self):
        """Rows of both homes that were there before."""
        Article.objects.get(title="first").delete()
        Article.objects.filter(title="second").update(title="changed")
        Comment.objects.filter(article__title="changed").update(text="changed")

    def assert_written(self, *names):
        for model, field in (
            (Article, "title"),
            (Comment, "text"),
            (Comment, "article__title"),
            (Shelf, "name"),
            (Shelf, "articles__title"),
            (Venue, "name"),
            (Place, "name"),
        ):
            expected = {*names, "first", "second"} if model in {Article, Comment} else set(names)
            found = model.objects.values_list(field, flat=True)
            assert sorted(found) == sorted(expected), (model, field)

    def test_an_inner_block_that_is_rolled_back(self):
        with self.atomic():
            self.write("before")
            with pytest.raises(Refused), self.atomic():
                self.write("within")
                self.change()
                with self.atomic():
                    self.write("deeper")
                raise Refused
            self.write("after")
            self.assert_rows(core=["first", "second"])
        self.assert_rows(core=["after", "before", "first", "second"], local=["after", "before"])
        self.assert_written("after", "before")

    def test_an_inner_block_fails_by_a_constraint_of_one_side(self):
        for number, fail in enumerate((self.fail_in_core, self.fail_here)):
            with self.atomic():
                self.write(f"before {number}")
                with pytest.raises(IntegrityError), self.atomic():
                    self.write("within")
                    self.change()
                    fail()
                self.write(f"after {number}")
        self.assert_written("after 0", "before 0", "after 1", "before 1")

    def fail_in_core(self):
        write_core("within")

    def fail_here(self):
        Venue.objects.create(name="lost", country="EN", seats=None)

    def test_the_outer_block_is_rolled_back_with_an_inner_one_that_was_not(self):
        sent = {"core": "INSERT INTO library_article", "default": "INSERT INTO shop_shelf"}
        with self.undone(Refused, **sent), self.atomic():
            with self.atomic():
                self.write("within")
                self.change()
            with pytest.raises(Refused), self.atomic():
                self.write("lost")
                raise Refused
            raise Refused
