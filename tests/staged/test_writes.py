"""Each write goes to its model's home; one whose conditions span finds its keys first."""

from unittest.mock import patch

from django import VERSION
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat

from causeway.placements.staged import writes
from tests.library.models import Article, Author
from tests.shop.models import Comment, Content
from tests.staged.cases import StagedTestCase, march


class SpanningWritesTests(StagedTestCase):
    def test_update_of_local_rows_by_a_core_column(self):
        self.assertEqual(Comment.objects.filter(article__author__name="Ben").update(text="new"), 2)
        self.assertCountEqual(
            Comment.objects.filter(text="new").values_list("article__title", flat=True), ["Canals"] * 2
        )

    def test_update_of_core_rows_by_a_local_column(self):
        self.assertEqual(
            Article.objects.filter(comments__flagged=True).update(title=Concat("title", Value("!"))), 2
        )
        self.assert_titles(Article.objects.filter(title__endswith="!"), ["Bridges!", "Canals!"])

    def test_update_with_values_of_the_other_database(self):
        title = Article.objects.filter(pk=OuterRef("article_id")).values("title")
        self.assertEqual(Comment.objects.update(text=Subquery(title)), 7)
        self.assertFalse(Comment.objects.exclude(text=F("article__title")).exists())

    def test_deletion_by_the_other_database(self):
        deleted, _ = Comment.objects.filter(article__title="Bridges").delete()
        self.assertEqual(deleted, 3)
        self.assertEqual(Comment.objects.count(), 4)
        self.assertEqual(Comment.objects.filter(article__title="Canals")._raw_delete("default"), 2)

    def test_a_cascade_from_core_takes_local_rows_along(self):
        _, by_model = Author.objects.get(name="Ada").delete()
        self.assertEqual(by_model["shop.Comment"], 4)
        self.assertEqual(Comment.objects.count(), 3)

    def test_in_chunks(self):
        for features in {type(connections[alias].features) for alias in ("default", "core")}:
            self.enterContext(patch.object(features, "max_query_params", 8))
        with patch.object(writes, "CHUNK", 2):
            self.assertEqual(Comment.objects.exclude(article__title="Dams").update(flagged=True), 6)
        self.assertEqual(Comment.objects.filter(flagged=True).count(), 6)
        self.assertEqual(Comment.objects.filter(article__author__name="Ada").count(), 4)

    def test_statements_of_either_home_do_not_reach_the_other(self):
        with self.assertNumQueries(0, using="core"):
            Comment.objects.filter(flagged=True).update(text="x")
            list(Comment.objects.filter(text="x"))
        with connections["default"].execute_wrapper(self.refuse):
            Article.objects.filter(title="Dams").update(title="Dikes")
            self.assertEqual(Article.objects.using("default").get(title="Dikes")._state.db, "core")

    def refuse(self, execute, sql, *args):
        raise AssertionError(sql)

    def test_save_with_a_value_of_the_other_database(self):
        for row, name, value in (
            (Comment.objects.get(text="Deep"), "text", Article.objects.filter(title="Dams").values("title")),
            (Article.objects.get(title="Locks"), "title", Comment.objects.filter(text="Long").values("text")),
        ):
            with self.subTest(row=row):
                setattr(row, name, Subquery(value[:1]))
                row.save()
                row.refresh_from_db()
                self.assertIn(getattr(row, name), {"Dams", "Long"})

    def test_what_a_save_returns(self):
        comment = Comment.objects.get(text="Deep")
        comment.text = Subquery(Article.objects.filter(title="Dams").values("title")[:1])
        comment.save(update_fields=["text"])
        if VERSION >= (6, 0):
            self.assertEqual(comment.text, "Dams")

    def test_update_or_create_with_a_value_of_the_other_database(self):
        title = Article.objects.filter(title="Dams").values("title")[:1]
        comment, created = Comment.objects.update_or_create(text="Deep", defaults={"text": Subquery(title)})
        comment.refresh_from_db()
        self.assertEqual((comment.text, created), ("Dams", False))

    def test_subqueries_that_name_the_alias_of_the_child(self):
        flagged = Comment.objects.using("default").filter(flagged=True).values("article")
        self.assert_titles(Article.objects.filter(pk__in=flagged), ["Bridges", "Canals"])
        self.assert_titles(Article.objects.filter(comments__in=Comment.objects.using("default")[:0]), [])
        self.assertEqual(Article.objects.exclude(pk__in=flagged).count(), 4)
        self.assertEqual(Article.objects.filter(pk__in=flagged).update(title="T"), 2)
        self.assertEqual(Comment.objects.filter(article__in=Article.objects.using("default")).count(), 7)
        ada = Author.objects.using("default").filter(name="Ada")
        self.assertEqual(Article.objects.filter(author__in=ada).count(), 2)
        Article.objects.filter(pk__in=flagged).delete()
        self.assertFalse(Article.objects.filter(title="T").exists())

    def test_subqueries_of_rows_in_both_that_name_the_alias_of_the_child(self):
        Content.objects.create(pk=self.articles["Dams"].pk, title="here", slug="here")
        Content.contents.create(pk=self.articles["Canals"].pk, title="in core", slug="in-core")
        here = Content.objects.using("default").values("pk")
        self.assert_titles(Article.objects.filter(pk__in=here), ["Dams"])


