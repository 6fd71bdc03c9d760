"""Rows of ``Content`` with the same keys in both databases, told apart by their titles."""

from django.db import connections
from django.test import TestCase

from tests.shop.models import Content

SLUGS = ("a", "b", "c")
ALIASES = ("default", "core")


def stored(alias):
    """Title by slug, read from the table itself: no manager, no router."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT slug, title FROM content")
        return dict(cursor.fetchall())


def seed(alias):
    return {slug: f"{alias} {slug}" for slug in SLUGS}


class BothManagersTestCase(TestCase):
    """Each test runs for both managers; after it, the other database must be as it was.

    A subclass names the alias and has ``manager``.
    """

    databases = {"default", "core"}
    alias: str

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.__test__ = "alias" in vars(cls)

    @property
    def manager(self):
        return Content.contents if self.alias == "core" else Content.objects

    @property
    def other(self):
        return next(alias for alias in ALIASES if alias != self.alias)

    def setUp(self):
        for alias in ALIASES:
            for number, (slug, title) in enumerate(seed(alias).items(), 1):
                Content(pk=number, slug=slug, title=title).save(using=alias, force_insert=True)

    def tearDown(self):
        self.assertEqual(stored(self.other), seed(self.other))

    def assert_stored(self, **changes):
        """The database of the manager holds the seed with these titles; None for a row that is gone."""
        expected = {**seed(self.alias), **changes}
        self.assertEqual(
            stored(self.alias), {slug: title for slug, title in expected.items() if title is not None}
        )

    def assert_at_home(self, *rows):
        """The rows know the database that they came from."""
        self.assertEqual({row._state.db for row in rows}, {self.alias})
