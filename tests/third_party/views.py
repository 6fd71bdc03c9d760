"""The views of the API, and pages for the debug toolbar."""

from django.db import connection
from django.db.models import F
from django.http import HttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import filters, pagination, permissions, viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.views import exception_handler

from causeway.exceptions import CoreReadOnly
from tests.library.models import Article, Tag
from tests.shop.models import Comment, Content, Shelf
from tests.third_party import serializers
from tests.third_party.filters import ArticleFilter, CommentFilter


def forbid_writes(exc, context):
    """Answers a write to a core that is read only as a refusal, not as a failure."""
    if isinstance(exc, CoreReadOnly):
        exc = PermissionDenied(str(exc))
    return exception_handler(exc, context)


def rows_of(serializer):
    """The view set of a serializer's model, with nothing of its own."""

    class RowsViewSet(viewsets.ModelViewSet):
        queryset = serializer.Meta.model.objects.order_by("pk")
        serializer_class = serializer

    return RowsViewSet


class ArticleViewSet(viewsets.ModelViewSet):
    queryset = Article.objects.select_related("rating").prefetch_related("tags", "comments").order_by("pk")
    serializer_class = serializers.ArticleSerializer
    filter_backends = [DjangoFilterBackend, filters.SearchFilter, filters.OrderingFilter]
    filterset_class = ArticleFilter
    search_fields = ["title", "^author__name", "comments__text", "=tags__name"]
    ordering_fields = ["title", "author__name", "rating__stars"]


class CommentViewSet(viewsets.ModelViewSet):
    queryset = Comment.objects.order_by("pk")
    serializer_class = serializers.CommentSerializer
    filter_backends = [DjangoFilterBackend, filters.SearchFilter, filters.OrderingFilter]
    filterset_class = CommentFilter
    search_fields = ["text", "article__title", "article__author__name", "=article__tags__name"]
    ordering_fields = ["id", "article__title", "article__author__name"]


class GuardedArticleViewSet(ArticleViewSet):
    permission_classes = [permissions.DjangoModelPermissions]


class DeepCommentViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = (
        Comment.objects.select_related("article__author").prefetch_related("article__tags").order_by("pk")
    )
    serializer_class = serializers.DeepCommentSerializer


class CoreContentViewSet(viewsets.ModelViewSet):
    queryset = Content.contents.order_by("pk")
    serializer_class = serializers.CoreContentSerializer


class ByNumber(pagination.PageNumberPagination):
    page_size = 3


class ByOffset(pagination.LimitOffsetPagination):
    default_limit = 3


class ByCursor(pagination.CursorPagination):
    """By a core column, which several local rows share."""

    page_size = 2
    ordering = ["-published", "pk"]


class NumberedCommentViewSet(CommentViewSet):
    queryset = Comment.objects.order_by("article__title", "pk")
    pagination_class = ByNumber


class OffsetCommentViewSet(NumberedCommentViewSet):
    pagination_class = ByOffset


class CursorCommentViewSet(CommentViewSet):
    queryset = Comment.objects.annotate(published=F("article__created_at"))
    pagination_class = ByCursor
    filter_backends = []


def page(lines):
    return HttpResponse(f"<html><body>{'<br>'.join(lines)}</body></html>")


def comment_list(request):
    """A spanning query, one of core rows alone, and one of local rows alone."""
    comments = Comment.objects.filter(article__author__name="Ada").select_related("article").order_by("pk")
    lines = [f"{comment.article.title}: {comment.text}" for comment in comments]
    lines += [tag.name for tag in Tag.objects.filter(name__startswith="s").iterator()]
    lines += [shelf.name for shelf in Shelf.objects.all()]
    return page(lines)


def content_list(request):
    """A query on each connection."""
    return page([content.title for content in [*Content.objects.all(), *Content.contents.all()]])


def raw_list(request):
    """SQL by hand, which gives a core table its bare name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.title, count(*) FROM shop_comment c JOIN library_article a ON a.id = c.article_id "
            "WHERE a.title = %s GROUP BY a.title",
            ["Bridges"],
        )
        return page([f"{title}: {number}" for title, number in cursor.fetchall()])
