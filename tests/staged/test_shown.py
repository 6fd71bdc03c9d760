"""Pages that only show columns of core: these are put into the child's rows, without a further statement."""

import warnings
from unittest.mock import patch

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, connections
from django.db.models import F, Model, SlugField, TextField, Value
from django.db.models.functions import Concat

from causeway import explain
from tests.library.models import Article
from tests.placements.values.models import BracketedField
from tests.shop.models import Bookmark, Comment, Pin, Story
from tests.staged.cases import StagedTestCase


class BracketedSlugField(SlugField):
    select_format = BracketedField.select_format


class ShownTests(StagedTestCase):
    def setUp(self):
        super().setUp()
        core = connections["core"]
        if core.vendor != connection.vendor:
            self.skipTest(
                "Two engines' drivers return different values: a statement of the child's brings them."
            )

    def assert_put_together(self, queryset, rows, times=1):
        """The rows are right, by one statement of the child's, which names no core table, and one of core's."""
        explanation = explain(queryset, analyze=True)
        assert {table.vehicle for table in explanation.tables} == {"result"}
        assert [alias for alias, _ in explanation.statements] == ["default", "core"] * times
        assert not any(
            "library_article" in sql for alias, sql in explanation.statements if alias == "default"
        )
        assert list(queryset) == rows
        return explanation

    def assert_by_statement(self, queryset, rows):
        assert "result" not in {table.vehicle for table in explain(queryset, analyze=True).tables}
        assert list(queryset) == rows

    def test_instances_have_their_related_one(self):
        newest = Comment.objects.select_related("article").order_by("-pk")[:3]
        expected = list(Comment.objects.order_by("-pk")[:3])
        self.assert_put_together(newest, expected)
        with self.assertNumQueries(2):
            shown = [(comment.text, comment.article) for comment in newest]
        for comment, (text, article) in zip(expected, shown, strict=True):
            assert (text, article) == (comment.text, Article.objects.get(pk=comment.article_id))
            assert article.created_at == Article.objects.get(pk=article.pk).created_at
            assert article._state.db == "core"
            assert article._state.fields_cache == {}

    def test_a_page_further_on(self):
        expected = list(Comment.objects.order_by("text"))
        comments = Comment.objects.select_related("article").order_by("text")
        # Before, it is seen whether the rows that it leaves out are there.
        self.assert_put_together(comments[2:5], expected[2:5], times=2)
        assert comments.first() == expected[0]
        assert comments.get(pk=expected[1].pk) == expected[1]

    def test_a_column_that_its_field_selects_in_another_form(self):
        slugs = [comment.article.slug for comment in Comment.objects.order_by("pk")]
        field = Article._meta.get_field("slug")
        self.addCleanup(setattr, field, "__class__", type(field))
        field.__class__ = BracketedSlugField
        comments = Comment.objects.order_by("pk").values_list("article__slug", flat=True)
        self.assert_by_statement(comments, [f"[{slug}]" for slug in slugs])
        page = Comment.objects.select_related("article").order_by("pk")[:2]
        assert [comment.article.slug for comment in page] == [f"[{slug}]" for slug in slugs[:2]]

    def test_a_model_that_has_a_from_db_of_its_own(self):
        """As it was written before Django 6.1, which gives one argument more where it is taken."""

        def from_db(cls, db, field_names, values):
            instance = Model.from_db.__func__(cls, db, field_names, values)
            instance.loaded_from = db
            return instance

        with warnings.catch_warnings(), patch.object(Article, "from_db", classmethod(from_db)):
            warnings.simplefilter("ignore")
            for comment in Comment.objects.select_related("article").order_by("pk"):
                assert comment.article.loaded_from == "core"

    def test_columns_that_are_left_out(self):
        page = Comment.objects.select_related("article").only("text", "article__title").order_by("pk")[:2]
        explanation = self.assert_put_together(page, list(Comment.objects.order_by("pk")[:2]))
        assert explanation.tables[0].columns == ["id", "title"]
        assert page[0].article.get_deferred_fields() == {"slug", "author_id", "created_at"}
        assert page[0].article.slug == Article.objects.get(pk=page[0].article_id).slug

    def test_expressions_of_local_columns(self):
        page = (
            Comment.objects.select_related("article")
            .annotate(shout=Concat("text", Value("!"), output_field=TextField()))
            .order_by("-shout")[:2]
        )
        expected = sorted(f"{comment.text}!" for comment in Comment.objects.all())[::-1][:2]
        self.assert_put_together(page, list(Comment.objects.order_by("-text")[:2]))
        assert [comment.shout for comment in page] == expected

    def test_no_row_is_related_where_none_may_be(self):
        pages = Bookmark.objects.select_related("article").order_by("pk")[:3]
        assert None in {bookmark.article for bookmark in pages}
        self.assert_put_together(pages, list(Bookmark.objects.order_by("pk")[:3]))
        gone = Article.objects.get(pk=pages[0].article_id)
        gone.tags.clear()
        Article.objects.filter(pk=gone.pk)._raw_delete("core")
        assert next(bookmark.article for bookmark in pages.all()) is None

    def test_parents_in_core(self):
        bridge = Article.objects.get(title="Bridges")
        story = Story(article_ptr=bridge, teaser="New")
        story.save_base(raw=True)
        page = Story.objects.order_by("-pk")[:1]
        (found,) = page
        assert (found.title, found.teaser, found._state.db) == ("Bridges", "New", "default")
        self.assert_put_together(page, [story])

    def test_without_rows(self):
        page = Comment.objects.filter(text="nothing").select_related("article")[:2]
        with self.assertNumQueries(1):
            assert list(page) == []

    def test_as_an_iterator(self):
        page = Comment.objects.select_related("article").order_by("pk")[:4]
        expected = [(comment.pk, comment.article.title) for comment in page]
        assert [(comment.pk, comment.article.title) for comment in page.iterator(chunk_size=2)] == expected

        async def found():
            return [(comment.pk, comment.article.title) async for comment in page.all()]

        if connection.vendor != "sqlite":
            # A SQLite database in memory is another one in another thread.
            assert async_to_sync(found)() == expected

    def test_what_core_decides_is_a_matter_of_statements(self):
        title = F("article__title")
        comments = Comment.objects.order_by("pk")
        first = list(comments[:2])
        for page in (
            comments.annotate(name=Concat(title, Value("!")))[:2],
            comments.filter(article__title__gt="")[:2],
            comments.select_related("article__author")[:2],
        ):
            self.assert_by_statement(page, first)

    def test_a_page_from_which_a_core_row_is_missing(self):
        """A join leaves the row out, and the page goes on with the next one."""
        comments = list(Comment.objects.order_by("pk"))
        gone = comments[1].article_id
        Pin.objects.all().delete()
        Article.objects.get(pk=gone).tags.clear()
        Article.objects.filter(pk=gone)._raw_delete("core")
        left = [comment for comment in comments if comment.article_id != gone]
        assert list(Comment.objects.select_related("article").order_by("pk")[:3]) == left[:3]


@pytest.mark.staged("core rows are fetched")
@pytest.mark.django_db(databases=["default", "core"])
def test_a_page_whose_rows_are_too_many():
    """The limit holds for what is put together, too."""
    import causeway

    author = Article._meta.get_field("author").related_model.objects.create(name="Ada")
    for number in range(3):
        article = Article.objects.create(title=str(number), slug=str(number), author=author)
        Comment.objects.create(article=article, text=str(number))
    page = Comment.objects.select_related("article").order_by("pk")[:3]
    with causeway.max_staged_rows(2), pytest.raises(causeway.exceptions.TooManyStagedRows):
        list(page)
    with causeway.max_staged_rows(3):
        assert len(page) == 3
