"""One-to-one relations between the databases."""

from django.db import IntegrityError, transaction

from tests.library.models import Article
from tests.orm.newsroom import RATINGS, TITLES, NewsroomTestCase
from tests.shop.models import Rating


class OneToOneTests(NewsroomTestCase):
    def test_from_the_local_end(self):
        self.assertEqual(Rating.objects.get(stars=3).article.title, "Dams")

    def test_from_the_core_end(self):
        for title, stars in RATINGS.items():
            self.assertEqual(Article.objects.get(title=title).rating.stars, stars)

    def test_a_core_row_without_one(self):
        with self.assertRaises(Rating.DoesNotExist):
            _ = self.articles["Locks"].rating
        self.assertFalse(hasattr(Article.objects.get(title="Locks"), "rating"))

    def test_both_ends_are_joined_in_one_query(self):
        with self.assertNumQueries(1):
            found = {article.title: article.rating.stars for article in self.rated().select_related("rating")}
        self.assertEqual(found, RATINGS)
        with self.assertNumQueries(1):
            found = {r.article.title: r.stars for r in Rating.objects.select_related("article")}
        self.assertEqual(found, RATINGS)

    def rated(self):
        return Article.objects.filter(rating__isnull=False)

    def test_core_rows_without_a_local_one(self):
        self.assert_titles(
            Article.objects.filter(rating__isnull=True), [title for title in TITLES if title not in RATINGS]
        )

    def test_a_second_one_is_refused(self):
        with self.assertRaises(IntegrityError), transaction.atomic():
            Rating.objects.create(article=self.articles["Dams"], stars=1)
        self.assertEqual(Rating.objects.get(article__title="Dams").stars, 3)

    def test_assignment_from_the_core_end(self):
        rating = Rating(stars=1)
        self.articles["Locks"].rating = rating
        rating.save()
        self.assertEqual(Article.objects.get(rating__stars=1).title, "Locks")

    def test_deletion_of_the_core_row_takes_the_local_one(self):
        self.articles["Dams"].delete()
        self.assertCountEqual(Rating.objects.values_list("stars", flat=True), [5, 4])
