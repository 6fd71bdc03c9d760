"""Which foreign keys of a table become constraints, by where the table is made."""

from unittest.mock import patch

from django.db import connections, models
from django.test import TransactionTestCase
from django.test.utils import isolate_apps

from causeway.models import CoreManager
from tests.library.models import Article
from tests.shop.models import Comment


def made_on(alias, model):
    """The SQL that makes the model's table there, with its constraints."""
    with (
        patch("causeway.backends.base.base.may_migrate", return_value=True),
        connections[alias].schema_editor(collect_sql=True, atomic=False) as editor,
    ):
        editor.create_model(model)
    return " ".join(editor.collected_sql)


@isolate_apps("tests.orm")
class ConstraintTests(TransactionTestCase):  # SQLite changes no schema within a transaction
    databases = {"default", "core"}

    def setUp(self):
        class Page(models.Model):  # noqa: DJ008 - nobody prints it
            comment = models.ForeignKey(Comment, models.CASCADE)
            article = models.ForeignKey(Article, models.CASCADE)
            parent = models.ForeignKey("self", models.CASCADE)

            objects = models.Manager()
            contents = CoreManager()

            class Meta:
                app_label = "orm"

        self.page = Page

    def test_in_core_a_model_with_rows_in_both_refers_to_what_stands_there(self):
        sql = made_on("core", self.page)
        self.assertNotIn("shop_comment", sql)
        self.assertRegex(sql, "REFERENCES .library_article.")
        self.assertRegex(sql, "REFERENCES .orm_page.")

    def test_at_home_it_refers_to_local_tables(self):
        sql = made_on("default", self.page)
        self.assertRegex(sql, "REFERENCES .shop_comment.")
        self.assertRegex(sql, "REFERENCES .orm_page.")

    def test_columns_stay_where_there_is_no_constraint(self):
        self.assertIn("comment_id", made_on("core", self.page))
        self.assertTrue(self.page._meta.get_field("comment").db_constraint)
