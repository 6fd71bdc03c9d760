"""Raw SQL names its own tables, with ``causeway.table()``."""

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, connections, transaction
from django.db.models.expressions import RawSQL
from django.test import override_settings

import causeway
from causeway.exceptions import CoreReadOnly, PlacementError
from tests.databases import engine
from tests.library.models import Article, Author, Tag
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


@pytest.mark.linked("raw SQL reaches no staged table")
class BareNamesTests(NewsroomTestCase):
    """What a statement calls a table itself is that, also under the name of a core table."""

    def rows(self, sql, params=None):
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()

    def test_a_name_that_a_statement_defines_is_its_own(self):
        one = "library_article AS (SELECT 'own' AS title)"
        for sql in (
            f"WITH {one} SELECT title FROM library_article, (SELECT count(*) FROM library_author) n",
            f"WITH unused AS (SELECT 1 AS x), {one} SELECT a.title FROM library_article a WHERE EXISTS "
            f"(SELECT 1 FROM library_article WHERE title = 'own') AND EXISTS (SELECT 1 FROM library_author)",
            f"SELECT q.title FROM (WITH {one} SELECT title FROM library_article) q JOIN library_author ON name = 'Ada'",
            "SELECT library_article.title FROM (SELECT 'own' AS title) library_article, library_author "
            "WHERE name = 'Ada'",
            "WITH RECURSIVE library_article (title, number) AS (SELECT 'own', 1 UNION ALL "
            "SELECT title, number + 1 FROM library_article WHERE number < 3) "
            "SELECT title FROM library_article WHERE number = (SELECT count(*) FROM library_author WHERE name = 'Ada')",
        ):
            with self.subTest(sql=sql):
                self.assertEqual({title for title, *_ in self.rows(sql)}, {"own"})

    def test_it_is_the_core_table_where_the_name_is_not_in_scope(self):
        core = len(self.articles)
        # To SQLite, all that a WITH clause defines is known in all of it.
        in_the_clause = [
            "WITH library_article AS (SELECT count(*) AS n FROM library_article) SELECT n FROM library_article",
            "WITH counted AS (SELECT count(*) AS n FROM library_article), library_article AS (SELECT 1 AS x) "
            "SELECT n FROM counted, library_article",
        ]
        for sql in (
            *(in_the_clause if engine() != "sqlite3" else []),
            "SELECT n FROM (WITH library_article AS (SELECT 1 AS x) SELECT x FROM library_article) q, "
            "(SELECT count(*) AS n FROM library_article) counted",
            "SELECT count(*) FROM (library_article JOIN (SELECT 1 AS x) one ON x = 1) WHERE 'FROM library_tag' <> ''",
        ):
            with self.subTest(sql=sql):
                self.assertEqual([tuple(row) for row in self.rows(sql)], [(core,)])

    def test_an_alias_of_the_name_of_a_core_table(self):
        sql = (
            "SELECT count(*) FROM shop_comment library_article, library_author WHERE library_author.name = 'Ada' "
            "AND library_article.id IN (SELECT max(id) FROM shop_comment GROUP BY article_id)"
        )
        self.assertEqual([tuple(row) for row in self.rows(sql)], [(4,)])

    def test_a_long_statement(self):
        marks = ", ".join(["%s"] * 4000)
        [(found,)] = self.rows(
            f"SELECT count(*) FROM library_article WHERE id NOT IN ({marks})",
            [-number for number in range(1, 4001)],
        )
        self.assertEqual(found, len(self.articles))


