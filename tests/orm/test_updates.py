"""``update``, ``bulk_*``, ``get_or_create`` and ``save`` of core and local rows, over joins."""

from django.db import IntegrityError, connection, router, transaction
from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast, Concat

from tests.library.models import Article, Author, Tag
from tests.orm.models import Place, Signing, Visit
from tests.orm.newsroom import COMMENTS, TITLES, NewsroomTestCase, author_of, comments_of
from tests.shop.models import Comment, Rating


class UpdateTests(NewsroomTestCase):
    def test_local_rows_by_a_core_column(self):
        number = Comment.objects.filter(article__author__name="Ada").update(flagged=True)
        self.assertEqual(number, 4)
        expected = {text: flagged or author_of(title) == "Ada" for title, text, flagged in COMMENTS}
        self.assertEqual(dict(Comment.objects.values_list("text", "flagged")), expected)

    def test_core_rows_by_a_local_column(self):
        number = Article.objects.filter(rating__stars__gte=4).update(title=Concat("title", Value("!")))
        self.assertEqual(number, 2)
        expected = [f"{title}!" if title in {"Bridges", "Canals"} else title for title in TITLES]
        self.assert_titles(Article.objects.all(), expected)

    def test_core_rows_by_a_relation_of_many(self):
        number = Article.objects.filter(comments__flagged=True).update(author=self.authors["Cy"])
        self.assertEqual(number, 2)
        self.assert_titles(
            Article.objects.filter(author__name="Cy"), ["Bridges", "Canals", "Piers", "Draft of weirs"]
        )

    def test_exclude_and_exists(self):
        Article.objects.exclude(comments__flagged=False).update(title="Quiet")
        quiet = [
            title for title in TITLES if not any(t == title and not flagged for t, _, flagged in COMMENTS)
        ]
        self.assertEqual(Article.objects.filter(title="Quiet").count(), len(quiet))
        Comment.objects.filter(Exists(Rating.objects.filter(article=OuterRef("article"), stars=5))).update(
            text="Best"
        )
        self.assertEqual(Comment.objects.filter(text="Best").count(), len(comments_of("Bridges")))

    def test_a_value_from_the_other_database(self):
        title = Article.objects.filter(pk=OuterRef("article")).values("title")
        Comment.objects.update(text=Subquery(title))
        self.assertCountEqual(
            Comment.objects.values_list("text", flat=True), [title for title, *_ in COMMENTS]
        )
        stars = Rating.objects.filter(article=OuterRef("pk")).values("stars")
        Article.objects.filter(rating__isnull=False).update(
            title=Concat("title", Value(" "), Cast(Subquery(stars), CharField()))
        )
        self.assert_titles(Article.objects.filter(rating__isnull=False), ["Bridges 5", "Dams 3", "Canals 4"])

    def test_a_condition_on_an_aggregate(self):
        busy = Article.objects.annotate(number=Count("comments")).filter(number__gte=2)
        self.assertEqual(
            Article.objects.filter(pk__in=list(busy.values_list("pk", flat=True))).update(title="Busy"), 2
        )
        self.assertEqual(busy.update(title="Busier"), 2)
        self.assert_titles(busy, ["Busier", "Busier"])

    def test_expressions(self):
        Visit.objects.filter(place__country="NL").update(minutes=F("minutes") * 2)
        self.assertCountEqual(Visit.objects.values_list("minutes", flat=True), [20, 20, 10, 7])
        size = Case(When(population__gte=100, then=Value(1)), default=Value(0))
        Place.objects.update(population=size)
        self.assertEqual(
            dict(Place.objects.values_list("name", "population")), {"Delft": 1, "Bath": 0, "Lyon": 1}
        )

    def test_the_reference_to_a_core_row(self):
        Comment.objects.filter(article__title="Canals").update(article=self.articles["Locks"])
        self.assertEqual(self.articles["Locks"].comments.count(), 2)

    def test_over_a_related_manager(self):
        self.articles["Bridges"].comments.update(flagged=True)
        self.authors["Ben"].articles.update(title="By Ben")
        self.assertEqual(Comment.objects.filter(flagged=True).count(), 5)
        self.assertEqual(Article.objects.filter(title="By Ben").count(), 2)

    def test_f_expression_on_save(self):
        place = self.places["Bath"]
        place.population = F("population") + 1
        place.save()
        place.refresh_from_db()
        self.assertEqual(place.population, 91)

    def test_save_with_force_insert_and_force_update(self):
        author = Author(pk=self.authors["Ada"].pk, name="Twin")
        with self.assertRaises(IntegrityError), transaction.atomic(using=router.db_for_write(Author)):
            author.save(force_insert=True)
        author.save(force_update=True)
        self.assertEqual(Author.objects.get(pk=author.pk).name, "Twin")


