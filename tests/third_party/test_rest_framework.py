"""Django REST framework: an API of core rows and local ones."""

from itertools import chain
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.test import override_settings
from rest_framework.test import APIClient

from tests.library.models import Article, Section
from tests.orm.models import Booth, Signing, Visit
from tests.orm.newsroom import COMMENTS, RATINGS, TITLES, NewsroomTestCase, author_of, comments_of, tags_of
from tests.shop.models import Comment, Content, Shelf, Story


class APITestCase(NewsroomTestCase):
    client_class = APIClient

    def get(self, path, status=200, **query):
        response = self.client.get(f"/{path}/", query, format="json")
        self.assertEqual(response.status_code, status, response.content)
        return response.json()

    def send(self, method, path, status, **data):
        response = getattr(self.client, method)(f"/{path}/", data, format="json")
        self.assertEqual(response.status_code, status, response.content)
        return response.json() if response.content else None

    def refused(self, method, path, **data):
        """What the API answers to data that is not valid."""
        return self.send(method, path, 400, **data)

    def texts(self, path, **query):
        return [row["text"] for row in self.get(path, **query)]

    def titles_of(self, path, **query):
        return [row["title"] for row in self.get(path, **query)]


class CoreRowTests(APITestCase):
    def test_core_rows_are_listed_with_their_local_rows(self):
        rows = {row["title"]: row for row in self.get("api/articles")}
        self.assertEqual(list(rows), TITLES)
        for title, row in rows.items():
            self.assertCountEqual(row["comments"], comments_of(title))
            self.assertCountEqual(row["tags"], [self.tags[tag].pk for tag in tags_of(title)])
            self.assertEqual(row["author"], self.authors[author_of(title)].pk)
            self.assertEqual(row["stars"], RATINGS.get(title))

    def test_the_list_takes_a_query_for_each_relation(self):
        # The articles with their ratings, their tags and their comments.
        with self.assertNumQueries(3):
            self.get("api/articles")

    def test_a_core_row_is_created_changed_and_deleted(self):
        made = self.send(
            "post",
            "api/articles",
            201,
            title="Sluices",
            slug="sluices",
            author=self.authors["Cy"].pk,
            tags=[self.tags["water"].pk],
        )
        article = Article.objects.get(pk=made["id"])
        self.assertEqual(
            (article.title, article.author.name, article.tags.get().name), ("Sluices", "Cy", "water")
        )
        self.send("patch", f"api/articles/{article.pk}", 200, title="Gates", tags=[self.tags["steel"].pk])
        article.refresh_from_db()
        self.assertEqual(
            (article.title, article.slug, article.tags.get().name), ("Gates", "sluices", "steel")
        )
        self.send("delete", f"api/articles/{article.pk}", 204)
        self.assertFalse(Article.objects.filter(slug="sluices").exists())

    def test_deletion_takes_local_rows_along(self):
        self.send("delete", f"api/articles/{self.articles['Bridges'].pk}", 204)
        self.assertFalse(Comment.objects.filter(text__in=comments_of("Bridges")).exists())
        self.get(f"api/articles/{self.articles['Bridges'].pk}", status=404)

    def test_a_value_that_core_has_is_refused(self):
        error = self.refused("post", "api/tags", name="water")
        self.assertEqual(error, {"name": ["tag with this name already exists."]})
        error = self.refused("patch", f"api/articles/{self.articles['Dams'].pk}", slug="locks")
        self.assertEqual(error, {"slug": ["article with this slug already exists."]})

    def test_a_row_may_keep_its_own_unique_value(self):
        self.send("patch", f"api/articles/{self.articles['Dams'].pk}", 200, slug="dams", title="Weirs")
        self.assertEqual(Article.objects.get(slug="dams").title, "Weirs")

    def test_values_that_core_has_together_are_refused(self):
        error = self.refused("post", "api/places", name="Delft", country="NL", population=1)
        self.assertEqual(error, {"non_field_errors": ["The fields name, country must make a unique set."]})
        self.send("post", "api/places", 201, name="Delft", country="BE", population=1)
        delft = self.places["Delft"]
        self.send("patch", f"api/places/{delft.pk}", 200, name="Delft", country="NL", population=2)
        error = self.refused("patch", f"api/places/{delft.pk}", name="Bath", country="GB")
        self.assertEqual(error, {"non_field_errors": ["The fields name, country must make a unique set."]})

    def test_core_rows_refer_to_core_rows(self):
        delft, bath, lyon = (self.places[name].pk for name in ("Delft", "Bath", "Lyon"))
        self.assertEqual(self.get(f"api/places/{delft}")["twins"], [bath])
        self.send("patch", f"api/places/{delft}", 200, twins=[bath, lyon])
        self.assertCountEqual(self.get(f"api/places/{delft}")["twins"], [bath, lyon])
        top = self.send("post", "api/sections", 201, name="World")["id"]
        self.send("post", "api/sections", 201, name="Europe", parent=top)
        self.assertEqual(Section.objects.get(name="Europe").parent.name, "World")
        self.assertIn("parent", self.refused("post", "api/sections", name="Asia", parent=top + 100))

    def test_the_options_name_the_fields(self):
        fields = self.send("options", "api/comments", 200)["actions"]["POST"]
        self.assertEqual(fields["article"]["type"], "field")
        self.assertTrue(fields["article"]["required"])


