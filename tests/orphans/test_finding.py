"""Which local rows are found to be orphans."""

import json
from unittest.mock import patch

from django.contrib.contenttypes.models import ContentType

from causeway.orphans import relations
from tests.library.models import Author
from tests.managers.models import Page
from tests.orm.models import Place, Sticker, Theatre
from tests.orphans.cases import OrphansTestCase, lose, relation
from tests.shop.models import Bookmark, Content, Label, Pin, Story


def pages_of(keys):
    """For a block, core is asked for so many keys at once."""
    return patch("causeway.orphans.relations.PAGE", keys)


class FindingTests(OrphansTestCase):
    def test_none_where_every_core_row_is_there(self):
        self.assert_found()

    def test_rows_that_refer_to_nothing_by_each_kind_of_relation(self):
        Pin.objects.create(article=self.articles["Bridges"], position=1)
        lose(self.articles["Bridges"])
        self.assert_found(
            orm__Visit__article=2,  # by the slug
            shop__Bookmark__article=1,  # and not the one that is NULL
            shop__Comment__article=3,
            shop__Pin__article=1,
            shop__Rating__article=1,
            shop__Shelf__articles=2,
        )

    def test_rows_that_inherit_from_a_core_row(self):
        story = Story.objects.create(title="Ferries", slug="ferries", author=self.authors["Ada"])
        theatre = Theatre.objects.create(name="Globe", country="GB", seats=9)
        lose(story.article_ptr, theatre.place_ptr)
        # The theatre's row refers to that of the venue, which is there.
        self.assert_found(orm__Venue__place_ptr=1, shop__Story__article_ptr=1)

    def test_rows_that_refer_by_a_generic_key(self):
        for target in (self.articles["Bridges"], self.articles["Dams"], self.comments[0]):
            Label.objects.create(name="label", target=target)
        place = Place.objects.create(name="Hull", country="GB")
        Sticker.objects.create(name="sticker", target=place)
        lose(self.articles["Dams"], place)
        found = self.found()
        self.assertEqual((found["shop.Label.target"], found["orm.Sticker.target"]), (1, 1))

    def test_generic_keys_of_local_rows_and_of_unknown_models_are_none(self):
        unknown = ContentType.objects.create(app_label="gone", model="gone")
        Label.objects.create(name="unknown", content_type=unknown, object_id=1)
        Label.objects.create(
            name="local", content_type=ContentType.objects.get_for_model(Bookmark), object_id=10**6
        )
        self.assert_found()

    def test_rows_of_a_model_with_a_core_manager(self):
        author = Author.objects.create(name="Dot")
        Page.objects.create(title="own", slug="own", author=author)
        lose(author)
        self.assert_found(managers__Page__author=1)

    def test_rows_that_refer_to_local_rows_are_not_looked_at(self):
        labels = {found.label for found in relations()}
        self.assertFalse({"managers.Remark.content", "orm.Leaf.pk", "shop.Content"} & labels)
        self.assertNotIn(Content, {found.target for found in relations()})

    def test_one_key_a_page(self):
        with pages_of(1):
            lose(self.articles["Bridges"], self.articles["Canals"])
            found = self.found()
        self.assertEqual(found["shop.Comment.article"], 5)
        self.assertEqual(found["orm.Visit.article"], 2)

    def test_more_keys_than_a_page_has(self):
        with pages_of(2):
            lose(self.articles["Piers"])
            self.assertEqual(relation("shop.Comment.article").counted(5), (1, [self.articles["Piers"].pk]))
            self.assertEqual(relation("orm.Visit.article").counted(5), (0, []))

    def test_json_tells_all_there_is_to_a_relation(self):
        lose(self.articles["Piers"])
        written, error = self.run_command("--format", "json", "--relation", "shop.Comment.article")
        self.assertEqual(
            json.loads(written),
            [
                {
                    "relation": "shop.Comment.article",
                    "target": "library.Article",
                    "on_delete": "CASCADE",
                    "count": 1,
                    "sample": [self.articles["Piers"].pk],
                    "repaired": 0,
                    "remaining": 1,
                }
            ],
        )
        self.assertEqual(error.returncode, 1)

    def test_a_key_that_no_core_row_can_have(self):
        content_type = ContentType.objects.get_for_model(Place)
        Sticker.objects.create(name="far", content_type=content_type, object_id=2**40)
        self.assert_found(orm__Sticker__target=1)
        self.assertIsNone(relation("orm.Sticker.target").pk("no number"))
