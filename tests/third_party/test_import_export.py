"""django-import-export: local rows with the names of their core rows, and core rows themselves."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tablib import Dataset

from tests.library.models import Article
from tests.orm.newsroom import BOOKMARKS, COMMENTS, RATINGS, TITLES, NewsroomTestCase, author_of, tags_of
from tests.shop.models import Bookmark, Comment, Content, Shelf, Story
from tests.third_party import resources


def slug_of(title):
    return title.lower().replace(" ", "-")


def data(*rows):
    """A data set; the first row holds the names of the columns."""
    headers, *rows = rows
    return Dataset(*rows, headers=headers)


class ImportTestCase(NewsroomTestCase):
    def load(self, resource, *rows, **options):
        """The result of importing the rows; an error in any fails the test."""
        result = resource().import_data(data(*rows), **options)
        found = [error for _, errors in result.row_errors() for error in errors]
        self.assertEqual([repr(error.error) for error in [*result.base_errors, *found]], [])
        self.assertEqual([str(row.error) for row in result.invalid_rows], [])
        return result


class ExportTests(NewsroomTestCase):
    def test_local_rows_with_the_slugs_of_core_rows(self):
        queryset = Comment.objects.select_related("article").order_by("pk")
        with self.assertNumQueries(1):
            exported = resources.CommentResource().export(queryset)
        expected = [(slug_of(title), text, str(int(flagged))) for title, text, flagged in COMMENTS]
        self.assertEqual([row[1:] for row in exported], expected)

    def test_core_rows_with_their_local_and_core_relations(self):
        queryset = Article.objects.select_related("author", "rating").prefetch_related("tags").order_by("pk")
        exported = resources.ArticleResource().export(queryset).dict
        self.assertEqual([row["title"] for row in exported], TITLES)
        for row in exported:
            title = row["title"]
            self.assertEqual((row["slug"], row["author"]), (slug_of(title), author_of(title)))
            self.assertCountEqual(row["tags"].split("|") if row["tags"] else [], tags_of(title))
            self.assertEqual(row["stars"], str(RATINGS[title]) if title in RATINGS else "")

    def test_what_is_exported_can_be_imported(self):
        exported = resources.CommentResource().export()
        Comment.objects.filter(text="Deep").delete()
        Comment.objects.filter(text="Slow").update(text="Quick")
        result = resources.CommentResource().import_data(exported)
        self.assertEqual((result.totals["new"], result.totals["update"], result.totals["skip"]), (1, 1, 5))
        found = Comment.objects.values_list("article__title", "text", "flagged")
        self.assertCountEqual(found, COMMENTS)


class LocalRowTests(ImportTestCase):
    def test_rows_that_name_core_rows_by_their_slug(self):
        changed = Comment.objects.get(text="Deep")
        self.load(
            resources.CommentResource,
            ("id", "article", "text", "flagged"),
            ("", "locks", "New", 1),
            (changed.pk, "piers", "Deep", 0),
        )
        self.assertEqual(Comment.objects.get(text="New").article, self.articles["Locks"])
        changed.refresh_from_db()
        self.assertEqual(changed.article, self.articles["Piers"])

    def test_a_dry_run_leaves_nothing(self):
        rows = (("id", "article", "text"), ("", "locks", "New"))
        result = self.load(resources.CommentResource, *rows, dry_run=True)
        self.assertEqual(result.totals["new"], 1)
        self.assertFalse(Comment.objects.filter(text="New").exists())

    def test_one_bad_row_takes_back_all(self):
        rows = data(("id", "article", "text"), ("", "locks", "New"), ("", "ponds", "Lost"))
        result = resources.CommentResource().import_data(rows)
        self.assertEqual([number for number, _ in result.row_errors()], [2])
        self.assertIn("Article matching query does not exist.", str(result.row_errors()[0][1][0].error))
        self.assertEqual(Comment.objects.count(), len(COMMENTS))

    def test_a_row_that_is_not_valid_is_reported(self):
        rows = data(("id", "article", "text"), ("", "", "Lost"))
        result = resources.CommentResource().import_data(rows)
        self.assertEqual(
            result.invalid_rows[0].field_specific_errors, {"article": ["This field cannot be null."]}
        )

    def test_rows_in_bulk(self):
        rows = [("", slug_of(title), f"Reader {number}") for number, title in enumerate(TITLES[:5])]
        # Core rows are fetched once; three batches are written.
        self.load(resources.BookmarkResource, ("id", "article", "reader"), *rows, ("", "", "Nobody"))
        found = Bookmark.objects.filter(reader__startswith="Reader").order_by("reader")
        self.assert_titles([bookmark.article for bookmark in found], TITLES[:5])
        self.assertIsNone(Bookmark.objects.get(reader="Nobody").article)
        self.assertEqual(Bookmark.objects.count(), len(BOOKMARKS) + 6)

    def test_many_core_rows_of_a_local_row(self):
        self.load(
            resources.ShelfResource,
            ("name", "articles"),
            ("New", "dams|piers"),
            ("Reading", "locks"),
            ("All", ""),
        )
        self.assert_titles(Shelf.objects.get(name="New").articles.all(), ["Dams", "Piers"])
        self.assert_titles(self.shelves["Reading"].articles.all(), ["Locks"])
        self.assertFalse(self.shelves["All"].articles.exists())

    def test_rows_over_both_databases(self):
        rows = (("slug", "title", "author", "teaser", "position"), ("weirs", "Weirs", "Ada", "Low", 3))
        self.load(resources.StoryResource, *rows)
        self.load(resources.StoryResource, *rows[:1], ("weirs", "Fords", "Ben", "Lower", 3))
        story = Story.objects.get(article_ptr__slug="weirs")
        self.assertEqual((story.title, story.author.name, story.teaser), ("Fords", "Ben", "Lower"))
        bad = data(*rows[:1], ("fords", "Fords", "Ben", "", 1), ("ponds", "Ponds", "Nobody", "", 1))
        self.assertTrue(resources.StoryResource().import_data(bad).has_errors())
        self.assertFalse(Article.objects.filter(slug="fords").exists())
        self.assertEqual(Story.objects.count(), 1)


class CoreRowTests(ImportTestCase):
    def test_core_rows_are_made_and_changed(self):
        rows = (
            ("slug", "title", "author", "tags"),
            ("weirs", "Weirs", "Ada", "water|stone"),
            ("dams", "Dykes", "Cy", ""),
        )
        result = self.load(resources.ArticleResource, *rows)
        self.assertEqual((result.totals["new"], result.totals["update"]), (1, 1))
        weirs, dams = Article.objects.get(slug="weirs"), Article.objects.get(slug="dams")
        self.assertCountEqual([tag.name for tag in weirs.tags.all()], ["water", "stone"])
        self.assertEqual((dams.pk, dams.title, dams.author.name), (self.articles["Dams"].pk, "Dykes", "Cy"))
        self.assertEqual(dams.comments.get().text, "Deep")

    def test_a_dry_run_leaves_nothing(self):
        rows = (("slug", "title", "author"), ("weirs", "Weirs", "Ada"), ("dams", "Dykes", "Cy"))
        self.load(resources.ArticleResource, *rows, dry_run=True)
        self.assertCountEqual(Article.objects.values_list("title", flat=True), TITLES)

    def test_one_bad_row_takes_back_all(self):
        rows = data(("slug", "title", "author"), ("dams", "Dykes", "Cy"), ("weirs", "Weirs", "Nobody"))
        result = resources.ArticleResource().import_data(rows)
        self.assertEqual([number for number, _ in result.row_errors()], [2])
        self.assertCountEqual(Article.objects.values_list("title", flat=True), TITLES)

    def test_a_key_of_the_file_is_not_given_again(self):
        author = self.authors["Ada"]
        key = max(article.pk for article in self.articles.values()) + 10
        self.load(
            resources.NumberedArticleResource,
            ("id", "slug", "title", "author"),
            *((key + number, f"weir-{number}", "Weir", author.pk) for number in range(3)),
        )
        made = Article.objects.create(slug="next", title="Next", author=author)
        self.assertGreater(made.pk, key + 2)


class TwoManagerTests(ImportTestCase):
    @classmethod
    def setUpTestData(cls):
        """Nothing but core rows made over the core connection, which locks the file on SQLite."""

    def test_core_rows(self):
        Content.contents.create(title="Shared", slug="shared")
        rows = (("slug", "title"), ("shared", "Changed"), ("new", "New"))
        self.load(resources.CoreContentResource, *rows)
        self.load(resources.CoreContentResource, ("slug", "title"), ("newer", "Newer"), dry_run=True)
        self.assertCountEqual(Content.contents.values_list("title", flat=True), ["Changed", "New"])
        self.assertFalse(Content.objects.exists())


# The package's own: a method of it that it deprecates, and one that Django 6.1 calls otherwise.
@pytest.mark.filterwarnings(
    "ignore:The 'get_valid_export_item_pks:DeprecationWarning", "ignore:Overriding get_actions"
)
class AdminTests(NewsroomTestCase):
    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        cls.user = User.objects.create_superuser("editor")

    def setUp(self):
        self.client.force_login(self.user)

    def url(self, model, view):
        return reverse(f"exchange:{model._meta.app_label}_{model._meta.model_name}_{view}")

    def upload(self, model, text):
        """The page that shows what an import would do."""
        page = self.client.get(self.url(model, "import"))
        formats = {label: value for value, label in page.context["form"].fields["format"].choices}
        file = SimpleUploadedFile("rows.csv", text.encode())
        return self.client.post(self.url(model, "import"), {"import_file": file, "format": formats["csv"]})

    def confirm(self, model, page):
        form = page.context["confirm_form"]
        return self.client.post(self.url(model, "process_import"), form.initial, follow=True)

    def export(self, model, query=""):
        """The rows that the export page sends, when its form is sent as it stands."""
        url = self.url(model, "export") + query
        return self.sent(url, self.client.get(url))

    def sent(self, url, page):
        form = page.context["form"]
        formats = {label: value for value, label in form.fields["format"].choices}
        ticked = {
            name: "on" for name, field in form.fields.items() if getattr(field, "is_selectable_field", False)
        }
        response = self.client.post(
            url, {**ticked, **form.initial, "resource": "0", "format": formats["csv"]}
        )
        return Dataset().load(response.content.decode(), "csv").dict

    def test_local_rows_are_imported(self):
        page = self.upload(Comment, "id,article,text,flagged\n,locks,New,1\n")
        self.assertContains(page, "<ins")
        self.assertFalse(Comment.objects.filter(text="New").exists())
        self.assertContains(self.confirm(Comment, page), "Import finished: 1 new")
        comment = Comment.objects.get(text="New")
        self.assertEqual(comment.article, self.articles["Locks"])
        self.assertEqual(LogEntry.objects.get().get_edited_object(), comment)

    def test_core_rows_are_imported(self):
        page = self.upload(Article, "slug,title,author,tags\ndams,Dykes,Cy,steel\nweirs,Weirs,Ada,\n")
        self.assertContains(self.confirm(Article, page), "Import finished: 1 new, 1 updated")
        dams = Article.objects.get(slug="dams")
        self.assertEqual((dams.title, dams.author.name, dams.tags.get().name), ("Dykes", "Cy", "steel"))
        edited = [entry.get_edited_object() for entry in LogEntry.objects.order_by("pk")]
        self.assertCountEqual(edited, Article.objects.filter(slug__in=["dams", "weirs"]))

    def test_a_bad_row_is_shown_and_nothing_imported(self):
        page = self.upload(Comment, "id,article,text\n,locks,New\n,ponds,Lost\n")
        self.assertContains(page, "Article matching query does not exist.")
        self.assertNotIn("confirm_form", page.context)
        self.assertEqual(Comment.objects.count(), len(COMMENTS))

    def test_the_rows_of_a_filtered_list_are_exported(self):
        exported = self.export(Comment, f"?article__author__id__exact={self.authors['Ada'].pk}")
        expected = [(slug_of(title), text) for title, text, _ in COMMENTS if author_of(title) == "Ada"]
        self.assertCountEqual([(row["article"], row["text"]) for row in exported], expected)

    def test_core_rows_are_exported(self):
        expected = [(title, author_of(title)) for title in TITLES]
        self.assertCountEqual([(row["title"], row["author"]) for row in self.export(Article)], expected)

    def test_selected_core_rows_are_exported(self):
        keys = [self.articles[title].pk for title in ("Dams", "Locks")]
        page = self.client.post(
            self.url(Article, "changelist"), {"action": "export_admin_action", "_selected_action": keys}
        )
        exported = self.sent(self.url(Article, "export"), page)
        self.assertCountEqual([row["title"] for row in exported], ["Dams", "Locks"])
