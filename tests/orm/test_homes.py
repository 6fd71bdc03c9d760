"""Which models are core models: by app label, by model label, by an abstract base."""

from django.apps import apps
from django.db import connections, models
from django.test import SimpleTestCase, TestCase, override_settings
from django.test.utils import isolate_apps

from causeway.homes import home_of, named_home
from tests.library.models import Article, Tag
from tests.orm.models import CoreModel, Harbour, LabelledArticle, Place, Sticker, Venue, Visit
from tests.shop.models import Comment, Content, Shelf, Story

CORE_TABLES = {
    "library_article",
    "library_article_tags",
    "library_author",
    "library_tag",
    "note",
    "orm_harbour",
    "orm_place",
    "orm_place_twins",
}


class HomeTests(SimpleTestCase):
    def test_core_models(self):
        for model in (
            Article,
            Tag,
            Article.tags.through,
            Place,
            Place.twins.through,
            Harbour,
            LabelledArticle,
        ):
            self.assertEqual(home_of(model), "core", model)

    def test_local_models(self):
        for model in (Comment, Shelf.articles.through, Story, Venue, Sticker, Visit, Content):
            self.assertIsNone(home_of(model), model)

    def test_the_table_name_stays_djangos(self):
        self.assertEqual(Place._meta.db_table, "orm_place")
        self.assertEqual(Article.tags.through._meta.db_table, "library_article_tags")

    @isolate_apps("tests.orm")
    def test_every_child_of_the_abstract_base_whatever_lies_between(self):
        class Between(CoreModel):
            class Meta:
                abstract = True

        class Direct(CoreModel):
            pass

        class Indirect(Between):
            links = models.ManyToManyField(Direct)

        class Proxy(Indirect):
            class Meta:
                proxy = True

        class Extended(Indirect):
            pass

        for model in (Direct, Indirect, Indirect.links.through, Proxy):
            self.assertEqual(home_of(model), "core", model)
        self.assertIsNone(home_of(Extended))

    @isolate_apps("tests.orm")
    def test_a_base_that_takes_the_home_back(self):
        class LocalAgain(CoreModel):
            causeway_home = None

            class Meta:
                abstract = True

        class Own(LocalAgain):
            pass

        self.assertIsNone(home_of(Own))
        self.assertIsNone(named_home(Own))

    @override_settings(CAUSEWAY={})
    def test_in_the_core_project_every_model_is_its_own(self):
        for model in (Article, Place, Harbour, Content):
            self.assertIsNone(home_of(model), model)

    @override_settings(CAUSEWAY={"core": {"MODELS": ["shop.Comment", "SHOP.shelf"]}})
    def test_labels_are_read_without_regard_to_case(self):
        self.assertEqual(home_of(Comment), "core")
        self.assertEqual(home_of(Shelf), "core")
        self.assertEqual(home_of(Shelf.articles.through), "core")
        self.assertIsNone(home_of(Article))
        self.assertIsNone(home_of(Story))


class TablesTests(TestCase):
    databases = {"default", "core"}

    def test_core_tables_stand_in_core_alone(self):
        core = set(connections["core"].introspection.table_names())
        local = set(connections["default"].introspection.table_names())
        self.assertLessEqual(CORE_TABLES, core)
        # The name "note" is a local model's, too.
        self.assertEqual(CORE_TABLES & local, {"note"})

    def test_local_tables_stand_in_the_child_alone(self):
        core = set(connections["core"].introspection.table_names())
        local = set(connections["default"].introspection.table_names())
        names = {"shop_comment", "shop_story", "shop_shelf_articles", "orm_venue", "orm_visit", "auth_user"}
        self.assertLessEqual(names, local)
        self.assertFalse(names & core)

    def test_every_model_can_be_queried(self):
        for model in apps.get_models(include_auto_created=True):
            with self.subTest(model._meta.label):
                self.assertGreaterEqual(model._base_manager.count(), 0)
