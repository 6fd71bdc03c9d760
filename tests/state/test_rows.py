"""What a core row says of itself holds for all that Django does with it, however it was read."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.db.models import prefetch_related_objects
from django.test.utils import CaptureQueriesContext

from causeway.exceptions import PlacementError
from tests.library.models import Article, Author, Tag
from tests.shop.models import Bookmark, Comment, Label, Rating, Shelf
from tests.state import rows


class RowsTestCase(rows.DamsTestCase):
    """Each test runs for every road to the row; a subclass names the alias and the roads."""

    __test__ = False
    alias: str

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.__test__ = "alias" in vars(cls)

    @property
    def other(self):
        return "core" if self.alias == "default" else "default"

    def each(self, *, changed=False):
        """The row of every road. ``changed`` says that the test leaves other relations behind."""
        for name, road in self.roads().items():
            with self.subTest(name):
                row = road()
                self.assertEqual((row.slug, row._state.db), ("dams", self.alias))
                self.assertFalse(row._state.adding)
                yield name, row
            if changed:
                self.make_again()

    def stored_title(self):
        return Article.objects.values_list("title", flat=True).get(slug="dams")

    def test_what_belongs_to_it_was_read_on_the_same_connection(self):
        for _, row in self.each():
            row.refresh_from_db()
            self.assertEqual(row.author._state.db, self.alias)
            self.assertEqual({tag._state.db for tag in row.tags.all()}, {self.alias})

    def test_it_is_saved_and_refreshed_in_the_transaction_of_its_connection(self):
        for name, row in self.each():
            with self.assertNumQueries(0, using=self.other):
                with transaction.atomic(using=self.alias):
                    row.title = "lost"
                    row.save()
                    transaction.set_rollback(True, using=self.alias)
                row.refresh_from_db()
            self.assertEqual(row.title, self.stored_title())
            row.title = f"changed: {name}"
            row.save()
            self.assertEqual(self.stored_title(), f"changed: {name}")
            row.title = "lost"
            row.save(update_fields=["slug"])
            row.refresh_from_db(fields=["title"])
            self.assertEqual((row.title, row._state.db), (f"changed: {name}", self.alias))

    def test_it_is_validated(self):
        for _, row in self.each(changed=True):
            Article.objects.create(title="Dykes", slug="dykes", author=Author.objects.create(name="Ben"))
            row.full_clean()
            row.slug = "dykes"
            with self.assertRaisesMessage(ValidationError, "Slug already exists"):
                row.full_clean()

    def test_local_rows_refer_to_it(self):
        for name, row in self.each():
            bookmark = Bookmark(article=row, reader=name)
            bookmark.full_clean()
            bookmark.save()
            self.bookmark.article = row
            self.bookmark.save()
            self.assertEqual((bookmark._state.db, self.bookmark._state.db), ("default", "default"))
            self.assertEqual(Bookmark.objects.filter(article__slug="dams", reader=name).get(), bookmark)
            self.assertEqual(row.bookmarks.get(reader=name)._state.db, "default")

    def test_the_related_manager_of_local_rows(self):
        for name, row in self.each(changed=True):
            made = row.bookmarks.create(reader=name)
            self.assertEqual((made._state.db, made.article), ("default", row))
            self.assertEqual(row.bookmarks.get_or_create(reader=name), (made, False))
            self.assertEqual(row.bookmarks.update_or_create(reader=f"{name}!")[1], True)
            row.bookmarks.remove(made)
            self.assertIsNone(Bookmark.objects.get(pk=made.pk).article)
            row.bookmarks.add(made)
            row.bookmarks.set([made])
            self.assertEqual(Bookmark.objects.filter(article__slug="dams").get(), made)
            row.bookmarks.clear()
            self.assertFalse(Bookmark.objects.filter(article__slug="dams").exists())
            self.assertEqual((row.comments.count(), row.rating._state.db), (1, "default"))

    def test_a_local_row_of_a_one_to_one_relation(self):
        for _, row in self.each(changed=True):
            row.rating = Rating.objects.get()
            row.rating.save()
            self.assertEqual(Rating.objects.get(article__slug="dams"), self.rating)
            Rating.objects.all().delete()
            row.rating = Rating(stars=4)
            row.rating.save()
            self.assertEqual(Rating.objects.get(article__slug="dams").stars, 4)

    def test_many_to_many_relations_to_local_rows(self):
        for name, row in self.each(changed=True):
            shelf = Shelf.objects.create(name=name)
            shelf.articles.add(row)
            self.assertEqual(Article.objects.get(shelves__name=name), row)
            shelf.articles.set([])
            row.shelves.add(shelf)
            self.assertEqual(shelf.articles.get(), row)
            row.shelves.remove(shelf)
            row.shelves.set([shelf])
            self.assertEqual({shelf._state.db for shelf in row.shelves.all()}, {"default"})
            row.shelves.clear()
            self.assertFalse(Shelf.articles.through.objects.exists())

    def test_many_to_many_relations_to_core_rows(self):
        for name, row in self.each(changed=True):
            with self.assertNumQueries(0, using=self.other):
                made = row.tags.create(name=name)
                row.tags.set([made])
                row.tags.remove(made)
                row.tags.add(made)
            self.assertEqual(made._state.db, self.alias)
            self.assertEqual(Tag.objects.get(articles__slug="dams"), made)

    def test_a_core_row_of_either_connection_belongs_to_it(self):
        for name, row in self.each(changed=True):
            author = Author.objects.using(self.other).create(name=name)
            row.author = author
            row.save()
            self.assertEqual(Article.objects.get(slug="dams").author, author)
            row.tags.add(Tag.objects.using(self.other).get(name="water"))

    def test_prefetch_of_local_rows(self):
        lookups = ["comments__article", "rating", "shelves", "bookmarks", "story"]
        for _, row in self.each():
            prefetch_related_objects([row], *lookups)
            with self.assertNumQueries(0), self.assertNumQueries(0, using="core"):
                (comment,) = row.comments.all()
                local = [comment, row.rating, *row.shelves.all(), *row.bookmarks.all(), row.story]
                self.assertEqual([one._state.db for one in local], ["default"] * 5)
                self.assertEqual(comment.article, row)

    def test_generic_keys_refer_to_it(self):
        for name, row in self.each():
            label = Label(name=name, target=row)
            label.full_clean()
            label.save()
            self.label.target = row
            self.label.save()
            self.assertIs(self.label.target, row)
            self.assertEqual((label._state.db, self.label._state.db), ("default", "default"))
            self.assertEqual(Label.objects.get(name=name).target, row)


@pytest.mark.linked("staged, a core row knows core as its database")
class OnDefaultTests(RowsTestCase):
    alias = "default"
    roads = staticmethod(rows.on_default)

    def test_it_is_deleted_with_what_refers_to_it(self):
        for _, row in self.each():
            with transaction.atomic():
                deleted = row.delete()[1]
                self.assertEqual((deleted["library.Article"], deleted["shop.Comment"]), (1, 1))
                self.assertFalse(Article.objects.exists() or Comment.objects.exists())
                transaction.set_rollback(True)


class OnCoreTests(RowsTestCase):
    alias = "core"
    roads = staticmethod(rows.on_core)

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_its_deletion_reaches_local_rows_and_is_refused(self):
        for _, row in self.each():
            with (
                CaptureQueriesContext(connections["default"]) as sent,
                self.assertRaises(PlacementError) as caught,
            ):
                row.delete()
            self.assertIn("using('core')", str(caught.exception))
            self.assertIn("'default'", str(caught.exception))
            self.assertEqual(len(sent), 0)
            row.refresh_from_db()
            self.assertEqual((row.tags.count(), Comment.objects.count()), (1, 1))

    def test_it_is_deleted_with_what_refers_to_it_over_the_childs_connection(self):
        for _, row in self.each():
            with transaction.atomic(), transaction.atomic(using="core"):
                self.assertEqual(row.delete(using="default")[1]["shop.Comment"], 1)
                self.assertFalse(Article.objects.exists() or Comment.objects.exists())
                for alias in self.databases:
                    transaction.set_rollback(True, using=alias)