class BulkTests(NewsroomTestCase):
    def test_bulk_create(self):
        tags = Tag.objects.bulk_create([Tag(name=f"tag {number}") for number in range(5)], batch_size=2)
        self.assertEqual(Tag.objects.filter(name__startswith="tag").count(), 5)
        if connection.features.can_return_rows_from_bulk_insert:
            self.assertEqual([Tag.objects.get(pk=tag.pk).name for tag in tags], [tag.name for tag in tags])

    def test_bulk_create_of_local_rows(self):
        rows = [Comment(article=article, text=f"On {title}") for title, article in self.articles.items()]
        Comment.objects.bulk_create(rows)
        found = Comment.objects.filter(text__startswith="On").values_list("article__title", flat=True)
        self.assertCountEqual(found, TITLES)

    def test_bulk_create_ignoring_conflicts(self):
        Tag.objects.bulk_create([Tag(name="stone"), Tag(name="wood")], ignore_conflicts=True)
        self.assertCountEqual(Tag.objects.values_list("name", flat=True), ["stone", "steel", "water", "wood"])

    def test_bulk_create_updating_conflicts(self):
        target = ["slug"] if connection.features.supports_update_conflicts_with_target else None
        rows = [
            Article(title="New dams", slug="dams", author=self.authors["Cy"]),
            Article(title="Sluices", slug="sluices", author=self.authors["Cy"]),
        ]
        Article.objects.bulk_create(
            rows, update_conflicts=True, update_fields=["title"], unique_fields=target
        )
        self.assertEqual(Article.objects.get(slug="dams").title, "New dams")
        self.assertEqual(Article.objects.get(slug="dams").author, self.authors["Ada"])
        self.assertEqual(Article.objects.count(), len(TITLES) + 1)

    def test_bulk_update(self):
        articles = list(Article.objects.filter(comments__flagged=True).distinct())
        for article in articles:
            article.title, article.author = f"{article.title}?", self.authors["Cy"]
        self.assertEqual(Article.objects.bulk_update(articles, ["title", "author"], batch_size=1), 2)
        self.assert_titles(
            Article.objects.filter(title__endswith="?", author__name="Cy"), ["Bridges?", "Canals?"]
        )

    def test_get_or_create_and_update_or_create(self):
        lookup = {"slug": "dams", "comments__text": "Deep"}
        self.assertEqual(Article.objects.get_or_create(**lookup), (self.articles["Dams"], False))
        made, created = Article.objects.get_or_create(
            slug="sluices", defaults={"title": "Sluices", "author": self.authors["Cy"]}
        )
        self.assertTrue(created)
        again, created = Article.objects.update_or_create(slug="sluices", defaults={"title": "Sluice gates"})
        self.assertEqual((again, created), (made, False))
        self.assertEqual(Article.objects.get(slug="sluices").title, "Sluice gates")

    def test_unique_columns_in_core(self):
        with self.assertRaises(IntegrityError), transaction.atomic(using=router.db_for_write(Tag)):
            Tag.objects.create(name="stone")
        with self.assertRaises(IntegrityError), transaction.atomic(using=router.db_for_write(Place)):
            Place.objects.create(name="Delft", country="NL")
        with self.assertRaises(IntegrityError), transaction.atomic(using=router.db_for_write(Place)):
            Place.objects.filter(name="Bath").update(population=-1)
        self.assertFalse(Signing.objects.exists())