class ClaimTests(StagedTestCase):
    """What a write asks of its rows themselves holds when they are written, whoever wrote them since they were found."""

    def after_they_are_found(self, write):
        """For this test, have another write be done after the rows of one are found, once."""
        find = writes.FoundRows.__init__
        writing = [write]

        def found_and_written(rows, *args):
            find(rows, *args)
            if writing:
                writing.pop()()

        self.enterContext(patch.object(writes.FoundRows, "__init__", found_and_written))

    def take(self, text):
        self.after_they_are_found(lambda: Comment.objects.filter(text=text).update(flagged=True))

    def assert_taken(self, condition, *texts):
        Comment.objects.filter(text__in=["Strong", "High", "Deep", "Long"]).update(flagged=False)
        self.take("High")
        number = Comment.objects.filter(condition).update(text=Concat("text", Value("!")))
        found = Comment.objects.filter(text__endswith="!").values_list("text", flat=True)
        self.assertEqual((sorted(found), number), ([f"{text}!" for text in texts], len(texts)))

    def test_an_update_of_rows_that_another_took(self):
        free = Q(flagged=False)
        self.assert_taken(free & Q(article__title="Bridges"), "Strong")

    def test_conditions_within_others(self):
        bridges, canals = Q(article__title="Bridges"), Q(article__title="Canals")
        for condition, texts in (
            (bridges & ~Q(flagged=True), ["Strong"]),
            (~(Q(flagged=True) | ~bridges), ["Strong"]),
            ((bridges & Q(flagged=False)) | canals, ["Green", "Slow", "Strong"]),
            (Q(flagged=False) | canals, ["Deep", "Green", "Long", "Slow", "Strong"]),
            (Q(flagged=True) ^ bridges, ["Green", "Slow", "Strong"]),
            (Q(article__author__name="Ada", flagged=False) & ~Q(article__title="Dams"), ["Strong"]),
            (Q(flagged=False, article__tags__name__in=["stone", "steel"]), ["Long", "Strong"]),
            (
                Q(flagged=False)
                & (Q(article__tags__name="water") | Q(text="High", article__tags__name="steel")),
                ["Deep"],
            ),
        ):
            with self.subTest(condition=condition), transaction.atomic(), transaction.atomic(using="core"):
                self.assert_taken(condition, *texts)
                for alias in ("default", "core"):
                    transaction.set_rollback(True, using=alias)

    def test_a_row_is_written_once_however_it_is_found(self):
        """By one of the rows joined with it a condition holds for it, by another one it does not."""
        stone_or_strong = Q(article__tags__name="stone") | Q(text="Strong")
        self.assertEqual(
            Comment.objects.filter(stone_or_strong, article__title="Bridges").update(
                text=Concat("text", Value("!"))
            ),
            3,
        )
        self.assertEqual(Comment.objects.filter(text__endswith="!!").count(), 0)

    def test_a_deletion(self):
        self.take("High")
        deleted = Comment.objects.filter(article__title="Bridges", flagged=False)._raw_delete("default")
        self.assertEqual(deleted, 1)
        self.assertCountEqual(
            Comment.objects.filter(article__title="Bridges").values_list("text", flat=True), ["Rusty", "High"]
        )

    def test_rows_of_core(self):
        flagged = Article.objects.filter(comments__flagged=True)
        for taking in ({"title": "taken"}, {"created_at": march(9)}):
            with self.subTest(taking=taking), transaction.atomic(using="core"):
                self.after_they_are_found(
                    lambda taking=taking: Article.objects.filter(slug="canals").update(**taking)
                )
                claimed = flagged.filter(title__in=["Bridges", "Canals"], created_at__lt=march(8))
                self.assertEqual(claimed.update(title="claimed"), 1)
                self.assert_titles(Article.objects.filter(title="claimed"), ["claimed"])
                transaction.set_rollback(True, using="core")

    def test_values_that_are_computed_elsewhere(self):
        title = Article.objects.filter(pk=OuterRef("article_id")).values("title")
        self.take("High")
        self.assertEqual(Comment.objects.filter(flagged=False).update(text=Subquery(title)), 3)
        self.assertEqual(Comment.objects.get(pk=self.comments[2].pk).text, "High")


class TemporaryTablesTests(StagedTestCase):
    """They are gone when their query is."""

    def setUp(self):
        super().setUp()
        self.carry_inline(0)
        self.made = []
        create = connection.ops.create_temporary

        def note(cursor, name, *args):
            self.made.append(name)
            create(cursor, name, *args)

        self.enterContext(patch.object(connection.ops, "create_temporary", note))

    def assert_gone(self):
        self.assertTrue(self.made)
        for name in self.made:
            with self.assertRaises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SELECT 1 FROM {name}")
        self.assertEqual(connection.ops.left_over, [])

    def test_of_a_query(self):
        comments = Comment.objects.exclude(article__title="Dams").order_by("pk")
        self.assertEqual(len(comments), 6)
        self.assert_gone()

    def test_of_rows_read_one_by_one(self):
        texts = []
        for comment in Comment.objects.exclude(article__title="Dams").order_by("pk").iterator(chunk_size=1):
            texts.append(comment.text)
            # Another such query meanwhile.
            self.assertEqual(Comment.objects.filter(article__title="Bridges").count(), 3)
        self.assertEqual(len(texts), 6)
        self.assertEqual(Comment.objects.exclude(article__title="Dams").count(), 6)
        self.assert_gone()

    def test_of_rows_not_read_to_the_end(self):
        comments = Comment.objects.exclude(article__title="Dams").order_by("pk").iterator(chunk_size=1)
        next(comments)
        comments.close()
        self.assert_gone()

    def test_a_table_named_twice(self):
        dams = Comment.objects.filter(article__title__startswith="Dams")
        both = dams.union(Comment.objects.filter(article__author__articles__title="Canals"))
        self.assertEqual(both.count(), 3)
        self.assert_gone()
