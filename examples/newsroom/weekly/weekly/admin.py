"""The weekly's admin: features over both databases, and the stories of either."""

from django.contrib import admin
from wire.admin import ArticleAdmin

from weekly.models import Feature, Letter, Story, WireStory


class LetterInline(admin.TabularInline):
    model = Letter
    extra = 0


@admin.register(Feature)
class FeatureAdmin(ArticleAdmin):
    """Columns, filters and search of core and local fields alike; saving writes to both databases."""

    list_display = ["title", "section", "author", "place", "published_at"]
    list_filter = ["section", *ArticleAdmin.list_filter]
    search_fields = [*ArticleAdmin.search_fields, "teaser", "comments__text"]


@admin.register(Letter)
class LetterAdmin(admin.ModelAdmin):
    list_display = ["name", "article", "created_at"]
    list_filter = ["created_at", "article__feature__section", "article__author"]
    list_select_related = ["article"]
    search_fields = ["name", "text", "article__title", "article__feature__teaser"]
    autocomplete_fields = ["article"]


@admin.register(Story)
class StoryAdmin(admin.ModelAdmin):
    """The weekly's own stories: the default manager's rows."""

    list_display = ["title", "byline", "published_at"]
    list_filter = ["published_at"]
    search_fields = ["title", "summary", "body", "byline"]
    prepopulated_fields = {"slug": ["title"]}


@admin.register(WireStory)
class WireStoryAdmin(StoryAdmin):
    """The stories of the wire's desk. What is changed or deleted here is changed or deleted in core."""

    def get_queryset(self, request):
        return WireStory.contents.all()

    def has_add_permission(self, request):
        return False
