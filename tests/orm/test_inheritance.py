"""Multi-table inheritance: the parent's row in core, the child's own fields local."""

import pytest
from django.db import connection, connections
from django.db.models import F

import causeway
from causeway.homes import home_of
from tests.library.models import Article
from tests.orm.models import Feature, Harbour, Issue, LabelledArticle, Place, Sticker, Theatre, Venue
from tests.orm.newsroom import TITLES, NewsroomTestCase
from tests.shop.models import Comment, Story


class LocalChildTests(NewsroomTestCase):
    """``Story``: shared content with local fields."""

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        cls.story = Story.objects.create(
            title="Weirs", slug="weirs", author=cls.authors["Cy"], teaser="Low", position=2
        )

    @pytest.mark.linked("raw SQL reaches no staged table")
    def test_create_writes_a_row_on_each_side(self):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT title FROM {causeway.table(Article)} WHERE slug = 'weirs'")
            self.assertEqual(list(cursor.fetchall()), [("Weirs",)])
            cursor.execute(f"SELECT teaser FROM {causeway.table(Story)}")
            self.assertEqual(list(cursor.fetchall()), [("Low",)])
        self.assertNotIn("shop_story", connections["core"].introspection.table_names())

    def test_both_tables_are_read_in_one_query(self):
        with self.assertNumQueries(1):
            story = Story.objects.get(title="Weirs", teaser="Low")
            self.assertEqual((story.title, story.teaser, story.position), ("Weirs", "Low", 2))

    def test_save_updates_both_tables(self):
        self.story.title, self.story.teaser = "Low weirs", "Lower"
        self.story.save()
        self.assertEqual(Article.objects.get(slug="weirs").title, "Low weirs")
        self.assertEqual(Story.objects.get().teaser, "Lower")

    def test_save_of_some_fields(self):
        self.story.title, self.story.teaser = "Lost", "Kept"
        self.story.save(update_fields=["teaser"])
        story = Story.objects.get()
        self.assertEqual((story.title, story.teaser), ("Weirs", "Kept"))

    def test_update_of_fields_of_both_tables(self):
        Story.objects.filter(author__name="Cy").update(
            title="High weirs", teaser="High", position=F("position") + 1
        )
        story = Story.objects.get()
        self.assertEqual((story.title, story.teaser, story.position), ("High weirs", "High", 3))
        self.assertFalse(Article.objects.filter(title="High weirs").exclude(slug="weirs").exists())

    def test_refresh_from_db(self):
        Article.objects.filter(slug="weirs").update(title="Renamed")
        Story.objects.filter().update(teaser="Renewed")
        self.story.refresh_from_db()
        self.assertEqual((self.story.title, self.story.teaser), ("Renamed", "Renewed"))

    def test_the_parent_finds_its_child(self):
        article = Article.objects.select_related("story").get(slug="weirs")
        with self.assertNumQueries(0):
            self.assertEqual(article.story.teaser, "Low")
        with self.assertRaises(Story.DoesNotExist):
            _ = self.articles["Dams"].story

    def test_an_existing_core_row_is_extended(self):
        dams = self.articles["Dams"]
        story = Story(article_ptr=dams, teaser="Wet")
        story.save_base(raw=True)
        self.assertEqual(Article.objects.count(), len(TITLES) + 1)
        self.assertEqual(Story.objects.get(title="Dams").teaser, "Wet")

    def test_filters_and_order_over_both_tables(self):
        Story(article_ptr=self.articles["Dams"], teaser="Wet", position=1).save_base(raw=True)
        self.assertEqual(
            list(
                Story.objects.filter(title__gt="A", teaser__gt="A")
                .order_by("position")
                .values_list("title", "teaser")
            ),
            [("Dams", "Wet"), ("Weirs", "Low")],
        )
        self.assert_titles(Article.objects.filter(story__position__gte=1), ["Dams", "Weirs"])
        self.assert_titles(Article.objects.filter(story=None), [title for title in TITLES if title != "Dams"])

    def test_relations_of_the_parent_work_on_the_child(self):
        self.story.tags.add(self.tags["water"])
        Comment.objects.create(article=self.story, text="Nice")
        self.assertEqual(Story.objects.get(tags__name="water", comments__text="Nice"), self.story)
        self.assertEqual(self.story.comments.get().text, "Nice")

    def test_deletion_takes_both_rows_and_what_refers_to_either(self):
        Comment.objects.create(article=self.story, text="Nice")
        deleted, by_model = self.story.delete()
        self.assertEqual(by_model, {"shop.Story": 1, "library.Article": 1, "shop.Comment": 1})
        self.assertEqual(deleted, 3)
        self.assertFalse(Article.objects.filter(slug="weirs").exists())
        self.assertFalse(Story.objects.exists())

    def test_deletion_of_the_parent_takes_the_child(self):
        Article.objects.get(slug="weirs").delete()
        self.assertFalse(Story.objects.exists())

    def test_deletion_that_keeps_the_parent(self):
        self.story.delete(keep_parents=True)
        self.assertFalse(Story.objects.exists())
        self.assertTrue(Article.objects.filter(slug="weirs").exists())

    def test_deletion_of_a_queryset(self):
        Story.objects.filter(author__name="Cy").delete()
        self.assertFalse(Story.objects.exists())
        self.assert_titles(Article.objects.all(), TITLES)

    def test_a_local_row_takes_the_core_rows_it_owns(self):
        issue = Issue.objects.create(name="March")
        Feature.objects.create(title="Tides", slug="tides", author=self.authors["Ada"], issue=issue)
        self.assert_titles(Article.objects.filter(feature__issue__name="March"), ["Tides"])
        issue.delete()
        self.assertFalse(Feature.objects.exists())
        self.assert_titles(Article.objects.all(), [*TITLES, "Weirs"])


