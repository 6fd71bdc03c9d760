"""Generic foreign keys from local rows to core rows, and generic relations back."""

from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import Count

from tests.library.models import Article
from tests.orm.models import Place, Sticker
from tests.orm.newsroom import NewsroomTestCase
from tests.shop.models import Comment, Label


class GenericForeignKeyTests(NewsroomTestCase):
    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        cls.comment = cls.comments[0]
        for name, target in (
            ("core", cls.articles["Dams"]),
            ("place", cls.places["Bath"]),
            ("local", cls.comment),
        ):
            Label.objects.create(name=name, target=target)

    def test_the_target_may_be_in_either_database(self):
        found = {label.name: label.target for label in Label.objects.all()}
        self.assertEqual(
            found,
            {"core": self.articles["Dams"], "place": self.places["Bath"], "local": self.comment},
        )

    def test_targets_are_prefetched_with_one_query_for_each_model(self):
        with self.assertNumQueries(4):
            labels = list(Label.objects.order_by("name").prefetch_related("target"))
        with self.assertNumQueries(0):
            self.assertEqual([str(label.target) for label in labels], ["Dams", self.comment.text, "Bath"])

    def test_targets_are_prefetched_by_querysets(self):
        targets = [
            Article.objects.select_related("author"),
            Place.objects.annotate(number=Count("visits")),
            Comment.objects.select_related("article__author"),
        ]
        labels = {
            label.name: label for label in Label.objects.prefetch_related(GenericPrefetch("target", targets))
        }
        with self.assertNumQueries(0):
            self.assertEqual(labels["core"].target.author.name, "Ada")
            self.assertEqual(labels["place"].target.number, 1)
            self.assertEqual(labels["local"].target.article.author.name, "Ada")

    def test_the_content_type_is_a_local_row(self):
        label = Label.objects.get(name="core")
        self.assertEqual(label.content_type, ContentType.objects.get(app_label="library", model="article"))
        self.assertEqual(
            label.content_type.get_object_for_this_type(pk=label.object_id), self.articles["Dams"]
        )

    def test_the_target_is_saved_in_its_home(self):
        target = Label.objects.get(name="core").target
        target.title = "Barrages"
        target.save()
        self.assertEqual(Article.objects.get(slug="dams").title, "Barrages")

    def test_a_target_that_is_gone(self):
        self.articles["Dams"].delete()
        self.assertIsNone(Label.objects.get(name="core").target)


class GenericRelationTests(NewsroomTestCase):
    """``Place.stickers``: from a core model to local rows."""

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        for name, place in (("old", "Bath"), ("warm", "Bath"), ("old", "Lyon")):
            cls.places[place].stickers.create(name=name)
        # The same id with another content type is none of a place's.
        Sticker.objects.create(name="other", target=cls.articles["Bridges"])

    def names(self, places):
        return sorted(place.name for place in places)

    def test_the_local_rows_of_a_core_row(self):
        found = self.places["Bath"].stickers.values_list("name", flat=True)
        self.assertCountEqual(found, ["old", "warm"])
        self.assertFalse(self.places["Delft"].stickers.exists())

    def test_core_rows_by_their_local_rows(self):
        self.assertEqual(self.names(Place.objects.filter(stickers__name="old")), ["Bath", "Lyon"])
        self.assertEqual(self.names(Place.objects.exclude(stickers__name="warm")), ["Delft", "Lyon"])

    def test_local_rows_by_their_core_row(self):
        found = Sticker.objects.filter(place__country="FR")
        self.assertEqual([sticker.name for sticker in found], ["old"])

    def test_aggregates(self):
        counts = dict(Place.objects.annotate(number=Count("stickers")).values_list("name", "number"))
        self.assertEqual(counts, {"Bath": 2, "Lyon": 1, "Delft": 0})

    def test_prefetch(self):
        with self.assertNumQueries(2):
            found = {
                place.name: sorted(map(str, place.stickers.all()))
                for place in Place.objects.prefetch_related("stickers")
            }
        self.assertEqual(found, {"Bath": ["old", "warm"], "Lyon": ["old"], "Delft": []})

    def test_add_remove_set_and_clear(self):
        delft = self.places["Delft"]
        delft.stickers.add(Sticker(name="blue"), bulk=False)
        self.assertEqual(delft.stickers.get().name, "blue")
        delft.stickers.set([Sticker.objects.create(name="white", target=self.places["Lyon"])])
        self.assertEqual(delft.stickers.get().name, "white")
        delft.stickers.remove(delft.stickers.get())
        self.assertFalse(delft.stickers.exists())
        self.places["Bath"].stickers.clear()
        self.assertEqual(Sticker.objects.count(), 2)

    def test_deletion_of_the_core_row_takes_them_along(self):
        deleted = Place.objects.filter(name="Bath").delete()[1]
        self.assertEqual(deleted["orm.Sticker"], 2)
        self.assertCountEqual(Sticker.objects.values_list("name", flat=True), ["old", "other"])
