"""Rows of another project keep a core row, by a constraint of which this one knows nothing."""

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

import causeway
from tests.databases import engine
from tests.library.models import Article, Author, Tag
from tests.shop.models import Comment


@pytest.mark.postgresql
@pytest.mark.mysql
@pytest.mark.linked("no constraint refers to a staged core")
class RefusedDeletionTests(TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        self.tag = Tag.objects.create(name="kept")
        key, place = Tag._meta.pk.rel_db_type(connection), causeway.table(Tag)
        kind = "SCHEMA" if engine() == "postgresql" else "DATABASE"
        self.name = f"{connections['default'].settings_dict['NAME']}_other"
        self.on_server(f"CREATE {kind} {self.name}")
        self.addCleanup(
            self.on_server, f"DROP {kind} {self.name}{' CASCADE' if engine() == 'postgresql' else ''}"
        )
        deferred = " DEFERRABLE INITIALLY DEFERRED" if engine() == "postgresql" else ""
        self.on_server(
            f"CREATE TABLE {self.name}.other (tag_id {key}, CONSTRAINT held FOREIGN KEY (tag_id) REFERENCES {place} "
            f"(id){deferred})"
        )
        self.on_server(f"INSERT INTO {self.name}.other VALUES ({self.tag.pk})")

    def on_server(self, sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)

    def test_it_is_refused_within_the_block(self):
        """And not when the block ends, when somebody may have been told that it is done."""
        said = []
        for delete in (
            self.tag.delete,
            Tag.objects.all().delete,
            lambda: Tag.objects.all()._raw_delete("default"),
        ):
            tag = Tag(pk=self.tag.pk)
            with self.assertRaises(IntegrityError), transaction.atomic():
                delete()
                said.append("It was deleted.")
            self.tag = tag
            self.assertTrue(Tag.objects.filter(name="kept").exists())
        self.assertEqual(said, [])

    def test_what_the_block_itself_puts_right_is_not_refused(self):
        author = Author.objects.create(name="Ada")
        article = Article.objects.create(title="Dams", slug="dams", author=author)
        comment = Comment.objects.create(article=article, text="Deep")
        if engine() == "mysql":
            # Whose constraints cannot wait.
            comment.delete()
        with transaction.atomic():
            Article.objects.filter(pk=article.pk)._raw_delete("default")
            Comment.objects.all().delete()
        self.assertFalse(Article.objects.exists())

    def test_what_nobody_puts_right_is_refused_at_the_end(self):
        author = Author.objects.create(name="Ada")
        article = Article.objects.create(title="Dams", slug="dams", author=author)
        Comment.objects.create(article=article, text="Deep")
        with self.assertRaises(IntegrityError), transaction.atomic():
            Article.objects.filter(pk=article.pk)._raw_delete("default")
        self.assertTrue(Article.objects.exists())

    def test_other_rows_are_deleted_with_the_queries_that_django_makes(self):
        Tag.objects.create(name="free")
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            Tag.objects.filter(name="free").delete()
        statements = [query["sql"].partition(" ")[0] for query in captured]
        self.assertEqual([word for word in statements if word in {"SAVEPOINT", "SET", "ROLLBACK"}], [])
        with self.assertRaises(IntegrityError):
            self.tag.delete()
