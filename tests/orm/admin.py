"""A site of its own: what ``admin.site`` shows is other tests' to say."""

from django.contrib import admin

from tests.library.models import Article, Author, Tag
from tests.shop.models import Comment, Rating, Shelf, Story

site = admin.AdminSite(name="newsroom")


class CommentInline(admin.TabularInline):
    model = Comment
    extra = 0


class RatingInline(admin.StackedInline):
    model = Rating


@admin.register(Article, site=site)
class ArticleAdmin(admin.ModelAdmin):
    list_display = ["title", "author", "rating"]
    list_filter = ["author", "tags", "comments__flagged", ("rating", admin.EmptyFieldListFilter)]
    search_fields = ["title", "author__name", "comments__text"]
    list_select_related = ["author", "rating"]
    date_hierarchy = "created_at"
    ordering = ["title"]
    inlines = [CommentInline, RatingInline]
    filter_horizontal = ["tags"]


@admin.register(Comment, site=site)
class CommentAdmin(admin.ModelAdmin):
    list_display = ["text", "article", "author"]
    list_editable = ["article"]
    list_filter = [
        "flagged",
        "article__author",
        "article__tags",
        ("article", admin.RelatedOnlyFieldListFilter),
    ]
    search_fields = ["text", "article__title", "article__author__name"]
    date_hierarchy = "article__created_at"
    autocomplete_fields = ["article"]
    ordering = ["article__title", "text"]

    @admin.display(ordering="article__author__name")
    def author(self, comment):
        return comment.article.author


@admin.register(Story, site=site)
class StoryAdmin(admin.ModelAdmin):
    list_display = ["title", "teaser"]
    list_filter = ["author"]
    search_fields = ["title", "teaser"]


@admin.register(Shelf, site=site)
class ShelfAdmin(admin.ModelAdmin):
    raw_id_fields = ["articles"]


site.register([Author, Tag], admin.ModelAdmin)
