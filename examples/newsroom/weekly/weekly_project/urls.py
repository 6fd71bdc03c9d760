from django.urls import include, path
from weekly.views import (
    EditFeature,
    EditStory,
    FeatureList,
    LettersPage,
    MostLetters,
    NewStory,
    StoryList,
    StoryPage,
    TakeUp,
    WireList,
)
from wire.views import PlaceMap

urlpatterns = [
    path("", FeatureList.as_view(), name="articles"),
    path("articles/<str:slug>/", LettersPage.as_view(), name="article"),
    path("articles/<str:slug>/edit/", EditFeature.as_view(), name="edit"),
    path("wire/", WireList.as_view(), name="wire"),
    path("wire/<str:slug>/take-up/", TakeUp.as_view(), name="take-up"),
    path("stories/", StoryList.as_view(), name="stories"),
    path("stories/new/", NewStory.as_view(), name="new-story"),
    path("stories/<str:origin>/<str:slug>/", StoryPage.as_view(), name="story"),
    path("stories/<str:origin>/<str:slug>/edit/", EditStory.as_view(), name="edit-story"),
    path("most-discussed/", MostLetters.as_view(), name="most-discussed"),
    path("places/", PlaceMap.as_view(), name="places"),
    path("", include("wire.urls")),
]
