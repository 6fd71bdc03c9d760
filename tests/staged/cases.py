"""Cases for sessions whose core tables are staged."""

from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from django.db import connection, connections

from causeway.backends.base.operations import OperationsMixin
from causeway.placements.staged import core
from tests.orm.newsroom import NewsroomTestCase


def march(day):
    """The begin of a day on which the articles were made: a condition on it means the same on every engine."""
    return datetime(2024, 3, day, tzinfo=UTC)


# Of the articles, Bridges alone.
FIRST = {"article__created_at__lt": march(2)}


@pytest.mark.staged("what is staged is told")
class StagedTestCase(NewsroomTestCase):
    """Core's estimates are exact in these, so that figures are the same on every engine."""

    def setUp(self):
        exact = {name: vars(OperationsMixin)[name] for name in ("estimated_rows", "estimate_sql")}
        self.enterContext(patch.multiple(type(connections["core"].ops), **exact))
        # Sizes that other tests found.
        self.enterContext(patch.dict(core._sizes, clear=True))

    def carry_inline(self, rows):
        """For this test, up to so many rows go inline, and count as few."""
        self.enterContext(patch.object(connection.ops, "inline_limit", rows))
