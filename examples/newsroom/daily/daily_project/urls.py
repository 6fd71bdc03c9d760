from daily.views import DailyArticle, DailyDiscussed, DailyList, DailyMap, rate
from django.urls import include, path
from wire.views import ArticleEdit

urlpatterns = [
    path("", DailyList.as_view(), name="articles"),
    path("articles/<str:slug>/", DailyArticle.as_view(), name="article"),
    path("articles/<str:slug>/rate/", rate, name="rate"),
    path("articles/<str:slug>/edit/", ArticleEdit.as_view(), name="edit"),
    path("most-discussed/", DailyDiscussed.as_view(), name="most-discussed"),
    path("places/", DailyMap.as_view(), name="places"),
    path("", include("wire.urls")),
]
