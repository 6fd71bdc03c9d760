"""Settings of the core project.

They are those of any Django project: causeway is neither in INSTALLED_APPS nor the ENGINE. The
project that owns the shared models needs to know nothing about the children.
"""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
REPOSITORY = BASE_DIR.parent.parent.parent

# `demo.py --db mysql` sets NEWSROOM_MYSQL to host:port:name:user:password.
if server := os.environ.get("NEWSROOM_MYSQL"):
    host, port, name, user, password = server.split(":", 4)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.mysql",
            "NAME": f"{name}_wire",
            "HOST": host,
            "PORT": port,
            "USER": user,
            "PASSWORD": password,
        }
    }
# `demo.py --db postgresql` sets NEWSROOM_POSTGRESQL to host:port:name:password.
elif server := os.environ.get("NEWSROOM_POSTGRESQL"):
    host, port, name, password = server.split(":", 3)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "HOST": host,
            "PORT": port,
            "USER": f"{name}_wire",  # whose search path is the schema "core"
            "PASSWORD": password,
        }
    }
else:
    folder = Path(os.environ.get("NEWSROOM_VAR", BASE_DIR.parent / "var"))
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": folder / "wire.sqlite3",
            # The children write to this file too: wait for them rather than fail.
            "OPTIONS": {"timeout": 20},
        }
    }

INSTALLED_APPS = [
    "wire",  # the shared models: the app that the children install as well
    "desk",  # the core project's own
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

ROOT_URLCONF = "wire_project.urls"
STATIC_URL = "static/"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "articles"
LOGOUT_REDIRECT_URL = "articles"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True

# The demo serves on 127.0.0.1 alone; a site that others reach has a key that nobody can read here.
SECRET_KEY = os.environ.get("SECRET_KEY", "the wire, on this machine only")
DEBUG = os.environ.get("DEBUG") == "1"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
# The three sites share a host, and cookies do not tell ports apart.
SESSION_COOKIE_NAME = "wire_session"
CSRF_COOKIE_NAME = "wire_csrf"

# What `import_articles` reads when no path is given: this repository's own documentation.
IMPORT_ARTICLES_FROM = [REPOSITORY / "README.md", REPOSITORY / "docs"]