@pytest.mark.linked("raw SQL reaches no staged table")
class BareWritesTests(NewsroomTestCase):
    """What a package sends of its own, with the bare names that it has from ``_meta.db_table``."""

    def execute(self, sql, params=None):
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.rowcount

    def test_rows_are_inserted(self):
        self.execute("INSERT INTO library_tag (name) VALUES (%s), ('FROM library_article')", ["wood"])
        self.execute(
            "INSERT INTO library_author (name) SELECT a.title FROM library_article a, library_author b "
            "WHERE a.author_id = b.id AND b.name = 'Ben'"
        )
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO library_tag (name) VALUES (%s)", [["clay"], ["sand"]])
        self.assertEqual(Tag.objects.count(), 7)
        self.assertEqual(Author.objects.filter(name__in=["Canals", "Locks"]).count(), 2)

    def test_rows_are_updated(self):
        self.execute(
            "UPDATE library_article SET title = %s WHERE slug = 'dams' AND library_article.author_id IN "
            "(SELECT id FROM library_author WHERE name = 'Ada')",
            ["FROM library_tag"],
        )
        self.assertEqual(Article.objects.get(slug="dams").title, "FROM library_tag")
        self.execute(
            "UPDATE shop_comment SET text = 'Ben''s' WHERE article_id IN (SELECT a.id FROM library_article AS a "
            "JOIN library_author ON library_author.id = a.author_id WHERE name = 'Ben')"
        )
        self.assertEqual(Comment.objects.filter(text="Ben's").count(), 2)

    def test_rows_are_deleted(self):
        self.execute(
            "DELETE FROM library_article_tags WHERE tag_id IN (SELECT id FROM library_tag WHERE name = 'stone')"
        )
        self.execute(
            "DELETE FROM shop_comment WHERE article_id = (SELECT id FROM library_article WHERE slug = 'dams')"
        )
        self.assertEqual(Article.tags.through.objects.count(), 4)
        self.assertEqual(Comment.objects.count(), len(COMMENTS) - 1)

    def test_rows_of_what_was_written_are_rolled_back_with_the_rest(self):
        with self.assertRaises(IntegrityError), transaction.atomic():
            self.execute("INSERT INTO library_tag (name) VALUES ('wood')")
            self.execute("INSERT INTO library_tag (name) VALUES ('wood')")
        self.assertFalse(Tag.objects.filter(name="wood").exists())

    @pytest.mark.postgresql
    def test_clauses_of_postgresql(self):
        self.execute(
            "UPDATE library_article a SET title = n.name || a.title FROM library_author AS n, shop_comment c "
            "WHERE n.id = a.author_id AND c.article_id = a.id AND c.text = 'Deep'"
        )
        self.assertEqual(Article.objects.get(slug="dams").title, "AdaDams")
        self.execute(
            "DELETE FROM library_article_tags USING library_article WHERE article_id = library_article.id"
        )
        self.assertFalse(Article.tags.through.objects.exists())
        self.execute(
            "INSERT INTO library_tag AS t (id, name) SELECT id, 'new' || id FROM library_tag "
            "ON CONFLICT (id) DO UPDATE SET name = t.name || excluded.name RETURNING t.id, name"
        )
        self.assertEqual(Tag.objects.filter(name__contains="new").count(), 3)
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH library_author AS (UPDATE library_tag SET name = $$DELETE FROM library_article, $$ "
                "WHERE name LIKE 'stone%%' RETURNING id) SELECT count(*) FROM library_author, library_article",
                [],
            )
            self.assertEqual(cursor.fetchone()[0], len(self.articles))

    @pytest.mark.mysql
    def test_several_tables_at_once(self):
        self.execute(
            "UPDATE library_article a JOIN library_author ON library_author.id = a.author_id, shop_comment "
            'SET a.title = "UPDATE library_tag", shop_comment.text = library_author.name '
            "WHERE shop_comment.article_id = a.id AND shop_comment.text = 'Deep' # FROM library_tag"
        )
        self.assertEqual(Comment.objects.get(text="Ada").article.title, "UPDATE library_tag")
        self.execute(
            "DELETE library_article_tags, c FROM library_article_tags JOIN library_article a ON a.id = article_id "
            "JOIN shop_comment AS c ON c.article_id = a.id"
        )
        self.assertFalse(
            Article.tags.through.objects.filter(article__slug__in=["bridges", "canals"]).exists()
        )
        self.assertFalse(Comment.objects.filter(article__slug__in=["bridges", "canals"]).exists())
        self.execute("REPLACE library_tag (id, name) SELECT id, 'one' FROM library_tag LIMIT 1")
        self.execute("INSERT INTO library_tag SET name = 'one' ON DUPLICATE KEY UPDATE name = 'two'")
        self.assertTrue(Tag.objects.filter(name="two").exists())


@pytest.mark.linked("raw SQL reaches no staged table")
class ReadOnlyTests(NewsroomTestCase):
    def test_a_write_under_a_bare_name_is_refused(self):
        refused = [
            "INSERT INTO library_tag (name) VALUES ('wood')",
            "UPDATE library_tag SET name = 'wood'",
            "DELETE FROM library_article_tags",
        ]
        before = set(Tag.objects.values_list("name", flat=True))
        with override_settings(CAUSEWAY={"core": {**settings.CAUSEWAY["core"], "READ_ONLY": True}}):
            for sql in refused:
                with self.subTest(sql=sql), connection.cursor() as cursor:
                    with self.assertRaisesMessage(
                        CoreReadOnly, "in the core database 'core': CAUSEWAY['core'] declares it READ_ONLY"
                    ):
                        cursor.execute(sql)
                    with self.assertRaises(CoreReadOnly):
                        cursor.executemany(sql, [()])
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE shop_comment SET text = 'x' WHERE article_id IN (SELECT id FROM library_article)"
                )
                self.assertEqual(cursor.rowcount, len(COMMENTS))
        self.assertEqual(set(Tag.objects.values_list("name", flat=True)), before)


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
