"""What is measured: queries that both projects run, written once with the ORM."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from daily.models import Comment, Content
from django.apps import apps
from django.db.models import Count, Exists, F, Manager, OuterRef, QuerySet
from django.db.models.sql import DeleteQuery, InsertQuery, Query, UpdateQuery
from wire.models import Article

PREFIX = "harbour bridge council 1"
MOMENT = datetime(2020, 6, 1, tzinfo=UTC)

# Spanning queries. Each returns plain values, by which the two projects are seen to answer alike.


def filtered_by_core() -> QuerySet:
    return Comment.objects.filter(article__title__startswith=PREFIX)


def newest() -> QuerySet:
    return Comment.objects.select_related("article").order_by("-created_at")[:20]


def by_core_title() -> QuerySet:
    return Comment.objects.select_related("article").order_by("article__title")[:20]


def core_with_flagged() -> QuerySet:
    return Article.objects.filter(pk__in=Comment.objects.filter(flagged=True).values("article"))


def top_ten() -> QuerySet:
    return Article.objects.annotate(number=Count("comments")).order_by("-number", "pk")[:10]


def deep_page() -> QuerySet:
    return Comment.objects.select_related("article").order_by("-created_at")[10_000:10_020]


def listed() -> QuerySet:
    return Article.objects.annotate(number=Count("comments")).order_by("-created_at")[:20]


def excluded() -> QuerySet:
    return Comment.objects.filter(flagged=True).exclude(article__title__startswith=PREFIX)


SPANNING: dict[str, Callable[[], Any]] = {
    "count of local rows filtered by a core column": lambda: filtered_by_core().count(),
    "newest 20 local rows with their core row": lambda: [(c.pk, c.article.title) for c in newest()],
    "first 20 local rows by a core column": lambda: [c.article.title for c in by_core_title()],
    "core rows that have a flagged local row": lambda: sorted(a.pk for a in core_with_flagged()),
    "top ten core rows by local count": lambda: [(a.pk, a.number) for a in top_ten()],
    "20 local rows deep in a list, with their core row": lambda: [
        (c.pk, c.article.title) for c in deep_page()
    ],
    "newest 20 core rows with their local count": lambda: [(a.pk, a.number) for a in listed()],
    "count of flagged local rows but for some core rows": lambda: excluded().count(),
}


# Core rows of a model with rows in both databases.


def on_core(shape: Callable[[Manager | QuerySet], Any]) -> Callable[[], Any]:
    """The shape on ``Content.contents``, or in the stock project on ``Content.objects.using("core")``."""
    if apps.is_installed("causeway"):
        return lambda: shape(Content.contents)
    return lambda: shape(Content.objects.using("core"))


def save(contents: Manager | QuerySet) -> None:
    content = contents.get(pk=1)
    content.created_at = MOMENT
    content.save()


def create(contents: Manager | QuerySet) -> None:
    contents.create(title="new", slug="new", created_at=MOMENT).delete()


MANAGER: dict[str, Callable[[Manager | QuerySet], Any]] = {
    "get by primary key": lambda contents: contents.get(pk=1).title,
    "first 20 by title": lambda contents: [c.title for c in contents.order_by("title")[:20]],
    "5,000 rows": lambda contents: [c.pk for c in contents.order_by("pk")[:5000]],
    "count by prefix": lambda contents: contents.filter(title__startswith=PREFIX).count(),
    "get and save": save,
    "update by slug": lambda contents: contents.filter(slug="none").update(title=F("slug")),
    "create and delete": create,
}


# What is compiled without being run.


def insert(model: type, values: dict[str, Any]) -> Query:
    query = InsertQuery(model)
    row = model(**values)
    query.insert_values([field for field in model._meta.concrete_fields if not field.primary_key], [row])
    return query


def update(queryset: QuerySet, **values: Any) -> Query:
    query = queryset.query.chain(UpdateQuery)
    query.add_update_values(values)
    return query


def delete(queryset: QuerySet) -> Query:
    return queryset.query.chain(DeleteQuery)


def counted(queryset: QuerySet) -> Query:
    query = queryset.query.clone()
    query.add_annotation(Count("*"), alias="count", select=True)
    query.default_cols = False
    return query


COMPILE_LOCAL: dict[str, Callable[[], Query]] = {
    "select, filtered": lambda: Comment.objects.filter(flagged=True, created_at__lt=MOMENT).query,
    "select, joined": lambda: (
        Comment.objects.select_related("reply_to")
        .filter(reply_to__flagged=True)
        .order_by("-created_at")[:20]
        .query
    ),
    "select, grouped": lambda: Comment.objects.annotate(n=Count("replies")).order_by("-n")[:10].query,
    "select, subquery": lambda: (
        Comment.objects.filter(Exists(Comment.objects.filter(reply_to=OuterRef("pk"), flagged=True))).query
    ),
    "insert": lambda: insert(Comment, {"article_id": 1, "created_at": MOMENT, "text": "new"}),
    "insert, of the two managers": lambda: insert(
        Content, {"title": "new", "slug": "new", "created_at": MOMENT}
    ),
    "update": lambda: update(Comment.objects.filter(pk=1), flagged=True, text="new"),
    "delete": lambda: delete(Comment.objects.filter(pk=1)),
}

COMPILE_CORE: dict[str, Callable[[], Query]] = {
    "select a core model": lambda: (
        Article.objects.filter(title__startswith=PREFIX, created_at__lt=MOMENT).query
    ),
    "count filtered by a core column": lambda: counted(filtered_by_core()),
    "newest 20 with their core row": lambda: newest().query,
    "first 20 by a core column": lambda: by_core_title().query,
    "core rows with a flagged local row": lambda: core_with_flagged().query,
    "top ten by local count": lambda: top_ten().query,
    "insert a core model": lambda: insert(Article, {"title": "new", "slug": "new", "created_at": MOMENT}),
    "update a core model": lambda: update(Article.objects.filter(pk=1), title="new"),
    "delete a core model": lambda: delete(Article.objects.filter(pk=1)),
}

GROUPS: dict[str, dict[str, Callable]] = {
    "manager": MANAGER,
    "spanning": SPANNING,
    "compile-local": COMPILE_LOCAL,
    "compile-core": COMPILE_CORE,
}
