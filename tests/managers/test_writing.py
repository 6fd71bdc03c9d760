"""What both managers write: their own database and no other."""

import copy
import pickle

from django.db import IntegrityError, connections, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from tests.managers.rows import BothManagersTestCase, seed
from tests.shop.models import Content


class WritingTestCase(BothManagersTestCase):
    def test_create_and_then_save(self):
        row = self.manager.create(slug="d", title="new")
        self.assert_at_home(row)
        self.assert_stored(d="new")
        row.title = "newer"
        row.save()
        self.assert_stored(d="newer")

    def test_get_and_then_save(self):
        row = self.manager.get(slug="a")
        row.title = "changed"
        row.save()
        self.assert_stored(a="changed")
        row.title, row.slug = "changed again", "lost"
        row.save(update_fields=["title"])
        self.assert_stored(a="changed again")

    def test_a_copy_of_a_row_is_saved_where_it_came_from(self):
        row = self.manager.get(slug="a")
        for number, twin in enumerate([copy.copy(row), copy.deepcopy(row), pickle.loads(pickle.dumps(row))]):
            twin.title = f"changed {number}"
            twin.save()
            self.assert_stored(a=f"changed {number}")

    def test_a_row_with_a_new_key_is_a_new_row_of_the_same_database(self):
        row = self.manager.get(slug="a")
        row.pk, row.slug, row.title = None, "d", "twin"
        row.save()
        self.assert_stored(d="twin")

    def test_a_row_of_every_queryset_method_is_saved_where_it_came_from(self):
        rows = [
            self.manager.order_by("slug").first(),
            next(self.manager.filter(slug="a").iterator()),
            self.manager.in_bulk([1])[1],
            self.manager.only("slug").get(slug="a"),
            self.manager.raw("SELECT * FROM content WHERE slug = 'a'")[0],
            self.manager.filter(slug="a").union(self.manager.filter(slug="a")).get(),
        ]
        for number, row in enumerate(rows):
            row.title = f"changed {number}"
            row.save()
            self.assert_stored(a=f"changed {number}")

    def test_save_with_f_expressions(self):
        row = self.manager.get(slug="b")
        row.title = Concat(F("title"), Value("!"))
        row.save()
        row.refresh_from_db()
        self.assert_stored(b=row.title)
        self.assertEqual(row.title, f"{self.alias} b!")

    def test_update(self):
        self.assertEqual(self.manager.filter(slug__in="ab").update(title="updated"), 2)
        self.assert_stored(a="updated", b="updated")
        self.assertEqual(self.manager.update(title=Concat("slug", Value("!"))), 3)
        self.assert_stored(a="a!", b="b!", c="c!")

    def test_delete(self):
        row = self.manager.get(slug="a")
        self.assertEqual(row.delete(), (1, {"shop.Content": 1}))
        self.assert_stored(a=None)
        self.assertEqual(self.manager.filter(slug="b").delete(), (1, {"shop.Content": 1}))
        self.assert_stored(a=None, b=None)
        self.manager.all().delete()
        self.assert_stored(a=None, b=None, c=None)

    def test_get_or_create(self):
        row, created = self.manager.get_or_create(slug="a", defaults={"title": "lost"})
        self.assertEqual((row.title, created), (f"{self.alias} a", False))
        row, created = self.manager.get_or_create(slug="d", defaults={"title": "made"})
        self.assertTrue(created)
        self.assert_at_home(row)
        self.assert_stored(d="made")

    def test_update_or_create(self):
        row, created = self.manager.update_or_create(slug="a", defaults={"title": "updated"})
        self.assertFalse(created)
        self.assert_at_home(row)
        row, created = self.manager.update_or_create(
            slug="d", defaults={"title": "lost"}, create_defaults={"title": "made"}
        )
        self.assertTrue(created)
        self.assert_stored(a="updated", d="made")

    def test_bulk_create(self):
        rows = self.manager.bulk_create([Content(slug=slug, title=slug) for slug in "def"], batch_size=2)
        if connections[self.alias].features.can_return_rows_from_bulk_insert:
            self.assert_at_home(*rows)
        else:
            # As with one database, MySQL tells no keys, and such rows belong to none yet.
            self.assertEqual({(row.pk, row._state.db) for row in rows}, {(None, None)})
        self.assert_stored(d="d", e="e", f="f")

    def test_bulk_create_ignoring_conflicts(self):
        self.manager.bulk_create([Content(slug=slug, title="new") for slug in "ad"], ignore_conflicts=True)
        self.assert_stored(d="new")

    def test_bulk_create_updating_conflicts(self):
        can_name_target = connections[self.alias].features.supports_update_conflicts_with_target
        self.manager.bulk_create(
            [Content(slug=slug, title="new") for slug in "ad"],
            update_conflicts=True,
            update_fields=["title"],
            unique_fields=["slug"] if can_name_target else None,
        )
        self.assert_stored(a="new", d="new")

    def test_bulk_update(self):
        rows = list(self.manager.exclude(slug="c"))
        for row in rows:
            row.title = f"{row.slug}!"
        self.assertEqual(self.manager.bulk_update(rows, ["title"], batch_size=1), 2)
        self.assert_stored(a="a!", b="b!")

    def test_unique_within_one_database_only(self):
        with self.assertRaises(IntegrityError), transaction.atomic(using=self.alias):
            self.manager.create(slug="a", title="twice")
        self.assert_stored()

    def test_select_for_update(self):
        with transaction.atomic(using=self.alias):
            row = self.manager.select_for_update().get(slug="a")
            row.title = "locked"
            row.save()
        self.assert_stored(a="locked")

    def test_a_transaction_of_the_database(self):
        with self.assertRaises(ZeroDivisionError), transaction.atomic(using=self.alias):
            self.manager.update(title="lost")
            _ = 1 / 0
        self.assert_stored()


class LocalWritingTests(WritingTestCase):
    alias = "default"


class CoreWritingTests(WritingTestCase):
    alias = "core"

    def test_a_row_is_moved_to_the_other_database_by_name_alone(self):
        """Stock Django: ``save(using=...)`` says where."""
        row = Content(slug="d", title="new")
        row.save(using="core")
        self.assert_stored(d="new")
        self.assertEqual(seed("default"), dict(Content.objects.values_list("slug", "title")))
