from django.urls import include, path
from wire.views import ArticleDetail, ArticleEdit, ArticleList, PlaceMap

urlpatterns = [
    path("", ArticleList.as_view(), name="articles"),
    path("articles/<str:slug>/", ArticleDetail.as_view(), name="article"),
    path("articles/<str:slug>/edit/", ArticleEdit.as_view(), name="edit"),
    path("places/", PlaceMap.as_view(), name="places"),
    path("", include("wire.urls")),
]
