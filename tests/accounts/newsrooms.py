"""A core project that keeps the accounts, and two children with the admin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.projects import Project, child_project_of, core_project_in

# What is kept in core beside the articles, by layout.
LAYOUTS = {
    "content types in core": ["auth", "contenttypes"],
    "content types of each project's own": ["auth"],
}

# An app of core rows that refer to content types, and are referred to by generic relations.
MARKS = """
    from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
    from django.contrib.contenttypes.models import ContentType
    from django.db import models


    class Mark(models.Model):
        name = models.CharField(max_length=100, unique=True)
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveIntegerField(default=1)
        target = GenericForeignKey()
        about = models.ForeignKey(ContentType, models.SET_NULL, null=True, related_name="+")


    class Film(models.Model):
        title = models.CharField(max_length=100)
        marks = GenericRelation(Mark, related_query_name="film")


    class Photo(models.Model):
        title = models.CharField(max_length=100)
        marks = GenericRelation(Mark, related_query_name="photo")
"""

# The same app in both children.
COMMENTS = """
    from django.conf import settings
    from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
    from django.contrib.contenttypes.models import ContentType
    from django.db import models

    from articles.models import Article
    from marks.models import Mark


    class Comment(models.Model):
        article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
        writer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True)
        text = models.TextField()
        marks = GenericRelation(Mark, related_query_name="comment")


    class Sign(Mark):
        colour = models.CharField(max_length=100)


    class Label(models.Model):
        name = models.CharField(max_length=100)
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveIntegerField()
        target = GenericForeignKey()
"""

LETTERS = """
    from django.db import models


    class Letter(models.Model):
        text = models.TextField()

        class Meta:
            permissions = [("print_letter", "Can print a letter")]
"""

SETTINGS = """
    INSTALLED_APPS = [
        "causeway",
        "django.contrib.admin",
        "django.contrib.messages",
        "django.contrib.sessions",
        *[app for app in INSTALLED_APPS if app != "causeway"],
    ]
    MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    TEMPLATES = [{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }]
    ROOT_URLCONF = "urls"
    STATIC_URL = "static/"
    ALLOWED_HOSTS = ["testserver"]
"""

# Whoever checks a password must know how it was hashed.
HASHERS = 'PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]'

URLS = """
    from django.contrib import admin
    from django.urls import path

    urlpatterns = [path("admin/", admin.site.urls)]
"""

ADMIN = """
    from django.contrib import admin

    from comments.models import Comment

    admin.site.register(Comment)
"""


class Newsrooms(NamedTuple):
    layout: str
    core: Project
    daily: Project
    weekly: Project

    @property
    def children(self) -> tuple[Project, Project]:
        return self.daily, self.weekly

    def count(self, table: str, condition: str = "1 = 1") -> int:
        """The number of rows in a table of core."""
        return self.core.rows(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0]

    def content_types(self, app_label: str) -> list[str]:
        """The names of the models of which core has a content type, twice if there are two."""
        rows = self.core.rows(f"SELECT model FROM django_content_type WHERE app_label = '{app_label}'")
        return sorted(model for (model,) in rows)

    def permissions(self, app_label: str) -> list[str]:
        """The code names of the permissions that core has for the models of an app."""
        rows = self.core.rows(
            "SELECT p.codename FROM auth_permission p "
            "JOIN django_content_type c ON c.id = p.content_type_id "
            f"WHERE c.app_label = '{app_label}'"
        )
        return sorted(codename for (codename,) in rows)


@contextmanager
def newsrooms_in(folder: Path, layout: str) -> Iterator[Newsrooms]:
    """The three projects; nothing is migrated yet, but the migrations are written."""
    with (
        core_project_in(folder) as core,
        child_project_of(core, "daily") as daily,
        child_project_of(core, "weekly") as weekly,
    ):
        core.write_app("marks", MARKS, core.shared)
        for project in (core, daily, weekly):
            project.add_settings(f"INSTALLED_APPS += ['marks']\n{HASHERS}")
        for child in (daily, weekly):
            child.write_app("comments", COMMENTS)
            child.write("comments/admin.py", ADMIN)
            child.write("urls.py", URLS)
            child.add_settings(SETTINGS)
            child.add_settings(f"CAUSEWAY['core']['MODELS'] += {['marks', *LAYOUTS[layout]]!r}")
        weekly.write_app("letters", LETTERS)
        weekly.add_settings("INSTALLED_APPS += ['letters']")
        for project in (core, daily, weekly):
            project.manage("makemigrations", *project.own_apps())
        yield Newsrooms(layout, core, daily, weekly)


def builtin(*models: str) -> list[str]:
    """The code names that Django gives the permissions of models."""
    return sorted(f"{action}_{model}" for model in models for action in ("add", "change", "delete", "view"))
