"""The async methods of both managers."""

from django.db.models import Max

from tests.managers.rows import BothManagersTestCase, seed
from tests.shop.models import Content


class AsyncTestCase(BothManagersTestCase):
    async def test_reading(self):
        row = await self.manager.aget(slug="a")
        self.assert_at_home(row, await self.manager.afirst(), await self.manager.alast())
        self.assertEqual(row.title, seed(self.alias)["a"])
        self.assertEqual(await self.manager.acount(), 3)
        self.assertTrue(await self.manager.filter(title=seed(self.alias)["b"]).aexists())
        self.assertFalse(await self.manager.filter(title=seed(self.other)["b"]).aexists())
        found = {row.slug: row.title async for row in self.manager.all()}
        self.assertEqual(found, seed(self.alias))
        found = {row.slug: row.title async for row in self.manager.aiterator(chunk_size=1)}
        self.assertEqual(found, seed(self.alias))
        self.assertEqual(await self.manager.aaggregate(last=Max("title")), {"last": seed(self.alias)["c"]})
        self.assertEqual((await self.manager.ain_bulk([2]))[2].title, seed(self.alias)["b"])
        self.assertEqual((await self.manager.aearliest("slug")).title, seed(self.alias)["a"])
        self.assertEqual((await self.manager.alatest("slug")).title, seed(self.alias)["c"])

    async def test_rows(self):
        row = await self.manager.acreate(slug="d", title="new")
        row.title = "newer"
        await row.asave()
        again = await self.manager.aget(slug="d")
        again.title = "lost"
        await again.arefresh_from_db()
        self.assertEqual(again.title, "newer")
        await (await self.manager.aget(slug="a")).adelete()
        self.assertEqual(await self.stored(), {**seed(self.alias), "d": "newer", "a": None})

    async def test_querysets(self):
        await self.manager.abulk_create([Content(slug="d", title="new")])
        rows = [row async for row in self.manager.filter(slug="d")]
        rows[0].title = "newer"
        await self.manager.abulk_update(rows, ["title"])
        await self.manager.filter(slug="a").aupdate(title="updated")
        await self.manager.filter(slug="b").adelete()
        _, created = await self.manager.aget_or_create(slug="a", defaults={"title": "lost"})
        self.assertFalse(created)
        _, created = await self.manager.aupdate_or_create(slug="e", defaults={"title": "made"})
        self.assertTrue(created)
        expected = {"a": "updated", "b": None, "c": seed(self.alias)["c"], "d": "newer", "e": "made"}
        self.assertEqual(await self.stored(), expected)

    async def stored(self):
        """Title by slug, None for a row of the seed that is gone."""
        found = {row.slug: row.title async for row in Content.objects.using(self.alias)}
        return {**dict.fromkeys(seed(self.alias)), **found}


class LocalAsyncTests(AsyncTestCase):
    alias = "default"


class CoreAsyncTests(AsyncTestCase):
    alias = "core"