class LocalRowTests(APITestCase):
    def test_a_local_row_is_created_changed_and_deleted(self):
        dams, locks = self.articles["Dams"], self.articles["Locks"]
        made = self.send("post", "api/comments", 201, article=dams.pk, text="New")
        self.assertEqual(made, {"id": made["id"], "article": dams.pk, "text": "New", "flagged": False})
        self.assertEqual(Comment.objects.get(text="New").article, dams)
        self.send("put", f"api/comments/{made['id']}", 200, article=locks.pk, text="New")
        self.assertEqual(Comment.objects.get(text="New").article, locks)
        self.send("delete", f"api/comments/{made['id']}", 204)
        self.assertFalse(locks.comments.exists())

    def test_the_key_of_a_missing_core_row_is_refused(self):
        missing = max(article.pk for article in self.articles.values()) + 100
        error = self.refused("post", "api/comments", article=missing, text="Lost")
        self.assertEqual(error, {"article": [f'Invalid pk "{missing}" - object does not exist.']})

    def test_the_core_row_inside_the_local_row(self):
        # The comments with article and author, their tags.
        with self.assertNumQueries(2):
            rows = self.get("api/deep-comments")
        found = [
            (
                row["article"]["title"],
                row["article"]["author"]["name"],
                row["text"],
                len(row["article"]["tags"]),
            )
            for row in rows
        ]
        expected = [(title, author_of(title), text, len(tags_of(title))) for title, text, _ in COMMENTS]
        self.assertEqual(found, expected)

    def test_a_core_row_is_created_with_its_local_rows(self):
        dams = self.articles["Dams"].pk
        comments = [{"article": dams, "text": "First"}, {"article": dams, "text": "Second", "flagged": True}]
        data = {"title": "Sluices", "slug": "sluices", "author": self.authors["Cy"].pk, "comments": comments}
        self.send("post", "api/commented-articles", 201, **data)
        article = Article.objects.get(slug="sluices")
        self.assertCountEqual(
            article.comments.values_list("text", "flagged"), [("First", False), ("Second", True)]
        )

    def test_links_to_core_rows(self):
        comment = Comment.objects.get(text="Deep")
        row = self.get(f"linked/comments/{comment.pk}")
        self.assertEqual(row["article"], f"http://testserver/linked/articles/{self.articles['Dams'].pk}/")
        article = self.get(row["article"].removeprefix("http://testserver/").rstrip("/"))
        self.assertEqual(article["comments"], [row["url"]])
        self.assertEqual(article["author"], f"http://testserver/linked/authors/{self.authors['Ada'].pk}/")
        locks = f"http://testserver/linked/articles/{self.articles['Locks'].pk}/"
        self.send("patch", f"linked/comments/{comment.pk}", 200, article=locks)
        comment.refresh_from_db()
        self.assertEqual(comment.article, self.articles["Locks"])
        error = self.refused(
            "post", "linked/comments", article="http://testserver/linked/articles/0/", text="Lost"
        )
        self.assertEqual(error, {"article": ["Invalid hyperlink - Object does not exist."]})

    def test_a_core_row_that_a_local_row_has_already_is_refused(self):
        error = self.refused("post", "api/ratings", article=self.articles["Dams"].pk, stars=1)
        self.assertEqual(error, {"article": ["rating with this article already exists."]})
        self.send("post", "api/ratings", 201, article=self.articles["Piers"].pk, stars=1)
        self.assertEqual(self.articles["Piers"].rating.stars, 1)

    def test_a_local_key_and_a_core_key_are_unique_together(self):
        booth = Booth.objects.create(name="North")
        data = {"booth": booth.pk, "author": self.authors["Ada"].pk, "hour": 9}
        self.send("post", "api/signings", 201, **data)
        error = self.refused("post", "api/signings", **data)
        self.assertEqual(error, {"non_field_errors": ["The fields booth, author must make a unique set."]})
        self.send("post", "api/signings", 201, **{**data, "author": self.authors["Ben"].pk})
        self.assertCountEqual(
            Signing.objects.filter(booth=booth).values_list("author__name", flat=True), ["Ada", "Ben"]
        )

    def test_a_core_row_known_by_its_slug(self):
        made = self.send("post", "api/visits", 201, article="piers", place=self.places["Lyon"].pk, minutes=3)
        self.assertEqual(made["article"], "piers")
        visit = Visit.objects.get(pk=made["id"])
        self.assertEqual((visit.article, visit.place), (self.articles["Piers"], self.places["Lyon"]))
        error = self.refused("post", "api/visits", article="ponds", minutes=3)
        self.assertEqual(error, {"article": ["Object with slug=ponds does not exist."]})

    def test_many_core_rows_of_a_local_row(self):
        dams, locks = self.articles["Dams"].pk, self.articles["Locks"].pk
        made = self.send("post", "api/shelves", 201, name="New", articles=[dams])
        self.send("put", f"api/shelves/{made['id']}", 200, name="New", articles=[dams, locks])
        self.assert_titles(Shelf.objects.get(name="New").articles.all(), ["Dams", "Locks"])
        reading = self.get(f"api/shelves/{self.shelves['Reading'].pk}")
        self.assertCountEqual(reading["articles"], [self.articles["Bridges"].pk, self.articles["Canals"].pk])

    def test_a_row_over_both_databases(self):
        data = {"title": "Weirs", "slug": "weirs", "author": self.authors["Ada"].pk, "teaser": "Low"}
        made = self.send("post", "api/stories", 201, **data, tags=[self.tags["water"].pk])
        story = Story.objects.get(teaser="Low")
        self.assertEqual((story.article_ptr.title, story.tags.get().name), ("Weirs", "water"))
        self.send("patch", f"api/stories/{made['id']}", 200, title="Fords", position=7)
        self.assertEqual(Story.objects.values_list("title", "position").get(), ("Fords", 7))
        self.assertEqual(Article.objects.get(slug="weirs").title, "Fords")
        self.refused("post", "api/stories", **{**data, "slug": "dams"})
        self.send("delete", f"api/stories/{made['id']}", 204)
        self.assertFalse(Article.objects.filter(slug="weirs").exists())