class ChildOfADeclaredCoreModelTests(NewsroomTestCase):
    def test_the_child_is_local_and_its_child_too(self):
        self.assertEqual([home_of(model) for model in (Place, Venue, Theatre)], ["core", None, None])
        local = set(connections["default"].introspection.table_names())
        core = set(connections["core"].introspection.table_names())
        self.assertLessEqual({"orm_venue", "orm_theatre"}, local - core)
        self.assertIn("orm_place", core - local)

    def test_three_tables_in_two_databases(self):
        theatre = Theatre.objects.create(name="Odeon", country="FR", population=1, seats=800, stages=2)
        Theatre.objects.update(name="Odéon", seats=801, stages=3)
        theatre.refresh_from_db()
        self.assertEqual((theatre.name, theatre.seats, theatre.stages), ("Odéon", 801, 3))
        with self.assertNumQueries(1):
            place = Place.objects.select_related("venue__theatre").get(name="Odéon")
            self.assertEqual(place.venue.theatre.stages, 3)
        theatre.delete()
        self.assertFalse(Place.objects.filter(country="FR", name="Odéon").exists())
        self.assertFalse(Venue.objects.exists())


class BothInCoreTests(NewsroomTestCase):
    """``Harbour``: ``MODELS`` names the child, its parent's base the same home."""

    def test_both_tables_are_in_core(self):
        self.assertEqual(home_of(Harbour), "core")
        self.assertNotIn("orm_harbour", connections["default"].introspection.table_names())
        harbour = Harbour.objects.create(name="Ostend", country="BE", population=70, depth=9)
        Harbour.objects.filter(depth=9).update(name="Oostende", depth=10)
        harbour.refresh_from_db()
        self.assertEqual((harbour.name, harbour.depth), ("Oostende", 10))
        self.assertEqual(Place.objects.get(harbour__depth=10).name, "Oostende")
        harbour.delete()
        self.assertFalse(Place.objects.filter(country="BE").exists())


class ProxyTests(NewsroomTestCase):
    """A local proxy of a core model follows it."""

    def test_it_reads_and_writes_the_core_rows(self):
        self.assertEqual(home_of(LabelledArticle), "core")
        self.assertEqual(
            self.titles(LabelledArticle.published.all()), ["Piers", "Locks", "Dams", "Canals", "Bridges"]
        )
        LabelledArticle.published.create(title="Sluices", slug="sluices", author=self.authors["Ada"])
        self.assertTrue(Article.objects.filter(slug="sluices").exists())
        LabelledArticle.published.filter(comments__flagged=True, author__name="Ben").delete()
        self.assertFalse(Article.objects.filter(title="Canals").exists())

    def test_a_generic_relation_of_the_proxy(self):
        article = LabelledArticle.published.get(title="Dams")
        article.stickers.create(name="wet")
        self.assertEqual(Sticker.objects.get().object_id, article.pk)
        self.assert_titles(LabelledArticle.published.filter(stickers__name="wet"), ["Dams"])
        article.delete()
        self.assertFalse(Sticker.objects.exists())
