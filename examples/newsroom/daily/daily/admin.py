"""The daily's admin: filters, search and columns that reach from one database into the other."""

from django.contrib import admin
from django.db.models import Avg, Count
from wire.admin import ArticleAdmin
from wire.models import Article

from daily.models import Comment, Rating


class CommentInline(admin.TabularInline):
    model = Comment
    extra = 0


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):
    """Local comments, filtered and searched by the core articles they are about."""

    list_display = ["name", "short_text", "article", "created_at"]
    list_filter = ["created_at", "article__author", "article__tags", "article__place__country"]
    list_select_related = ["article"]
    search_fields = ["name", "text", "article__title", "article__author__name"]
    autocomplete_fields = ["article"]
    date_hierarchy = "created_at"

    @admin.display(description="text")
    def short_text(self, comment):
        return comment.text[:80]


@admin.register(Rating)
class RatingAdmin(admin.ModelAdmin):
    list_display = ["article", "stars"]
    list_filter = ["stars", "article__author"]
    list_select_related = ["article"]
    search_fields = ["article__title"]
    autocomplete_fields = ["article"]


admin.site.unregister(Article)


@admin.register(Article)
class DailyArticleAdmin(ArticleAdmin):
    """Core articles with their local comments: shown, counted, filtered and searched."""

    list_display = [*ArticleAdmin.list_display, "comments_made", "average_rating"]
    list_filter = [*ArticleAdmin.list_filter, "ratings__stars", ("comments", admin.EmptyFieldListFilter)]
    search_fields = [*ArticleAdmin.search_fields, "comments__text"]
    inlines = [CommentInline]

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(comment_count=Count("comments", distinct=True), rating=Avg("ratings__stars"))
        )

    @admin.display(description="comments", ordering="comment_count")
    def comments_made(self, article):
        return article.comment_count

    @admin.display(description="rating", ordering="rating", empty_value="–")
    def average_rating(self, article):
        return article.rating and round(article.rating, 1)