class RequestInTransactionTestCase(APITestCase):
    def setUp(self):
        for alias in ("default", "core"):
            self.enterContext(patch.dict(connections[alias].settings_dict, ATOMIC_REQUESTS=True))


class TransactionTests(RequestInTransactionTestCase):
    def test_a_refusal_takes_back_what_was_written_in_both_databases(self):
        comments = [
            {"article": self.articles["Dams"].pk, "text": text} for text in ("First", "Second", "First")
        ]
        data = {"title": "Sluices", "slug": "sluices", "author": self.authors["Cy"].pk}
        error = self.refused("post", "api/commented-articles", **data, comments=comments)
        self.assertEqual(error, {"comments": ["A comment comes twice."]})
        self.assertFalse(Article.objects.filter(slug="sluices").exists())
        self.assertFalse(Comment.objects.filter(text="First").exists())
        self.send("post", "api/commented-articles", 201, **data, comments=comments[:2])
        self.assertEqual(Article.objects.get(slug="sluices").comments.count(), 2)


@override_settings(REST_FRAMEWORK={"EXCEPTION_HANDLER": "tests.third_party.views.forbid_writes"})
class ReadOnlyTests(RequestInTransactionTestCase):
    def setUp(self):
        super().setUp()
        read_only = {"core": {**settings.CAUSEWAY["core"], "READ_ONLY": True}}
        self.enterContext(override_settings(CAUSEWAY=read_only))

    def test_a_write_to_core_is_forbidden_with_a_reason(self):
        dams = self.articles["Dams"].pk
        for method, path, data in (
            ("post", "api/tags", {"name": "wood"}),
            ("patch", f"api/articles/{dams}", {"title": "Dykes"}),
            ("delete", f"api/articles/{dams}", {}),
        ):
            with self.subTest(method):
                refusal = self.send(method, path, 403, **data)
                self.assertIn("declares it READ_ONLY", refusal["detail"])
        self.assertEqual(Article.objects.get(pk=dams).title, "Dams")

    def test_local_rows_are_written(self):
        self.send("post", "api/comments", 201, article=self.articles["Dams"].pk, text="New")
        self.assertEqual(Comment.objects.get(text="New").article.title, "Dams")


