"""Sixteen asyncio tasks that mix both managers and spanning queries."""

import asyncio
import threading

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections

from tests.concurrency.workers import (
    ALIASES,
    ROUNDS,
    WORKERS,
    WorkersTestCase,
    idle_connections,
    server_connections,
)
from tests.library.models import Article
from tests.shop.models import Comment


class TaskTestCase(WorkersTestCase):
    def setUp(self):
        super().setUp()
        # SQLite lets one connection at a time write a file, and waits only so long.
        self.turn = asyncio.Lock()

    def worker(self):
        # The async methods run the driver in a thread; that thread holds the connections.
        return threading.get_ident()

    async def mix(self, number):
        """What the task saw that was wrong."""
        wrong = []
        for turn in range(ROUNDS):
            for manager, title in zip(self.managers(), ("local", "core"), strict=True):
                async with self.turn:
                    row = await manager.acreate(slug=f"task-{number}-{turn}", title="first")
                await asyncio.sleep(0)
                row.title = f"{title} again"
                async with self.turn:
                    await row.asave()
                await row.arefresh_from_db()
                seeds = [r.title async for r in manager.filter(slug__startswith="seed")]
                if (row._state.db, row.title, set(seeds)) != (manager.db, f"{title} again", {title}):
                    wrong.append((manager.name, row._state.db, row.title, seeds))
            comment = await Comment.objects.select_related("article").aget(article__slug=f"article-{number}")
            if comment.article.title != f"Article {number}":
                wrong.append(comment.article.title)
            wrong += [] if await Article.objects.filter(comments__text=f"On {number}").aexists() else [number]
        return wrong

    async def run_all(self, task):
        results = await asyncio.gather(*(task(number) for number in range(WORKERS)))
        self.assertEqual(results, [[]] * WORKERS)


class OneLoopTests(TaskTestCase):
    """Tasks of one event loop share the thread of their worker, as under ``async_to_sync``."""

    async def test_each_manager_keeps_to_its_database(self):
        await self.run_all(self.mix)
        await sync_to_async(self.assert_all_written)()

    async def test_the_worker_opens_no_further_connection(self):
        await sync_to_async(self.titles)()
        self.opened.clear()
        await self.run_all(self.mix)
        self.assertEqual(self.opened, {})


class RequestTests(TaskTestCase):
    """Tasks with a thread each, as an ASGI server runs its requests.

    The tests start the loop themselves: under ``async_to_sync`` every task would share a thread.
    """

    def setUp(self):
        super().setUp()
        self.counted = []
        self.all_here = asyncio.Barrier(WORKERS)

    async def request(self, number):
        async with ThreadSensitiveContext():
            wrong = await self.mix(number)
            await sync_to_async(connections.close_all)()
            return wrong

    def count(self):
        """Called by one task while all of them still have their connections."""

    async def read(self, number):
        """All tasks at once, each with its connections open until the last is through."""
        async with ThreadSensitiveContext():
            wrong = []
            for manager, title in zip(self.managers(), ("local", "core"), strict=True):
                row = await manager.aget(pk=number + 1)
                await asyncio.sleep(0)
                wrong += [] if row.title == title else [(manager.name, row.title)]
            # One counts while the others wait: a server leaves busy connections out of its list.
            if await self.all_here.wait() == 0:
                await sync_to_async(self.count)()
            await self.all_here.wait()
            await sync_to_async(connections.close_all)()
            return wrong

    def test_each_manager_keeps_to_its_database(self):
        asyncio.run(self.run_all(self.request))
        self.assert_all_written()

    def test_a_request_opens_one_connection_for_each_alias(self):
        asyncio.run(self.run_all(self.read))
        self.assertEqual(set(self.opened.values()), {1})
        self.assertEqual(len(self.opened), WORKERS * len(ALIASES))

    @pytest.mark.mysql
    def test_the_server_counts_two_connections_for_each_request(self):
        self.count = lambda: self.counted.append(server_connections())
        before = idle_connections()
        asyncio.run(self.run_all(self.read))
        self.assertEqual(self.counted, [before + WORKERS * len(ALIASES)])
