"""What stands for a row without being of its class: ``request.user`` is such an object in every view."""

import weakref
from functools import wraps

from django.contrib.contenttypes.models import ContentType
from django.db.models import prefetch_related_objects
from django.test import TransactionTestCase
from django.test.utils import isolate_apps
from django.utils.functional import LazyObject, SimpleLazyObject

from causeway.homes import is_content_type
from tests.library.models import Article
from tests.orm.models import LabelledArticle, Sticker
from tests.orm.newsroom import NewsroomTestCase, comments_of
from tests.shop.models import Bookmark, Comment, Content, Rating, Shelf


class Wrapped(LazyObject):
    """A lazy object of the kind that a project derives for itself."""

    def __init__(self, row):
        super().__init__()
        self.__dict__["row"] = row

    def _setup(self):
        self._wrapped = self.__dict__["row"]


class Delegating:
    """A proxy as ``wrapt`` makes it: it says that it is what it stands for."""

    def __init__(self, row):
        object.__setattr__(self, "row", row)

    @property
    def __class__(self):
        return type(self.row)

    def __getattr__(self, name):
        return getattr(self.row, name)

    def __setattr__(self, name, value):
        setattr(self.row, name, value)

    def __eq__(self, other):
        return self.row == other

    def __hash__(self):
        return hash(self.row)


STAND_INS = {
    "SimpleLazyObject": lambda row: SimpleLazyObject(lambda: row),
    "LazyObject": Wrapped,
    "lazy object of a lazy object": lambda row: SimpleLazyObject(lambda: Wrapped(row)),
    "weak reference": weakref.proxy,
    "delegating object": Delegating,
    "deferred row": lambda row: type(row).objects.defer("title").get(pk=row.pk),
    "row of a proxy model": lambda row: LabelledArticle.objects.get(pk=row.pk),
}


# Those for a row of any model.
FOR_ANY = [
    "SimpleLazyObject",
    "LazyObject",
    "lazy object of a lazy object",
    "weak reference",
    "delegating object",
]

# Django's own queries take a weak reference for an iterator.
IN_QUERIES = [name for name in STAND_INS if name != "weak reference"]


def with_each(names):
    """A test is run with each of these stand-ins, as a function that is given a row."""

    def decorator(test):
        @wraps(test)
        def run(self):
            for name in names:
                with self.subTest(name):
                    test(self, STAND_INS[name])

        return run

    return decorator


