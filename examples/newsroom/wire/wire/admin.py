from django.contrib import admin, messages
from django.db import IntegrityError
from django.shortcuts import redirect

from wire.models import Article, Author, Place, Tag


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):
    list_display = ["title", "author", "place", "published_at"]
    list_filter = ["published_at", "author", "tags", "markup"]
    list_select_related = ["author", "place"]
    search_fields = ["title", "summary", "body", "author__name", "place__name", "place__country"]
    date_hierarchy = "published_at"
    autocomplete_fields = ["author", "place", "tags"]
    prepopulated_fields = {"slug": ["title"]}

    def delete_view(self, request, *args, **kwargs):
        return self.unless_refused(super().delete_view, request, *args, **kwargs)

    def changelist_view(self, request, *args, **kwargs):
        # The action that deletes what is selected runs here.
        return self.unless_refused(super().changelist_view, request, *args, **kwargs)

    def unless_refused(self, view, request, *args, **kwargs):
        """What the view answers, or a sentence where rows of another project stand in the way."""
        try:
            return view(request, *args, **kwargs)
        except IntegrityError:
            text = "Not deleted: another project has comments or fields of its own for it. Delete them there first."
            self.message_user(request, text, messages.ERROR)
            return redirect(request.path)


@admin.register(Author)
class AuthorAdmin(admin.ModelAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Place)
class PlaceAdmin(admin.ModelAdmin):
    list_display = ["name", "country", "population"]
    list_filter = ["country"]
    search_fields = ["name", "country"]
    ordering = ["-population"]
    show_full_result_count = False


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
