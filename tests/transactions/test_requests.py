"""``causeway.atomic()`` in views, under ``ATOMIC_REQUESTS``, and in asynchronous code."""

from unittest.mock import patch

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

import causeway
from tests.library.models import Article
from tests.transactions.cases import SpanningTestCase, write_core, write_local


def covered():
    """With best effort: the tests are for SQLite as well."""
    return causeway.atomic(best_effort=True)


@covered()
def write(request):
    write_core()
    write_local()
    return HttpResponse(Article.objects.count())


def write_and_fail(request):
    write(request)
    write_core("second")
    raise RuntimeError


urlpatterns = [path("write/", write), path("fail/", write_and_fail)]


@override_settings(ROOT_URLCONF=__name__)
class RequestsTests(SpanningTestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(patch.dict(connections["default"].settings_dict, ATOMIC_REQUESTS=True))
        self.client.raise_request_exception = False

    def test_a_view_that_succeeds(self):
        assert self.client.get("/write/").content == b"1"
        self.assert_rows(core=["core"], local=["local"])

    def test_a_view_that_fails(self):
        assert self.client.get("/fail/").status_code == 500
        self.assert_rows()


class AsynchronousTests(SpanningTestCase):
    def test_a_function_in_a_thread(self):
        @covered()
        def write_both(fails):
            write_core()
            write_local()
            if fails:
                raise RuntimeError

        async def calls():
            with pytest.raises(RuntimeError):
                await sync_to_async(write_both)(fails=True)
            await sync_to_async(write_both)(fails=False)

        async_to_sync(calls)()
        self.assert_rows(core=["core"], local=["local"])