class StandInTests(NewsroomTestCase):
    @with_each(STAND_INS)
    def test_is_given_to_a_foreign_key(self, stand_in):
        comment = Comment.objects.get(text="Deep")
        article = stand_in(self.articles["Locks"])
        comment.article = self.articles["Dams"]
        comment.article = article
        comment.save()
        self.assertEqual(Comment.objects.get(article__title="Locks"), comment)

    @with_each(STAND_INS)
    def test_is_given_to_a_one_to_one_field_and_to_its_other_end(self, stand_in):
        article = stand_in(self.articles["Locks"])
        rating = Rating.objects.create(article=article, stars=1)
        self.assertEqual(Rating.objects.get(article__title="Locks").stars, 1)
        other = Rating(stars=2)
        article.rating = other
        self.assertEqual(other.article_id, article.pk)
        rating.delete()

    @with_each(FOR_ANY)
    def test_is_given_to_a_foreign_key_between_core_models(self, stand_in):
        article = self.articles["Locks"]
        article.author = self.authors["Ada"]
        article.author = stand_in(self.authors["Cy"])
        article.save()
        self.assertEqual(Article.objects.get(title="Locks").author, self.authors["Cy"])

    @with_each(IN_QUERIES)
    def test_is_given_to_new_rows_of_every_kind(self, stand_in):
        article = stand_in(self.articles["Locks"])
        Comment.objects.create(article=article, text="One")
        Comment.objects.bulk_create([Comment(article=article, text="Two")])
        Comment.objects.get_or_create(article=article, text="Three")
        self.assertEqual(article.comments.count(), 3)
        Comment.objects.filter(article=article).delete()

    @with_each(IN_QUERIES)
    def test_finds_rows_and_updates_them(self, stand_in):
        article = stand_in(self.articles["Bridges"])
        found = Comment.objects.filter(article=article).values_list("text", flat=True)
        self.assertCountEqual(found, comments_of("Bridges"))
        self.assertCountEqual(Comment.objects.filter(article__in=[article]), article.comments.all())
        self.assertEqual(Comment.objects.exclude(article=article).count(), 4)
        Bookmark.objects.filter(article=None).update(article=article)
        self.assertEqual(
            Bookmark.objects.filter(article__title="Bridges", reader="Finn").update(article=None), 1
        )

    @with_each(STAND_INS)
    def test_has_relations(self, stand_in):
        article = stand_in(self.articles["Bridges"])
        self.assertEqual(article.comments.count(), 3)
        self.assertEqual(article.author, self.authors["Ada"])
        self.assertEqual(article.rating.stars, 5)
        self.assertEqual(article.tags.count(), 2)
        article.comments.create(text="Wide").delete()
        article.refresh_from_db()
        self.assertEqual(article.title, "Bridges")

    @with_each(STAND_INS)
    def test_is_added_to_many(self, stand_in):
        shelf = self.shelves["Empty"]
        article = stand_in(self.articles["Dams"])
        shelf.articles.add(article)
        self.assertEqual(Shelf.objects.filter(articles__title="Dams").count(), 2)
        shelf.articles.remove(article)
        article.shelves.add(shelf)
        article.shelves.remove(shelf)
        self.assertFalse(shelf.articles.exists())

    @with_each(FOR_ANY)
    def test_is_the_target_of_a_generic_key(self, stand_in):
        place = self.places["Delft"]
        sticker = Sticker.objects.create(name="Old", target=stand_in(place))
        self.assertEqual(place.stickers.get(), sticker)
        self.assertEqual(Sticker.objects.get(place__name="Delft"), sticker)
        sticker.delete()

    @with_each(STAND_INS)
    def test_prefetches(self, stand_in):
        article = stand_in(self.articles["Bridges"])
        prefetch_related_objects([article], "comments", "author", "rating")
        with self.assertNumQueries(0):
            self.assertEqual(len(article.comments.all()), 3)
            self.assertEqual(article.author.name, "Ada")

    @with_each(STAND_INS)
    def test_is_deleted_with_its_local_rows(self, stand_in):
        row = Article.objects.create(title="Lost", slug="lost", author=self.authors["Cy"])
        Comment.objects.create(article=row, text="Gone")
        stand_in(row).delete()
        self.assertFalse(Comment.objects.filter(text="Gone").exists())
        self.assertFalse(Article.objects.filter(slug="lost").exists())


class StandInOfEitherTests(TransactionTestCase):
    """A row of a model with rows in both databases is told by the database that it came from."""

    databases = {"default", "core"}

    @with_each(FOR_ANY)
    def test_a_row_in_core_and_one_of_the_same_key_here_stay_apart(self, stand_in):
        Content.objects.update_or_create(pk=1, defaults={"title": "Here", "slug": "here"})
        Content.contents.update_or_create(pk=1, defaults={"title": "There", "slug": "there"})
        rows = Content.contents.get(), Content.objects.get()
        core_row, local_row = map(stand_in, rows)
        core_row.refresh_from_db()
        local_row.refresh_from_db()
        self.assertEqual((core_row.title, local_row.title), ("There", "Here"))


class ProxyOfContentTypesTests(NewsroomTestCase):
    @isolate_apps("tests.orm")
    def test_a_content_type_that_is_a_row_of_a_proxy_model(self):
        class Kind(ContentType):
            class Meta:
                proxy = True
                app_label = "orm"

        self.assertTrue(is_content_type(Kind))
        place = self.places["Delft"]
        kind = Kind.objects.get_for_model(place)
        sticker = Sticker.objects.create(
            name="Old", content_type=Kind.objects.get(pk=kind.pk), object_id=place.pk
        )
        self.assertEqual(place.stickers.get(), sticker)
        self.assertEqual(Sticker.objects.get(pk=sticker.pk).target, place)
