"""Settings of the tests that run in the pytest process: a child project and one core.

They need what ``conftest.py`` sets up: the session's engines, servers and folder.
"""

from causeway import sibling
from tests.databases import placement, session_core_databases, session_databases

databases, core_databases = session_databases(), session_core_databases()

DATABASES = {"default": databases.settings("child"), "core": core_databases.settings("core")}
for alias, short, its_databases in [
    ("default", "child", databases),
    ("core", "core", core_databases),
]:
    if its_databases.engine == "sqlite3":
        # In a file, as in a deployment: connections that share memory lock by other rules.
        DATABASES[alias]["TEST"] = {"NAME": its_databases.name(f"test_{short}")}
if placement() == "linked":
    DATABASES["core"] = sibling(DATABASES["default"], NAME=databases.name("core"))
DATABASE_ROUTERS = ["causeway.routers.CoreRouter"]
CAUSEWAY = {"core": {**core_databases.core_entry("core"), "MODELS": ["library", "ledger", "orm.Harbour"]}}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "causeway",
    "tests.library",
    "tests.shop",
    "tests.feed.ledger",
    "tests.orm",
    "tests.managers",
    "tests.state",
    "tests.properties.decoys",
    "tests.properties.split",
    "tests.properties.whole",
]
if core_databases.product == databases.product:
    # Its models name a collation, which another engine does not have.
    INSTALLED_APPS.append("tests.drift")
else:
    INSTALLED_APPS.append("tests.properties.core_whole")
# The apps of the tests have no migrations, and such an app cannot refer to one that has.
MIGRATION_MODULES = dict.fromkeys(["admin", "auth", "contenttypes", "sessions"])
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "tests.urls"
STATIC_URL = "static/"
SECRET_KEY = "of no use outside the tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
# A throwaway server has no table of time zones to convert by.
TIME_ZONE = "UTC"
