"""The spanning queries as a careful developer writes them for two aliases, with Django alone.

Each is written for this question and these rows, which is what makes it quick: the comments say what it
takes for granted. A library cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from daily.models import Comment
from django.db.models import Count
from shapes import PREFIX, SPANNING
from wire.models import Article

PAGE = 20
TOP = 10


def articles_of(keys: Iterable[int]) -> dict[int, Article]:
    return Article.objects.using("core").in_bulk(set(keys))


def filtered_by_core() -> int:
    # The keys go into the statement: few match.
    keys = list(Article.objects.using("core").filter(title__startswith=PREFIX).values_list("pk", flat=True))
    return Comment.objects.filter(article__in=keys).count()


def newest() -> list[tuple[int, str]]:
    comments = list(Comment.objects.order_by("-created_at")[:PAGE])
    articles = articles_of(comment.article_id for comment in comments)
    return [(comment.pk, articles[comment.article_id].title) for comment in comments]


def by_core_title() -> list[str]:
    """Articles in order, a page at a time, until enough comments are found.

    No way is good in general: where few articles have comments, it reads many pages for nothing, and
    where the comments are filtered too, it may read all of them.
    """
    in_order = Article.objects.using("core").order_by("title")
    found: list[str] = []
    start = 0
    while len(found) < PAGE and (page := in_order[start : start + PAGE]):
        titles = {article.pk: article.title for article in page}
        # All comments of the page's articles: a LIMIT could not be by an order that is known in core.
        comments = Comment.objects.filter(article__in=titles)
        found += sorted(titles[comment.article_id] for comment in comments)
        start += PAGE
    return found[:PAGE]


def core_with_flagged() -> list[int]:
    # The keys go into the statement: one comment in a thousand is flagged. DISTINCT would be slow on SQLite,
    # which looks at all comments in the order of their articles for it.
    keys = set(Comment.objects.filter(flagged=True).values_list("article", flat=True))
    return sorted(article.pk for article in Article.objects.using("core").filter(pk__in=keys))


def counted() -> Any:
    return Comment.objects.values_list("article").annotate(number=Count("pk")).order_by("-number", "article")


def top_ten() -> list[tuple[int, int]]:
    # No article without comments can be among them, and no comment is on an article that is gone.
    numbers = dict(counted()[:TOP])
    articles = articles_of(numbers)
    return [(articles[key].pk, number) for key, number in numbers.items()]


def deep_page() -> list[tuple[int, str]]:
    comments = list(Comment.objects.order_by("-created_at")[10_000 : 10_000 + PAGE])
    articles = articles_of(comment.article_id for comment in comments)
    return [(comment.pk, articles[comment.article_id].title) for comment in comments]


def listed() -> list[tuple[int, int]]:
    articles = list(Article.objects.using("core").order_by("-created_at")[:PAGE])
    of_these = Comment.objects.filter(article__in=[article.pk for article in articles])
    numbers = dict(of_these.values_list("article").annotate(number=Count("pk")).order_by())
    return [(article.pk, numbers.get(article.pk, 0)) for article in articles]


def excluded() -> int:
    # The keys go into the statement: few match. No comment is on an article that is gone.
    keys = list(Article.objects.using("core").filter(title__startswith=PREFIX).values_list("pk", flat=True))
    return Comment.objects.filter(flagged=True).exclude(article__in=keys).count()


def top_ten_of_all() -> list[tuple[int, int]]:
    """The same without anything taken for granted: every article is fetched."""
    numbers = dict(counted())
    articles = Article.objects.using("core").order_by("pk")
    ranked = sorted(articles, key=lambda article: (-numbers.get(article.pk, 0), article.pk))
    return [(article.pk, numbers.get(article.pk, 0)) for article in ranked[:TOP]]


IN_ORDER = (filtered_by_core, newest, by_core_title, core_with_flagged, top_ten, deep_page, listed, excluded)
QUERIES: dict[str, Callable[[], Any]] = dict(zip(SPANNING, IN_ORDER, strict=True))
EVERY_ROW: dict[str, Callable[[], Any]] = {list(SPANNING)[IN_ORDER.index(top_ten)]: top_ten_of_all}
