"""Model forms over the two databases."""

from django.forms import inlineformset_factory, modelform_factory, modelformset_factory

from tests.library.models import Article, Author
from tests.orm.newsroom import TITLES, NewsroomTestCase
from tests.shop.models import Comment, Shelf, Story


class LocalModelFormTests(NewsroomTestCase):
    form = modelform_factory(Comment, fields=["article", "text"])

    def test_the_choices_are_core_rows(self):
        labels = [label for _, label in self.form().fields["article"].choices][1:]
        self.assertCountEqual(labels, TITLES)

    def test_a_core_row_is_chosen(self):
        form = self.form({"article": self.articles["Locks"].pk, "text": "New"})
        self.assertTrue(form.is_valid(), form.errors)
        self.assertEqual(form.save().article, self.articles["Locks"])

    def test_a_core_row_that_is_not_there(self):
        form = self.form({"article": 987654, "text": "New"})
        self.assertEqual(list(form.errors), ["article"])

    def test_core_rows_of_a_many_to_many_field(self):
        form = modelform_factory(Shelf, fields=["name", "articles"])
        bound = form({"name": "Wet", "articles": [self.articles["Dams"].pk, self.articles["Canals"].pk]})
        self.assertTrue(bound.is_valid(), bound.errors)
        self.assert_titles(bound.save().articles.all(), ["Dams", "Canals"])
        edit = form(
            {"name": "Wet", "articles": [self.articles["Dams"].pk]}, instance=Shelf.objects.get(name="Wet")
        )
        edit.save()
        self.assert_titles(Shelf.objects.get(name="Wet").articles.all(), ["Dams"])


class CoreModelFormTests(NewsroomTestCase):
    form = modelform_factory(Article, fields=["title", "slug", "author", "tags"])

    def data(self, **changes):
        author = self.authors["Ada"].pk
        return {
            "title": "Sluices",
            "slug": "sluices",
            "author": author,
            "tags": [self.tags["water"].pk],
            **changes,
        }

    def test_it_makes_a_core_row(self):
        form = self.form(self.data())
        self.assertTrue(form.is_valid(), form.errors)
        form.save()
        self.assertEqual(Article.objects.get(slug="sluices").tags.get().name, "water")

    def test_it_edits_a_core_row(self):
        form = self.form(self.data(slug="dams", tags=[]), instance=self.articles["Dams"])
        self.assertTrue(form.is_valid(), form.errors)
        form.save()
        article = Article.objects.get(slug="dams")
        self.assertEqual((article.title, article.tags.count()), ("Sluices", 0))

    def test_it_refuses_a_slug_that_core_has(self):
        self.assertEqual(list(self.form(self.data(slug="dams")).errors), ["slug"])

    def test_a_child_of_a_core_row(self):
        form = modelform_factory(Story, fields=["title", "slug", "author", "teaser", "position"])
        bound = form(self.data(teaser="Wet", position=3))
        self.assertTrue(bound.is_valid(), bound.errors)
        bound.save()
        story = Story.objects.get(article_ptr__slug="sluices")
        self.assertEqual((story.title, story.teaser, story.position), ("Sluices", "Wet", 3))


class FormsetTests(NewsroomTestCase):
    def management(self, total, initial, prefix):
        return {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": initial}

    def test_local_rows_inline_in_a_core_row(self):
        formset = inlineformset_factory(Article, Comment, fields=["text"], extra=1)
        dams = self.articles["Dams"]
        comment = dams.comments.get()
        bound = formset(
            {
                **self.management(2, 1, "comments"),
                "comments-0-id": comment.pk,
                "comments-0-article": dams.pk,
                "comments-0-text": "Deeper",
                "comments-1-article": dams.pk,
                "comments-1-text": "Wider",
            },
            instance=dams,
        )
        self.assertTrue(bound.is_valid(), bound.errors)
        bound.save()
        self.assertCountEqual(dams.comments.values_list("text", flat=True), ["Deeper", "Wider"])

    def test_core_rows(self):
        formset = modelformset_factory(Author, fields=["name"], extra=0)
        ada = self.authors["Ada"]
        bound = formset(
            {**self.management(1, 1, "form"), "form-0-id": ada.pk, "form-0-name": "Ada L."},
            queryset=Author.objects.filter(articles__comments__text="Deep"),
        )
        self.assertTrue(bound.is_valid(), bound.errors)
        bound.save()
        self.assertEqual(Author.objects.get(pk=ada.pk).name, "Ada L.")