class ListTests(APITestCase):
    def test_search_over_core_columns(self):
        self.assertEqual(self.texts("api/comments", search="dam"), ["Deep"])
        self.assertCountEqual(self.texts("api/comments", search="ben"), ["Slow", "Green"])
        self.assertCountEqual(self.texts("api/comments", search="steel"), ["Strong", "Rusty", "High", "Long"])
        self.assertEqual(self.texts("api/comments", search="ada rust"), ["Rusty"])
        self.assertEqual(self.texts("api/comments", search="tee"), [])

    def test_search_over_local_columns(self):
        self.assertEqual(self.titles_of("api/articles", search="rusty"), ["Bridges"])
        # Two of its comments match: it comes once.
        self.assertEqual(self.titles_of("api/articles", search="ee"), ["Dams", "Canals"])
        self.assertCountEqual(self.titles_of("api/articles", search="water"), ["Dams", "Canals"])

    def test_order_by_core_columns(self):
        expected = sorted(range(len(COMMENTS)), key=lambda n: (author_of(COMMENTS[n][0]), -n))
        self.assertEqual(
            self.texts("api/comments", ordering="article__author__name,-id"),
            [COMMENTS[n][1] for n in expected],
        )

    def test_order_by_local_columns(self):
        rated = sorted(RATINGS, key=RATINGS.get, reverse=True)
        found = self.titles_of("api/articles", ordering="-rating__stars,title")
        self.assertEqual([title for title in found if title in RATINGS], rated)

    def test_pages_by_number_and_by_offset(self):
        expected = [
            text for _, text in sorted(((title, text) for title, text, _ in COMMENTS), key=lambda row: row[0])
        ]
        for path in ("api/numbered-comments", "api/offset-comments"):
            with self.subTest(path):
                self.assertEqual(self.get(path)["count"], len(COMMENTS))
                pages = self.pages(path)
                self.assertEqual([len(page) for page in pages], [3, 3, 1])
                self.assertEqual([*chain(*pages)], expected)

    def test_pages_by_cursor_over_a_core_column(self):
        days = {title: article.created_at for title, article in self.articles.items()}
        expected = [text for title, text, _ in sorted(COMMENTS, key=lambda row: days[row[0]], reverse=True)]
        self.assertEqual([*chain(*self.pages("api/cursor-comments"))], expected)

    def pages(self, path):
        """The texts of each page, by the links from one to the next."""
        page = self.get(path)
        pages = [page]
        while page["next"]:
            page = self.client.get(page["next"]).json()
            pages.append(page)
        return [[row["text"] for row in page["results"]] for page in pages]

    def test_the_pages_to_browse(self):
        paths = [
            "articles",
            f"articles/{self.articles['Dams'].pk}",
            "comments",
            f"comments/{Comment.objects.get(text='Deep').pk}",
            "numbered-comments",
            "cursor-comments",
            "ratings",
            "shelves",
            "stories",
            "core-contents",
        ]
        for path in paths:
            with self.subTest(path):
                page = self.client.get(f"/api/{path}/", HTTP_ACCEPT="text/html")
                self.assertEqual(page["Content-Type"], "text/html; charset=utf-8")
                self.assertEqual(page.status_code, 200)
        page = self.client.get("/api/comments/", HTTP_ACCEPT="text/html")
        # The form offers the core rows, and so does the filter.
        for title, article in self.articles.items():
            self.assertInHTML(
                f'<option value="{article.pk}">{title}</option>', page.content.decode(), count=2
            )


