"""Generic keys of local rows to core rows of either connection."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db import connections, transaction
from django.db.models import Count, Prefetch
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from causeway.exceptions import PlacementError
from tests.library.models import Article, Author
from tests.orm.models import LabelledArticle, Place, Sticker
from tests.shop.models import Comment, Label


class ConnectionsTestCase(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        # The rows of a table flushed before have other ids.
        ContentType.objects.clear_cache()
        self.bath = Place.objects.create(name="Bath", country="GB")
        self.lyon = Place.objects.create(name="Lyon", country="FR")
        self.article = Article.objects.create(
            title="Dams", slug="dams", author=Author.objects.create(name="Ada")
        )

    def each(self, name="Bath"):
        for alias in ("default", "core"):
            with self.subTest(alias):
                yield Place.objects.using(alias).get(name=name)


class ForeignKeyTests(ConnectionsTestCase):
    @pytest.mark.linked("staged, a core row knows core as its database")
    def test_the_content_type_is_the_childs_own(self):
        for place in self.each():
            ContentType.objects.clear_cache()
            with CaptureQueriesContext(connections["core"]) as sent:
                sticker = Sticker.objects.create(name="old", target=place)
            self.assertEqual(len(sent), 0)
            self.assertEqual(
                ContentType.objects.get(pk=sticker.content_type_id).natural_key(), ("orm", "place")
            )
            self.assertEqual(sticker.content_type, ContentType.objects.get_for_model(Place))
            self.assertIs(sticker.target, place)
            sticker.refresh_from_db()
            self.assertEqual((sticker.target, sticker.target._state.db), (place, "default"))

    def test_a_proxy_has_a_content_type_of_its_own(self):
        for alias in ("default", "core"):
            article = LabelledArticle.objects.using(alias).get()
            article.stickers.create(name=alias)
            self.assertEqual(article.stickers.get(name=alias).target, self.article)
        model = ContentType.objects.get_for_model(LabelledArticle, for_concrete_model=False)
        self.assertEqual(Sticker.objects.filter(content_type=model).count(), 2)

    def test_it_is_saved_in_the_transaction_of_the_local_row(self):
        for place in self.each():
            with transaction.atomic():
                Sticker.objects.bulk_create([Sticker(name="lost", target=place)])
                transaction.set_rollback(True)
            self.assertFalse(Sticker.objects.exists())

    def test_targets_are_prefetched_by_querysets_on_either_connection(self):
        Label.objects.create(name="place", target=self.bath)
        Label.objects.create(name="article", target=self.article)
        comment = Comment.objects.create(article=self.article, text="Deep")
        Label.objects.create(name="comment", target=comment)
        querysets = [
            Place.objects.using("core").annotate(number=Count("seats")),
            Article.objects.using("core").select_related("author"),
            Comment.objects.select_related("article"),
        ]
        labels = Label.objects.prefetch_related(GenericPrefetch("target", querysets))
        found = {label.name: label.target for label in labels}
        self.assertEqual(found, {"place": self.bath, "article": self.article, "comment": comment})
        self.assertEqual(
            [found[name]._state.db for name in ("place", "article", "comment")], ["core", "core", "default"]
        )
        self.assertEqual((found["place"].number, found["article"].author._state.db), (0, "core"))

    def test_content_types_of_several_models_at_once(self):
        found = ContentType.objects.db_manager("core").get_for_models(Place, Comment)
        self.assertEqual(found, ContentType.objects.get_for_models(Place, Comment))
        by_key = ContentType.objects.db_manager("core").get_by_natural_key("orm", "place")
        self.assertEqual(by_key, found[Place])

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_what_else_is_asked_of_content_types_on_core_is_refused(self):
        types = ContentType.objects.using("core")
        for function in (
            lambda: list(types),
            lambda: types.get(pk=1),
            types.count,
            lambda: list(Place.objects.using("core").filter(pk__in=types.filter(model="place").values("pk"))),
            lambda: types.create(app_label="x", model="y"),
            lambda: types.filter(app_label="orm", model="place").update(model="x"),
            lambda: types.filter(app_label="orm", model="place")._raw_delete("core"),
            lambda: ContentType.objects.db_manager("core").get_for_id(-1),
        ):
            with self.assertRaisesMessage(PlacementError, "'django_content_type'"):
                function()


class RelationTests(ConnectionsTestCase):
    def test_the_local_rows_of_a_core_row(self):
        self.lyon.stickers.create(name="other")
        for place in self.each():
            with self.assertNumQueries(0, using="core"):
                made = place.stickers.create(name="old")
                self.assertEqual((made._state.db, made.target), ("default", place))
                self.assertEqual(place.stickers.get_or_create(name="old"), (made, False))
                place.stickers.add(Sticker(name="new"), bulk=False)
                place.stickers.add(Sticker.objects.get(name="other"))
                self.assertEqual(place.stickers.count(), 3)
                place.stickers.remove(made)
                place.stickers.set([Sticker.objects.get(name="other")])
                self.assertEqual([sticker._state.db for sticker in place.stickers.all()], ["default"])
                place.stickers.clear()
            self.assertFalse(Sticker.objects.exists())
            self.lyon.stickers.create(name="other")

    def test_prefetch(self):
        self.bath.stickers.create(name="old")
        for alias in ("default", "core"):
            lookups = ["stickers", Prefetch("stickers", Sticker.objects.filter(name="old"), to_attr="found")]
            bath, lyon = Place.objects.using(alias).order_by("name").prefetch_related(*lookups)
            with self.assertNumQueries(0):
                self.assertEqual([sticker.name for sticker in bath.stickers.all()], ["old"])
                self.assertEqual([sticker._state.db for sticker in bath.found], ["default"])
                self.assertEqual((list(lyon.stickers.all()), lyon.found), ([], []))

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_deletion(self):
        self.bath.stickers.create(name="old")
        with self.assertRaises(PlacementError):
            Place.objects.using("core").get(name="Bath").delete()
        self.assertEqual((Place.objects.count(), Sticker.objects.count()), (2, 1))
        Place.objects.using("core").get(name="Bath").delete(using="default")
        self.assertEqual((Place.objects.count(), Sticker.objects.count()), (1, 0))
