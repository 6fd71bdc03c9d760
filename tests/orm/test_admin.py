"""The admin over the two databases: list filters, search, order, forms, inlines and deletion."""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import override_settings
from django.urls import reverse

from tests.library.models import Article
from tests.orm.newsroom import COMMENTS, TITLES, NewsroomTestCase, author_of
from tests.shop.models import Bookmark, Comment, Rating, Shelf, Story


@override_settings(ROOT_URLCONF="tests.orm.urls")
class AdminTestCase(NewsroomTestCase):
    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        cls.user = User.objects.create_superuser("editor")

    def setUp(self):
        self.client.force_login(self.user)

    def url(self, model, view, *args):
        return reverse(f"newsroom:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)

    def found(self, model, **query):
        """The rows of the change list, as text, in order."""
        response = self.client.get(self.url(model, "changelist"), query)
        self.assertEqual(response.status_code, 200, query)
        return [str(row) for row in response.context["cl"].result_list]

    def post(self, url, data):
        """What the page answers; a form with errors fails the test."""
        response = self.client.post(url, data)
        if response.status_code != 302:
            self.fail(response.context["errors"] if "errors" in (response.context or {}) else response)
        return response


class ChangeListTests(AdminTestCase):
    def test_order_by_a_core_column(self):
        expected = sorted((title, text) for title, text, _ in COMMENTS)
        self.assertEqual(self.found(Comment), [text for _, text in expected])
        by_author = sorted(COMMENTS, key=lambda row: author_of(row[0]))
        authors = [author_of(title) for title, *_ in by_author]
        response = self.client.get(self.url(Comment, "changelist"), {"o": "3"})
        rows = response.context["cl"].result_list
        self.assertEqual([comment.article.author.name for comment in rows], authors)

    def test_local_rows_filtered_by_core_columns(self):
        ada = self.authors["Ada"].pk
        expected = [text for title, text, _ in COMMENTS if author_of(title) == "Ada"]
        self.assertCountEqual(self.found(Comment, article__author__id__exact=ada), expected)
        steel = self.tags["steel"].pk
        found = self.found(Comment, article__tags__id__exact=steel)
        self.assertCountEqual(found, ["Strong", "Rusty", "High", "Long"])
        found = self.found(Comment, article__id__exact=self.articles["Dams"].pk, flagged__exact=0)
        self.assertEqual(found, ["Deep"])

    def test_core_rows_filtered_by_local_columns(self):
        self.assertCountEqual(self.found(Article, comments__flagged__exact=1), ["Bridges", "Canals"])
        self.assertCountEqual(self.found(Article, rating__isempty=0), ["Bridges", "Dams", "Canals"])
        ben = self.authors["Ben"].pk
        self.assertEqual(self.found(Article, author__id__exact=ben, rating__isempty=1), ["Locks"])

    def test_the_choices_of_a_filter(self):
        response = self.client.get(self.url(Comment, "changelist"))
        filters = {spec.title: spec for spec in response.context["cl"].filter_specs}
        self.assertCountEqual([label for _, label in filters["author"].lookup_choices], ["Ada", "Ben", "Cy"])
        commented = {title for title, *_ in COMMENTS}
        self.assertCountEqual([label for _, label in filters["article"].lookup_choices], commented)

    def test_search(self):
        self.assertEqual(self.found(Comment, q="dam"), ["Deep"])
        self.assertCountEqual(self.found(Comment, q="Ben"), ["Slow", "Green"])
        self.assertEqual(self.found(Article, q="rusty"), ["Bridges"])
        self.assertEqual(self.found(Article, q="ada deep"), ["Dams"])

    def test_dates(self):
        found = self.found(
            Comment, article__created_at__year=2024, article__created_at__month=3, article__created_at__day=2
        )
        self.assertCountEqual(found, ["Deep", "Slow", "Green"])
        self.assertEqual(
            self.found(Article, created_at__year=2024, created_at__month=3, created_at__day=4), ["Locks"]
        )

    def test_rows_edited_in_the_list(self):
        dams, comment = self.articles["Dams"], Comment.objects.get(text="Deep")
        data = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": comment.pk, "_save": "Save"}
        data["form-0-article"] = self.articles["Locks"].pk
        self.post(f"{self.url(Comment, 'changelist')}?article__id__exact={dams.pk}", data)
        comment.refresh_from_db()
        self.assertEqual(comment.article, self.articles["Locks"])


class FormTests(AdminTestCase):
    def inline(self, prefix, total=0, initial=0):
        return {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": initial}

    def article_data(self, **changes):
        return {
            "title": "Sluices",
            "slug": "sluices",
            "author": self.authors["Cy"].pk,
            "tags": [self.tags["water"].pk],
            **self.inline("comments"),
            **self.inline("rating"),
            **changes,
        }

    def test_a_core_row_is_added_with_local_rows_inline(self):
        local = {
            **self.inline("comments", 1),
            "comments-0-text": "First",
            **self.inline("rating", 1),
            "rating-0-stars": 2,
        }
        self.post(self.url(Article, "add"), self.article_data(**local))
        article = Article.objects.get(slug="sluices")
        self.assertEqual(article.comments.get().text, "First")
        self.assertEqual((article.rating.stars, article.tags.get().name), (2, "water"))
        self.assertTrue(LogEntry.objects.filter(object_id=str(article.pk), user=self.user).exists())

    def test_a_core_row_is_changed(self):
        dams = self.articles["Dams"]
        page = self.client.get(self.url(Article, "change", dams.pk))
        self.assertContains(page, "Deep")
        local = {
            **self.inline("comments", 1, 1),
            "comments-0-id": dams.comments.get().pk,
            "comments-0-article": dams.pk,
            "comments-0-text": "Deeper",
        }
        self.post(self.url(Article, "change", dams.pk), self.article_data(slug="dams", **local))
        dams.refresh_from_db()
        self.assertEqual(
            (dams.title, dams.author.name, dams.comments.get().text), ("Sluices", "Cy", "Deeper")
        )

    def test_a_local_row_is_added_and_changed(self):
        self.post(self.url(Comment, "add"), {"text": "New", "article": self.articles["Locks"].pk})
        comment = Comment.objects.get(text="New")
        self.assertEqual(comment.article, self.articles["Locks"])
        self.post(
            self.url(Comment, "change", comment.pk), {"text": "New", "article": self.articles["Piers"].pk}
        )
        self.assertEqual(Comment.objects.get(text="New").article, self.articles["Piers"])

    def test_a_slug_that_core_has_is_refused(self):
        response = self.client.post(self.url(Article, "add"), self.article_data(slug="dams"))
        self.assertContains(response, "Article with this Slug already exists.")
        self.assertEqual(Article.objects.count(), len(TITLES))

    def test_a_row_over_both_databases(self):
        data = {
            "title": "Weirs",
            "slug": "weirs",
            "author": self.authors["Ada"].pk,
            "teaser": "Low",
            "position": 1,
        }
        self.post(self.url(Story, "add"), data)
        self.assertEqual(self.found(Story, q="low"), ["Weirs"])
        self.assertEqual(self.found(Story, q="weirs", author__id__exact=self.authors["Ada"].pk), ["Weirs"])

    def test_keys_of_core_rows_as_text(self):
        dams, piers = self.articles["Dams"].pk, self.articles["Piers"].pk
        self.post(self.url(Shelf, "add"), {"name": "Raw", "articles": f"{dams},{piers}"})
        self.assert_titles(Shelf.objects.get(name="Raw").articles.all(), ["Dams", "Piers"])

    def test_autocompletion_finds_core_rows(self):
        query = {"app_label": "shop", "model_name": "comment", "field_name": "article", "term": "ada"}
        response = self.client.get(reverse("newsroom:autocomplete"), query)
        self.assertEqual([row["text"] for row in response.json()["results"]], ["Bridges", "Dams"])

    def test_history(self):
        self.post(self.url(Article, "add"), self.article_data())
        article = Article.objects.get(slug="sluices")
        self.assertContains(self.client.get(self.url(Article, "history", article.pk)), "Added.")
        self.assertEqual(LogEntry.objects.get().get_edited_object(), article)


class DeletionTests(AdminTestCase):
    def test_the_page_names_the_local_rows(self):
        response = self.client.get(self.url(Article, "delete", self.articles["Bridges"].pk))
        for text in ("Strong", "Rusty", "High", "5 stars"):
            self.assertContains(response, text)

    def test_a_core_row_goes_with_its_local_rows(self):
        self.post(self.url(Article, "delete", self.articles["Bridges"].pk), {"post": "yes"})
        self.assertFalse(Article.objects.filter(slug="bridges").exists())
        self.assertFalse(Comment.objects.filter(text="Strong").exists())
        self.assertFalse(Rating.objects.filter(stars=5).exists())
        self.assertEqual(Bookmark.objects.filter(article=None).count(), 2)

    def test_selected_core_rows(self):
        keys = [self.articles[title].pk for title in ("Dams", "Locks")]
        data = {"action": "delete_selected", "_selected_action": keys}
        self.assertContains(self.client.post(self.url(Article, "changelist"), data), "Deep")
        self.post(self.url(Article, "changelist"), {**data, "post": "yes"})
        self.assert_titles(
            Article.objects.all(), [title for title in TITLES if title not in {"Dams", "Locks"}]
        )
        self.assertFalse(Comment.objects.filter(text="Deep").exists())

    def test_a_protected_core_row(self):
        self.articles["Dams"].pins.create(position=1)
        response = self.client.get(self.url(Article, "delete", self.articles["Dams"].pk))
        self.assertContains(response, "at 1")
        self.assertTrue(response.context["protected"])