class PermissionTests(APITestCase):
    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        cls.user = User.objects.create_user("editor")

    def allow(self, codename):
        permission = Permission.objects.get(content_type__app_label="library", codename=codename)
        self.user.user_permissions.add(permission)
        # Django keeps the permissions that it has read.
        self.client.force_authenticate(User.objects.get(pk=self.user.pk))

    def test_permissions_of_a_core_model(self):
        dams = self.articles["Dams"].pk
        self.get("api/guarded-articles", status=403)
        self.client.force_authenticate(self.user)
        self.get("api/guarded-articles")
        self.send("patch", f"api/guarded-articles/{dams}", 403, title="Weirs")
        self.allow("change_article")
        self.send("patch", f"api/guarded-articles/{dams}", 200, title="Weirs")
        self.send("delete", f"api/guarded-articles/{dams}", 403)
        self.allow("delete_article")
        self.send("delete", f"api/guarded-articles/{dams}", 204)


class TwoManagerTests(APITestCase):
    """A model with rows in both databases: the project says which it means, as ever."""

    @classmethod
    def setUpTestData(cls):
        """Nothing but core rows made over the core connection, which locks the file on SQLite."""
        cls.shared = Content.contents.create(title="Shared", slug="shared")

    def test_core_rows(self):
        self.assertEqual(self.titles_of("api/core-contents"), ["Shared"])
        self.assertEqual(self.get("api/contents"), [])
        self.send("post", "api/core-contents", 201, title="New", slug="new")
        self.send("patch", f"api/core-contents/{self.shared.pk}", 200, title="Changed")
        self.assertCountEqual(Content.contents.values_list("title", flat=True), ["New", "Changed"])
        error = self.refused("post", "api/core-contents", title="Twice", slug="new")
        self.assertEqual(error, {"slug": ["This field must be unique."]})
        self.send("delete", f"api/core-contents/{self.shared.pk}", 204)
        self.assertEqual(Content.contents.get().title, "New")
        self.assertEqual(Content.objects.count(), 0)

    def test_local_rows(self):
        self.send("post", "api/contents", 201, title="Own", slug="shared")
        self.assertEqual(Content.objects.get().title, "Own")
        self.assertEqual(Content.contents.get().title, "Shared")
        error = self.refused("post", "api/contents", title="Twice", slug="shared")
        self.assertEqual(error, {"slug": ["content with this slug already exists."]})
