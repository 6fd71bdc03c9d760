"""A project whose tables, columns and databases have drawn names: in one database, or split into core and child."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from pprint import pformat
from textwrap import dedent
from typing import Any

from tests.names.places import Place

# The core app.
SHELF = """
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.contrib.contenttypes.models import ContentType
    from django.db import models


    class Author(models.Model):
        name = models.CharField(max_length=40, db_column={name!r})

        class Meta:
            db_table = {author!r}
            indexes = [models.Index(fields=["name"], name={index!r})]


    class Tag(models.Model):
        label = models.CharField(max_length=40)

        class Meta:
            db_table = {tag!r}
            constraints = [models.UniqueConstraint(fields=["label"], name={unique!r})]


    class Article(models.Model):
        title = models.CharField(max_length=40, db_column={title!r})
        number = models.IntegerField(null=True)
        author = models.ForeignKey(Author, models.CASCADE, db_column={article_author!r})
        before = models.ForeignKey("self", models.SET_NULL, null=True)
        tags = models.ManyToManyField(Tag, db_table={article_tags!r})

        class Meta:
            db_table = {article!r}


    class Mark(models.Model):
        kind = models.ForeignKey(ContentType, models.CASCADE, db_column={kind!r})
        key = models.IntegerField()
        target = GenericForeignKey("kind", "key")

        class Meta:
            db_table = {mark!r}
"""

# The local app.
DESK = """
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.contrib.contenttypes.models import ContentType
    from django.db import models

    from shelf.models import Article, Tag


    class Comment(models.Model):
        article = models.ForeignKey(
            Article, models.CASCADE, null=True, db_column={comment_article!r}, related_name="comments"
        )
        text = models.CharField(max_length=40, db_column={text!r})
        tags = models.ManyToManyField(Tag, db_table={comment_tags!r})

        class Meta:
            db_table = {comment!r}


    class Story(Article):
        body = models.CharField(max_length=40)

        class Meta:
            db_table = {story!r}


    class Label(models.Model):
        kind = models.ForeignKey(ContentType, models.CASCADE)
        key = models.IntegerField()
        target = GenericForeignKey("kind", "key")

        class Meta:
            db_table = {label!r}
"""

CORE_NAMES = ("author", "tag", "article", "article_tags", "mark", "name", "title", "article_author", "kind")
CORE_TABLES = CORE_NAMES[:5]
LOCAL_NAMES = ("comment", "comment_tags", "story", "label", "text", "comment_article")
LOCAL_TABLES = LOCAL_NAMES[:4]
# They are short, by a rule of Django's.
INDEX_NAMES = ("index", "unique")


def write_apps(folder: Path, names: dict[str, str]) -> None:
    for app, models in (("shelf", SHELF), ("desk", DESK)):
        (folder / app / "migrations").mkdir(parents=True)
        (folder / app / "__init__.py").touch()
        (folder / app / "migrations" / "__init__.py").touch()
        (folder / app / "models.py").write_text(dedent(models).format(**names))


def write_settings(folder: Path, module: str, **settings: Any) -> None:
    found = {
        "SECRET_KEY": "names",
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        **settings,
    }
    lines = [f"{name} = {pformat(value)}" for name, value in found.items()]
    (folder / f"{module}.py").write_text("\n".join(lines) + "\n")


def write_whole(folder: Path, place: Place) -> None:
    """Settings of a project on Django alone, with all its tables in one database."""
    apps = ["django.contrib.contenttypes", "shelf", "desk"]
    write_settings(folder, "whole", INSTALLED_APPS=apps, DATABASES={"default": place.settings()})


def write_cores(folder: Path, places: Iterable[Place]) -> None:
    """Settings of a core project on Django alone that migrates several databases, the last one first."""
    *others, default = places
    databases = {f"another {number}": place.settings() for number, place in enumerate(others)}
    write_settings(
        folder,
        "cores",
        INSTALLED_APPS=["django.contrib.contenttypes", "shelf"],
        DATABASES={"default": default.settings(), **databases},
    )


def write_split(folder: Path, placement: str, alias: str, child: Place, core: Place) -> None:
    """Settings of a child project."""
    databases = {"default": child.settings(), alias: core.settings()}
    for settings in databases.values():
        settings["ENGINE"] = settings["ENGINE"].replace("django.db", "causeway")
    entry: dict[str, Any] = {"MODELS": ["shelf"], "PLACEMENT": placement}
    if placement == "linked" and core.schema:
        entry["SCHEMA"] = core.schema
        databases[alias].pop("OPTIONS")
    write_settings(
        folder,
        placement,
        INSTALLED_APPS=["django.contrib.contenttypes", "causeway", "shelf", "desk"],
        DATABASES=databases,
        DATABASE_ROUTERS=["causeway.routers.CoreRouter"],
        CAUSEWAY={alias: entry},
        PLACES=[tuple(child), tuple(core)],
    )
