"""``full_clean`` of core and local rows: uniqueness, references and constraints over the two databases."""

from django.core.exceptions import ValidationError

from tests.library.models import Article, Tag
from tests.orm.models import LabelledArticle, Place, Signing, Visit
from tests.orm.newsroom import NewsroomTestCase
from tests.shop.models import Comment, Rating, Story


class FullCleanTests(NewsroomTestCase):
    def errors(self, instance):
        with self.assertRaises(ValidationError) as caught:
            instance.full_clean()
        return caught.exception.message_dict

    def test_a_valid_core_row(self):
        Article(title="Sluices", slug="sluices", author=self.authors["Ada"]).full_clean()
        self.articles["Dams"].full_clean()

    def test_a_unique_column_of_core(self):
        article = Article(title="Dams again", slug="dams", author=self.authors["Ada"])
        self.assertEqual(self.errors(article), {"slug": ["Article with this Slug already exists."]})
        self.assertIn("name", self.errors(Tag(name="stone")))

    def test_a_unique_column_of_the_core_parent(self):
        story = Story(title="Dams again", slug="dams", author=self.authors["Ada"])
        self.assertEqual(list(self.errors(story)), ["slug"])
        proxy = LabelledArticle(title="Dams again", slug="dams", author=self.authors["Ada"])
        self.assertEqual(list(self.errors(proxy)), ["slug"])

    def test_a_reference_to_a_core_row(self):
        Comment(article=self.articles["Dams"], text="x").full_clean()
        self.assertIn("article", self.errors(Comment(article_id=987654, text="x")))
        self.assertIn("author", self.errors(Article(title="x", slug="x", author_id=987654)))
        Visit(article_id="dams").full_clean()
        self.assertIn("article", self.errors(Visit(article_id="no-such-slug")))

    def test_a_one_to_one_reference_to_a_core_row(self):
        self.assertIn("article", self.errors(Rating(article=self.articles["Dams"], stars=1)))
        Rating(article=self.articles["Locks"], stars=1).full_clean()

    def test_constraints_of_a_core_model(self):
        self.assertIn("__all__", self.errors(Place(name="Delft", country="NL")))
        self.assertIn("__all__", self.errors(Place(name="Ghent", country="BE", population=-1)))
        Place(name="Delft", country="ZA").full_clean()

    def test_constraints_of_a_local_model(self):
        booth = self.authors["Ada"].booths.create(name="Front", through_defaults={"hour": 9})
        self.assertIn("__all__", self.errors(Signing(booth=booth, author=self.authors["Ada"], hour=10)))
        Signing(booth=booth, author=self.authors["Ben"], hour=10).full_clean()
