"""Rows of core that go to a temporary table as core's server writes them: PostgreSQL's COPY to COPY."""

from unittest.mock import patch

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.models import Count, OuterRef, Subquery
from django.test import TransactionTestCase

from causeway import explain, max_staged_rows
from causeway.exceptions import CoreUnavailable, TooManyStagedRows
from tests.library.models import Article, Author
from tests.orm.newsroom import COMMENTS, TITLES
from tests.shop.models import Comment, Shelf
from tests.staged.cases import StagedTestCase, march


def counted():
    return Article.objects.annotate(number=Count("comments")).order_by("-number", "title")


class ShippedMixin:
    """Notes what is shipped so."""

    def setUp(self):
        super().setUp()
        if {connection.vendor, connections["core"].vendor} != {"postgresql"}:
            self.skipTest("This one is PostgreSQL's.")
        self.enterContext(patch.object(connection.ops, "inline_limit", 0))
        self.shipped = []
        self.ship = connection.ops.ship
        self.enterContext(patch.object(connection.ops, "ship", self.noted))

    def noted(self, *args):
        self.shipped.append(self.ship(*args))
        return self.shipped[-1]


class ShippingTests(ShippedMixin, StagedTestCase):
    def test_a_whole_table(self):
        explanation = explain(counted(), analyze=True)
        (table,) = explanation.tables
        ((rows, size),) = self.shipped
        assert (table.rows, table.bytes, table.vehicle) == (rows, size, "temporary table")
        assert rows == len(TITLES)
        numbers = {article.title: article.number for article in counted()}
        assert numbers == {title: sum(title == of for of, *_ in COMMENTS) for title in TITLES}

    def test_what_conditions_leave(self):
        early = counted().filter(created_at__lt=march(3))
        titles = {article.title for article in early}
        assert titles == {"Bridges", "Dams", "Canals"}
        assert self.shipped[0][0] == len(titles)

    def test_a_table_that_two_conditions_reduce(self):
        """The rows of both go to one table, so they come to this process."""
        early, late = {"articles__created_at__lt": march(2)}, {"articles__created_at__gte": march(2)}
        assert {shelf.name for shelf in Shelf.objects.filter(**early).filter(**late)} == {"Reading", "All"}
        assert not self.shipped

    def test_a_table_of_which_rows_are_locked(self):
        """The locked rows are fetched by themselves, so they come to this process with the others."""
        alike = Article.objects.filter(title__gt=OuterRef("text")).order_by().values("author")
        number = Subquery(alike.annotate(number=Count("*")).order_by("author").values("number")[:1])
        comments = Comment.objects.annotate(number=number).select_related("article").order_by("pk")
        expected = [comment.number for comment in comments]
        assert any(expected)
        with transaction.atomic():
            locked = comments.select_for_update(of=("article",))
            assert [comment.number for comment in locked] == expected

    def test_more_rows_than_are_allowed(self):
        with (
            patch.object(type(connections["core"].ops), "estimated_rows", lambda *args: 1),
            max_staged_rows(2),
            pytest.raises(TooManyStagedRows),
        ):
            list(counted())
        assert connection.ops.left_over == []
        assert len(counted()) == len(TITLES)


@pytest.mark.staged("core has a connection of its own")
class ShippingTransactionTests(ShippedMixin, TransactionTestCase):
    databases = {"default", "core"}

    def setUp(self):
        super().setUp()
        author = Author.objects.create(name="Ada")
        for number in range(3):
            article = Article.objects.create(title=str(number), slug=str(number), author=author)
            Comment.objects.create(article=article, text=str(number))

    def test_core_is_only_read(self):
        core = connections["core"]
        with transaction.atomic("core"), transaction.atomic():
            assert len(counted()) == 3
            assert core.unit.written == []
        assert self.shipped == [(3, self.shipped[0][1])]

    def test_core_is_lost_on_the_way(self):
        def lose(*args):
            self.end_session()
            return self.ship(*args)

        with patch.object(connection.ops, "ship", lose), pytest.raises(CoreUnavailable):
            list(counted())
        assert connection.ops.left_over == []
        assert [article.number for article in counted()] == [1, 1, 1]

    def test_an_error_of_core_leaves_the_childs_transaction(self):
        core = connections["core"]

        def fail(*args):
            with core.cursor() as cursor:
                cursor.execute("SET statement_timeout = '1ms'")
            *first, sql, params = args
            return self.ship(*first, f"SELECT slow.* FROM ({sql}) AS slow, pg_sleep(1)", params)

        with patch.object(connection.ops, "ship", fail), transaction.atomic():
            Shelf.objects.create(name="before")
            with pytest.raises(OperationalError):
                list(counted())
            assert Shelf.objects.count() == 1
        with core.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
        assert Shelf.objects.count() == 1
        assert len(counted()) == 3

    def end_session(self):
        core = connections["core"]
        other = core.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 60000)", [core.connection.info.backend_pid])
        other.close()
