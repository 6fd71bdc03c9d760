"""The packages are installed for the tests of this folder alone: no other test asks for them."""

import pytest
from django.test import modify_settings, override_settings

PACKAGES = [
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "import_export",
    "debug_toolbar",
]


@pytest.fixture(scope="package", autouse=True)
def packages():
    with (
        modify_settings(INSTALLED_APPS={"append": PACKAGES}),
        override_settings(ROOT_URLCONF="tests.third_party.urls"),
    ):
        yield
