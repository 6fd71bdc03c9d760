"""The layouts of shared accounts, each in projects of its own."""

import pytest

from tests.accounts.newsrooms import LAYOUTS, newsrooms_in


@pytest.fixture(scope="session", params=LAYOUTS)
def newsrooms(request, tmp_path_factory):
    """The projects after each has migrated, for all tests: each finds what those before it left."""
    with newsrooms_in(tmp_path_factory.mktemp("newsrooms"), request.param) as newsrooms:
        for project in (newsrooms.core, newsrooms.daily, newsrooms.weekly):
            project.manage("migrate")
        yield newsrooms


@pytest.fixture(params=LAYOUTS)
def empty_newsrooms(request, tmp_path):
    """The projects before any has migrated, for one test."""
    with newsrooms_in(tmp_path, request.param) as newsrooms:
        yield newsrooms
