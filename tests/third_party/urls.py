from django.urls import include, path
from rest_framework.routers import DefaultRouter

from tests.third_party import serializers, views
from tests.third_party.admin import site
from tests.third_party.views import rows_of

router = DefaultRouter()
for name, view_set in {
    "articles": views.ArticleViewSet,
    "authors": rows_of(serializers.AuthorSerializer),
    "commented-articles": rows_of(serializers.CommentedArticleSerializer),
    "comments": views.CommentViewSet,
    "contents": rows_of(serializers.ContentSerializer),
    "core-contents": views.CoreContentViewSet,
    "cursor-comments": views.CursorCommentViewSet,
    "deep-comments": views.DeepCommentViewSet,
    "guarded-articles": views.GuardedArticleViewSet,
    "numbered-comments": views.NumberedCommentViewSet,
    "offset-comments": views.OffsetCommentViewSet,
    "places": rows_of(serializers.PlaceSerializer),
    "ratings": rows_of(serializers.RatingSerializer),
    "sections": rows_of(serializers.SectionSerializer),
    "shelves": rows_of(serializers.ShelfSerializer),
    "signings": rows_of(serializers.SigningSerializer),
    "stories": rows_of(serializers.StorySerializer),
    "tags": rows_of(serializers.TagSerializer),
    "visits": rows_of(serializers.VisitSerializer),
}.items():
    router.register(name, view_set, basename=f"api-{name}")

# Hyperlinked serializers look up the names that a router gives by itself.
linked = DefaultRouter()
for name, serializer in {
    "articles": serializers.LinkedArticleSerializer,
    "authors": serializers.AuthorSerializer,
    "comments": serializers.LinkedCommentSerializer,
    "tags": serializers.TagSerializer,
}.items():
    linked.register(name, rows_of(serializer))

urlpatterns = [
    path("exchange/", site.urls),
    path("comments/", views.comment_list),
    path("contents/", views.content_list),
    path("raw/", views.raw_list),
    path("__debug__/", include("debug_toolbar.urls")),
    path("api/", include(router.urls)),
    path("linked/", include(linked.urls)),
]
