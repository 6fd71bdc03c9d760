"""Settings of a child project, the weekly magazine: core articles with fields of its own, and stories of its own."""

import os
from pathlib import Path

import causeway

BASE_DIR = Path(__file__).resolve().parent.parent

# Every model of the app "wire" lives in the core database. The core project migrates it, not this one.
CAUSEWAY = {"core": {"MODELS": ["wire"]}}

# The project's own database, and the core project's beside it on the same server.
# `demo.py --db mysql` sets NEWSROOM_MYSQL to host:port:name:user:password.
if server := os.environ.get("NEWSROOM_MYSQL"):
    host, port, name, user, password = server.split(":", 4)
    default = {
        "ENGINE": "causeway.backends.mysql",
        "NAME": f"{name}_weekly",
        "HOST": host,
        "PORT": port,
        "USER": user,
        "PASSWORD": password,
    }
    core = causeway.sibling(default, NAME=f"{name}_wire")
# `demo.py --db postgresql` sets NEWSROOM_POSTGRESQL to host:port:name:password.
elif server := os.environ.get("NEWSROOM_POSTGRESQL"):
    host, port, name, password = server.split(":", 3)
    default = {
        "ENGINE": "causeway.backends.postgresql",
        "NAME": name,
        "HOST": host,
        "PORT": port,
        "USER": f"{name}_weekly",  # whose search path is the schema of this project
        "PASSWORD": password,
    }
    # The same database: the core tables are those of a schema.
    core = causeway.sibling(default, NAME=name)
    CAUSEWAY["core"]["SCHEMA"] = "core"
else:
    folder = Path(os.environ.get("NEWSROOM_VAR", BASE_DIR.parent / "var"))
    default = {
        "ENGINE": "causeway.backends.sqlite3",
        "NAME": folder / "weekly.sqlite3",
        # Other projects write to the core file too: wait for them rather than fail.
        "OPTIONS": {"timeout": 20},
    }
    core = causeway.sibling(default, NAME=folder / "wire.sqlite3")

DATABASES = {"default": default, "core": core}
DATABASE_ROUTERS = ["causeway.routers.CoreRouter"]

INSTALLED_APPS = [
    "causeway",
    "weekly",  # before "wire": its templates come first
    "wire",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

ROOT_URLCONF = "weekly_project.urls"
STATIC_URL = "static/"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "articles"
LOGOUT_REDIRECT_URL = "articles"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True

# The demo serves on 127.0.0.1 alone; a site that others reach has a key that nobody can read here.
SECRET_KEY = os.environ.get("SECRET_KEY", "the weekly, on this machine only")
DEBUG = os.environ.get("DEBUG") == "1"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
# The three sites share a host, and cookies do not tell ports apart.
SESSION_COOKIE_NAME = "weekly_session"
CSRF_COOKIE_NAME = "weekly_csrf"
