"""Many-to-many relations: the table made for the field lives with the field's model."""

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

import causeway
from tests.library.models import Article, Author, Tag
from tests.orm.models import Booth, Credit, Place, Signing
from tests.orm.newsroom import SHELVES, TITLES, NewsroomTestCase, tags_of
from tests.shop.models import Shelf


def tables(alias):
    return set(connections[alias].introspection.table_names())


class PlacementOfTheTableTests(NewsroomTestCase):
    def test_the_table_of_a_core_models_field_is_in_core_alone(self):
        table = Article.tags.through._meta.db_table
        self.assertIn(table, tables("core"))
        self.assertNotIn(table, tables("default"))

    def test_the_table_of_a_local_models_field_is_local_alone(self):
        table = Shelf.articles.through._meta.db_table
        self.assertIn(table, tables("default"))
        self.assertNotIn(table, tables("core"))


class LocalFieldTests(NewsroomTestCase):
    """``Shelf.articles``: the field and its table are local, the target is in core."""

    def test_forward_and_reverse(self):
        for name, titles in SHELVES.items():
            self.assert_titles(self.shelves[name].articles.all(), titles)
        for title, article in self.articles.items():
            expected = [name for name, titles in SHELVES.items() if title in titles]
            self.assertCountEqual(article.shelves.values_list("name", flat=True), expected)

    def test_add_remove_set_and_clear(self):
        shelf = self.shelves["Empty"]
        shelf.articles.add(self.articles["Dams"], self.articles["Locks"].pk)
        self.assert_titles(shelf.articles.all(), ["Dams", "Locks"])
        shelf.articles.add(self.articles["Dams"])
        self.assertEqual(shelf.articles.count(), 2)
        shelf.articles.remove(self.articles["Dams"])
        self.assert_titles(shelf.articles.all(), ["Locks"])
        shelf.articles.set([self.articles["Piers"], self.articles["Canals"]])
        self.assert_titles(shelf.articles.all(), ["Piers", "Canals"])
        shelf.articles.clear()
        self.assertFalse(shelf.articles.exists())
        self.assertEqual(Article.objects.count(), len(TITLES))

    def test_changes_from_the_core_end(self):
        article = self.articles["Locks"]
        article.shelves.add(self.shelves["Empty"])
        article.shelves.remove(self.shelves["All"])
        self.assertEqual([shelf.name for shelf in article.shelves.all()], ["Empty"])
        article.shelves.clear()
        self.assertFalse(Shelf.objects.filter(articles=article).exists())

    def test_create_makes_a_core_row_and_a_local_link(self):
        article = self.shelves["Empty"].articles.create(
            title="Sluices", slug="sluices", author=self.authors["Ada"]
        )
        self.assertEqual(Article.objects.get(slug="sluices"), article)
        self.assert_titles(self.shelves["Empty"].articles.all(), ["Sluices"])

    def test_filters_over_the_relation_both_ways(self):
        self.assertCountEqual(
            Shelf.objects.filter(articles__author__name="Ben").distinct().values_list("name", flat=True),
            ["Reading", "All"],
        )
        self.assert_titles(Article.objects.filter(shelves__name="Reading"), SHELVES["Reading"])

    def test_deletion_of_a_core_row_takes_the_local_links(self):
        self.articles["Bridges"].delete()
        self.assert_titles(self.shelves["Reading"].articles.all(), ["Canals"])
        self.assertFalse(Shelf.articles.through.objects.filter(article__isnull=True).exists())
        self.assertEqual(Shelf.articles.through.objects.count(), len(TITLES))

    def test_deletion_of_the_local_row_leaves_the_core_rows(self):
        self.shelves["All"].delete()
        self.assertEqual(Article.objects.count(), len(TITLES))
        self.assertEqual(Shelf.articles.through.objects.count(), 2)


class CoreFieldTests(NewsroomTestCase):
    """``Article.tags``: everything is in core."""

    def test_forward_and_reverse(self):
        for title, article in self.articles.items():
            self.assertCountEqual(article.tags.values_list("name", flat=True), tags_of(title))
        self.assert_titles(self.tags["steel"].articles.all(), ["Bridges", "Piers"])

    def test_add_remove_set_and_clear(self):
        article = self.articles["Locks"]
        article.tags.add(self.tags["stone"], self.tags["water"])
        article.tags.remove(self.tags["stone"])
        self.assertEqual([tag.name for tag in article.tags.all()], ["water"])
        article.tags.set([self.tags["steel"]])
        self.assertEqual([tag.name for tag in article.tags.all()], ["steel"])
        article.tags.clear()
        self.assertFalse(article.tags.exists())
        self.tags["stone"].articles.set([article])
        self.assertEqual([tag.name for tag in article.tags.all()], ["stone"])

    @pytest.mark.linked("raw SQL reaches no staged table")
    def test_links_are_written_to_core(self):
        before = Article.tags.through.objects.count()
        self.articles["Locks"].tags.create(name="wood")
        table = causeway.table(Article.tags.through)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            self.assertEqual(cursor.fetchone(), (before + 1,))

    def test_local_rows_are_filtered_over_it(self):
        found = Shelf.objects.filter(articles__tags__name="steel").values_list("name", "articles__title")
        self.assertCountEqual(found, [("Reading", "Bridges"), ("All", "Bridges"), ("All", "Piers")])

    def test_deletion_of_a_tag_takes_its_links(self):
        self.tags["water"].delete()
        self.assertEqual(self.articles["Dams"].tags.count(), 0)
        self.assertEqual(Article.tags.through.objects.count(), 4)


class ThroughModelTests(NewsroomTestCase):
    def test_a_local_model_between_local_and_core_rows(self):
        booth = Booth.objects.create(name="Front")
        booth.authors.add(self.authors["Ada"], through_defaults={"hour": 9})
        Signing.objects.create(booth=booth, author=self.authors["Cy"], hour=11)
        self.assertEqual(
            list(booth.authors.order_by("name").values_list("name", "signings__hour")),
            [("Ada", 9), ("Cy", 11)],
        )
        self.assertEqual(list(self.authors["Cy"].booths.all()), [booth])
        early = Author.objects.filter(signings__hour__lt=10, booths=booth)
        self.assertEqual([author.name for author in early], ["Ada"])

    @pytest.mark.linked("staged, a spanning query is several statements")
    def test_a_core_model_between_core_rows(self):
        Credit.objects.create(article=self.articles["Dams"], place=self.places["Lyon"], role="scene")
        self.assert_titles(Article.objects.filter(credits__place__name="Lyon"), ["Dams"])
        with CaptureQueriesContext(connection) as queries:
            Credit.objects.filter(place__name="Lyon", article__comments__text="Deep").get()
        self.assertEqual(len(queries), 1)

    def test_a_core_model_with_itself_is_symmetrical(self):
        self.assertEqual([place.name for place in self.places["Bath"].twins.all()], ["Delft"])
        self.assertEqual(Place.objects.filter(twins__name="Bath").get(), self.places["Delft"])
        self.places["Bath"].twins.remove(self.places["Delft"])
        self.assertFalse(self.places["Delft"].twins.exists())

    def test_a_deleted_core_row_takes_the_local_rows_between(self):
        booth = Booth.objects.create(name="Front")
        booth.authors.add(self.authors["Ada"], through_defaults={"hour": 9})
        self.authors["Ada"].delete()
        self.assertEqual(Signing.objects.count(), 0)
        self.assertTrue(Tag.objects.exists())
