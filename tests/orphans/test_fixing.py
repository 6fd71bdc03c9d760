"""What ``--fix`` does to orphans."""

import unittest
from unittest.mock import patch

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError
from django.db.models.signals import post_delete, pre_delete

from causeway.orphans import repair
from causeway.orphans.repair import repair_chunk
from tests.orm import models
from tests.orm.models import Anchor, Place, Sticker, Theatre, Venue
from tests.orphans.cases import OrphansTestCase, lose, relation
from tests.shop.models import Bookmark, Comment, Label, Pin, Shelf, Story


class FixingTests(OrphansTestCase):
    def fix(self, *arguments):
        return self.run_command("--fix", *arguments)

    def test_what_on_delete_says_is_done(self):
        lose(self.articles["Bridges"])
        written, error = self.fix()
        self.assertIsNone(error)
        self.assertIn("shop.Comment.article (CASCADE): repaired 3 of 3 orphans.\n", written)
        self.assertIn("There are no orphans (", written)
        self.assertEqual(Comment.objects.count(), 4)
        self.assertIsNone(Bookmark.objects.get(pk=self.bookmarks[0].pk).article_id)
        self.assertEqual(Shelf.objects.get(name="Reading").articles.get().title, "Canals")
        self.assert_found()

    def test_set_default_and_set(self):
        anchor = Anchor.objects.create(name="anchor")
        default = Anchor.objects.create(name="default")
        for name in ("Set", "SetDefault", "SetNull"):
            getattr(models, f"Local{name}").objects.create(name="row", anchor=anchor)
        lose(anchor)
        self.assertIsNone(self.fix()[1])
        self.assertEqual(models.LocalSetDefault.objects.get().anchor, default)
        self.assertEqual(models.LocalSet.objects.get().anchor.name, "substitute")
        self.assertIsNone(models.LocalSetNull.objects.get().anchor)

    @unittest.skipUnless(models.HAS_DB_CASCADE, "Django 6.1 and later have DB_CASCADE")
    def test_what_is_left_to_the_database(self):
        mooring = models.Mooring.objects.create(name="goes")
        models.LocalDBCascade.objects.create(name="row", mooring=mooring)
        models.LocalDBSetNull.objects.create(name="row", mooring=mooring)
        lose(mooring)
        self.assertIsNone(self.fix()[1])
        self.assertFalse(models.LocalDBCascade.objects.exists())
        self.assertIsNone(models.LocalDBSetNull.objects.get().mooring_id)

    def test_what_on_delete_leaves_alone_is_left_and_told(self):
        pin = Pin.objects.create(article=self.articles["Locks"], position=1)
        anchor = Anchor.objects.create(name="anchor")
        for name in ("Restrict", "DoNothing"):
            getattr(models, f"Local{name}").objects.create(name="row", anchor=anchor)
        lose(self.articles["Locks"], anchor)
        written, error = self.fix()
        self.assertEqual(error.returncode, 1)
        self.assertEqual(str(error), "There are rows whose core row is gone: 3 orphans by 3 relations.")
        self.assertIn(
            f"shop.Pin.article (PROTECT): 1 orphan of library.Article, which lacks {pin.article_id}. PROTECT leaves "
            f"them to you: restore the rows of library.Article, or change or delete these.\n",
            written,
        )
        self.assert_found(orm__LocalDoNothing__anchor=1, orm__LocalRestrict__anchor=1, shop__Pin__article=1)

    def test_rows_whose_parent_is_gone_go_with_those_that_inherit_from_them(self):
        story = Story.objects.create(title="Ferries", slug="ferries", author=self.authors["Ada"])
        stays = Story.objects.create(title="Rafts", slug="rafts", author=self.authors["Ada"])
        theatre = Theatre.objects.create(name="Globe", country="GB", seats=9)
        lose(story.article_ptr, theatre.place_ptr)
        self.assertIsNone(self.fix()[1])
        self.assertEqual(Story.objects.get(), stays)
        for model in (Venue, Theatre):
            self.assertFalse(relation("orm.Venue.place_ptr").rows.exists(), model)

    def test_generic_keys_go_where_a_generic_relation_leads_back(self):
        place = Place.objects.create(name="Hull", country="GB")
        Sticker.objects.create(name="sticker", target=place)
        Label.objects.create(name="label", target=self.articles["Draft of weirs"])
        lose(self.articles["Draft of weirs"], place)
        written, error = self.fix()
        self.assertIn("shop.Label.target (DO_NOTHING): 1 orphan of library.Article", written)
        self.assertEqual(error.returncode, 1)
        self.assertFalse(Sticker.objects.exists())
        self.assertTrue(Label.objects.exists())

    def test_what_refers_to_a_deleted_row_goes_as_django_deletes_it(self):
        anchor, other = (Anchor.objects.create(name=name) for name in ("goes", "stays"))
        owner = models.LocalCascade.objects.create(name="owner", anchor=anchor)
        models.LocalRestrict.objects.create(name="owned", anchor=other, owner=owner)
        lose(anchor)
        self.fix()
        self.assertFalse(models.LocalCascade.objects.exists() or models.LocalRestrict.objects.exists())

    def test_signals_are_sent(self):
        texts = []

        def note(instance, **kwargs):
            texts.append(instance.text)

        post_delete.connect(note, sender=Comment)
        self.addCleanup(post_delete.disconnect, note, sender=Comment)
        lose(self.articles["Bridges"])
        self.fix()
        self.assertCountEqual(texts, ["Strong", "Rusty", "High"])

    def refuse(self, *texts):
        """From now on the deletion of comments with these texts is refused."""

        def refuse(instance, **kwargs):
            if instance.text in texts:
                raise IntegrityError("Not this one.")

        pre_delete.connect(refuse, sender=Comment, weak=False)
        self.addCleanup(pre_delete.disconnect, refuse, sender=Comment)

    def test_what_refuses_the_deletion_is_told_and_the_rest_goes_on(self):
        self.refuse("Strong", "Rusty", "High")
        lose(self.articles["Bridges"])
        written, error = self.fix()
        self.assertIn("repaired 0 of 3 orphans. Cannot repair the others: Not this one.\n", written)
        self.assertEqual(error.returncode, 1)
        self.assert_found(shop__Comment__article=3)

    def test_a_row_that_refuses_its_deletion_is_left_alone(self):
        self.refuse("Rusty")
        lose(self.articles["Bridges"])
        written, _ = self.fix()
        self.assertIn("repaired 2 of 3 orphans. Cannot repair the others: Not this one.\n", written)
        self.assert_found(shop__Comment__article=1)
        with patch("causeway.orphans.repair.MOST_REFUSED", 0):
            written, _ = self.fix()
        self.assertIn("repaired 0 of 1 orphan. Cannot repair the others: Not this one.\n", written)

    @patch("causeway.orphans.repair.CHUNK", 2)
    def test_in_chunks(self):
        lose(self.articles["Bridges"], self.articles["Canals"])
        chunks = [tuple(chunk) for chunk in repair(relation("shop.Comment.article"))]
        self.assertEqual(sum(repaired for _, repaired, *_ in chunks), 5)
        self.assertTrue(all(seen <= 2 for seen, *_ in chunks))

    @patch("causeway.orphans.repair.CHUNK", 2)
    def test_it_may_be_stopped_and_run_again(self):
        lose(self.articles["Bridges"])
        calls = []

        def stopped(*arguments):
            calls.append(arguments)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return repair_chunk(*arguments)

        only = ("--relation", "shop.Comment.article")
        with patch("causeway.orphans.repair.repair_chunk", stopped):
            _, error = self.fix(*only)
        self.assertEqual(error.returncode, 130)
        self.assertEqual(
            str(error),
            "Stopped: 2 of 3 orphans found so far are repaired and committed. Run the command again to go on.",
        )
        self.assertEqual(self.stderr.getvalue(), "shop.Comment.article: 2 of 3 rows\n")
        written, error = self.fix(*only)
        self.assertIn("repaired 1 of 1 orphan.", written)
        self.assertIsNone(error)

    def test_a_core_row_that_came_back_keeps_its_rows(self):
        comments = relation("shop.Comment.article")
        keys = [comment.pk for comment in self.comments]
        self.assertEqual(tuple(repair_chunk(comments, keys)), (len(keys), 0, 0, None))
        self.assertEqual(Comment.objects.count(), len(keys))

    def test_a_value_that_has_no_core_row_either(self):
        anchor = Anchor.objects.create(name="anchor")
        row = models.LocalSetDefault.objects.create(name="row", anchor=anchor)
        lose(anchor)
        with patch.object(models.LocalSetDefault._meta.get_field("anchor"), "default", anchor.pk):
            found = relation("orm.LocalSetDefault.anchor")
            vars(found.field).pop("_get_default", None)
            chunks = list(repair(found))
        vars(found.field).pop("_get_default", None)
        self.assertEqual([tuple(chunk) for chunk in chunks], [(1, 0, 1, None)])
        self.assertEqual(models.LocalSetDefault.objects.get(pk=row.pk).anchor_id, anchor.pk)

    def test_a_dry_run_changes_nothing(self):
        place = Place.objects.create(name="Hull", country="GB")
        sticker = Sticker.objects.create(
            name="s", content_type=ContentType.objects.get_for_model(Place), object_id=place.pk
        )
        Pin.objects.create(article=self.articles["Bridges"], position=1)
        lose(self.articles["Bridges"], place)
        before = self.found()
        for arguments in (["--dry-run"], ["--fix", "--dry-run"]):
            written, error = self.run_command(*arguments)
            self.assertIn("shop.Comment.article (CASCADE): would delete 3 rows of shop.Comment.\n", written)
            self.assertIn(
                "shop.Bookmark.article (SET_NULL): would set 1 row of shop.Bookmark to NULL.\n", written
            )
            self.assertIn("shop.Pin.article (PROTECT): would leave 1 row. PROTECT leaves them", written)
            self.assertEqual(error.returncode, 1)
        self.assertEqual(self.found(), before)
        self.assertTrue(Sticker.objects.filter(pk=sticker.pk).exists())
