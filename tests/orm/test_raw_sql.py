"""Raw SQL names its own tables, with ``causeway.table()``."""

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.db.models.expressions import RawSQL

import causeway
from causeway.exceptions import PlacementError
from tests.databases import engine
from tests.library.models import Article
from tests.orm.models import LabelledArticle, Place
from tests.orm.newsroom import COMMENTS, NewsroomTestCase, author_of
from tests.shop.models import Comment, Content, Shelf, Story


def quoted(name):
    return f"`{name}`" if engine() == "mysql" else f'"{name}"'


class TableTests(NewsroomTestCase):
    @pytest.mark.linked("raw SQL reaches no staged table")
    def test_a_core_table_is_qualified_by_the_database_of_this_run(self):
        core = connections["core"].settings_dict["NAME"] if engine() == "mysql" else "core"
        self.assertEqual(causeway.table(Article), f"{quoted(core)}.{quoted('library_article')}")
        self.assertEqual(causeway.table(Place), f"{quoted(core)}.{quoted('orm_place')}")
        self.assertEqual(
            causeway.table(Article.tags.through), f"{quoted(core)}.{quoted('library_article_tags')}"
        )
        self.assertEqual(causeway.table(LabelledArticle), causeway.table(Article))

    def test_a_local_table_is_not(self):
        self.assertEqual(causeway.table(Comment), quoted("shop_comment"))
        self.assertEqual(causeway.table(Story), quoted("shop_story"))
        self.assertEqual(causeway.table(Shelf.articles.through), quoted("shop_shelf_articles"))

    def test_on_the_core_connection_a_core_table_has_its_bare_name(self):
        self.assertEqual(causeway.table(Article, using="core"), quoted("library_article"))
        self.assertEqual(causeway.table(Content, using="core"), quoted("content"))

    def test_on_the_core_connection_a_local_table_is_refused(self):
        with self.assertRaisesMessage(PlacementError, "shop_comment"):
            causeway.table(Comment, using="core")


@pytest.mark.linked("raw SQL reaches no staged table")
class CursorTests(NewsroomTestCase):
    def test_a_join_over_both(self):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT a.title, count(*) FROM {causeway.table(Article)} a "
                f"JOIN {causeway.table(Comment)} c ON c.article_id = a.id GROUP BY a.title"
            )
            found = dict(cursor.fetchall())
        self.assertEqual(found, {"Bridges": 3, "Dams": 1, "Canals": 2, "Piers": 1})

    def test_a_write_is_seen_by_the_orm(self):
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {causeway.table(Article)} SET title = %s WHERE slug = %s", ["Dykes", "dams"]
            )
        self.assertEqual(Article.objects.get(slug="dams").title, "Dykes")

    def test_a_read_finds_a_core_table_by_its_bare_name(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM library_article")
            self.assertEqual(cursor.fetchone(), (len(self.articles),))

    @pytest.mark.mysql
    def test_a_write_does_not(self):
        with self.assertRaises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE library_article SET title = 'lost'")
        self.assertFalse(Article.objects.filter(title="lost").exists())


@pytest.mark.linked("raw SQL reaches no staged table")
class RawQueryTests(NewsroomTestCase):
    def test_core_rows(self):
        sql = f"SELECT * FROM {causeway.table(Article)} WHERE title LIKE %s ORDER BY title"
        found = Article.objects.raw(sql, ["%s"])
        self.assertEqual(
            self.titles(found), ["Bridges", "Canals", "Dams", "Draft of weirs", "Locks", "Piers"]
        )

    def test_a_raw_core_row_is_saved_in_core(self):
        article = Article.objects.raw(f"SELECT * FROM {causeway.table(Article)} WHERE slug = 'dams'")[0]
        article.title = "Dykes"
        article.save()
        self.assertEqual(Article.objects.get(slug="dams").title, "Dykes")

    def test_deferred_columns_and_annotations(self):
        article = Article.objects.raw(
            f"SELECT a.id, count(c.id) AS number FROM {causeway.table(Article)} a "
            f"LEFT JOIN {causeway.table(Comment)} c ON c.article_id = a.id WHERE a.slug = 'bridges' GROUP BY a.id"
        )[0]
        self.assertEqual(article.number, 3)
        with self.assertNumQueries(1):
            self.assertEqual(article.title, "Bridges")

    def test_prefetch_of_local_rows(self):
        articles = Article.objects.raw(f"SELECT * FROM {causeway.table(Article)}").prefetch_related(
            "comments"
        )
        with self.assertNumQueries(2):
            self.assertEqual(sum(len(article.comments.all()) for article in articles), len(COMMENTS))

    def test_as_an_expression(self):
        name = RawSQL(
            f"SELECT name FROM {causeway.table(Article)} a JOIN {causeway.table(self.authors['Ada'].__class__)} p "
            f"ON p.id = a.author_id WHERE a.id = shop_comment.article_id",
            [],
        )
        found = Comment.objects.annotate(author=name).values_list("article__title", "author")
        self.assertEqual(dict(found), {title: author_of(title) for title, *_ in COMMENTS})
