"""A connection that gives the name of another vendor, as tests of packages have it do."""

from unittest.mock import patch

import pytest
from django.db import connection
from django.test import TestCase

from tests.library.models import Article, Author
from tests.shop.models import Comment


@pytest.mark.linked("staged, each connection is asked for its own")
class VendorTests(TestCase):
    databases = {"default", "core"}

    def test_core_stays_linked(self):
        article = Article.objects.create(
            author=Author.objects.create(name="Ada"), title="Bridges", slug="bridges"
        )
        Comment.objects.create(article=article, text="Mind the gap.")
        with patch.object(connection, "vendor", "unknown"):
            self.assertEqual(Article.objects.get(comments__text="Mind the gap."), article)
